/**
 * A study's text with its positions: parsed YAML as plain data, and for any path the line and column it stands at.
 *
 * Parsing is strict: warnings are errors, duplicate keys are errors, anchors may not explode, the size is bounded.
 */
import { isCollection, isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { type ErrorCode, MarinadeError } from '../../shared/errors.ts';
import { printable } from '../../shared/printable.ts';

export type Path = readonly (string | number)[];

export interface Problem {
  readonly path: Path;
  readonly message: string;
  /** Points at the key rather than at its value. */
  readonly atKey?: string;
  /** Points at this character of the text that is the value. */
  readonly within?: number;
}

export interface SourceText {
  readonly file: string;
  readonly data: unknown;
  /** An error that shows `file:line:column`, the line and a caret for each problem, in the order of the file. */
  error(problems: readonly Problem[], code?: ErrorCode): MarinadeError;
}

const MAX_BYTES = 1_000_000;
const MAX_DEPTH = 64;
const MAX_ALIASES = 1000;
const SHOWN = 20;
/** Problems that are put into words and whose places are looked up, which takes time for each. */
export const PLACED = 200;
const TOO_DEEP = `nested more than ${MAX_DEPTH} deep`;
const STRICT = { prettyErrors: false, uniqueKeys: false, stringKeys: true } as const;
/** Characters of a source line that an error shows. */
const WINDOW = 120;

/** @throws MARINADE_CONFIG_INVALID with file:line:column */
export function parseSource(text: string, file: string): SourceText {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new MarinadeError(
      'MARINADE_CONFIG_INVALID',
      `${file}:1:1: a study has at most ${MAX_BYTES} bytes; this one has ${Buffer.byteLength(text)}`,
    );
  }
  const lineCounter = new LineCounter();
  const lines = text.split(/\r?\n/);
  const show = (offset: number, message: string): string => {
    const { line, col } = lineCounter.linePos(offset);
    const column = Math.max(0, col - 1);
    // A long line is shown around the place.
    const from = column < WINDOW ? 0 : column - WINDOW / 2;
    const source = printable((lines[Math.max(0, line - 1)] ?? '').slice(from, from + WINDOW));
    return `${file}:${Math.max(1, line)}:${column + 1}: ${printable(message)}\n    ${source}\n    ${' '.repeat(column - from)}^`;
  };
  const fail = (
    entries: readonly { offset: number; message: string }[],
    code: ErrorCode = 'MARINADE_CONFIG_INVALID',
    count = entries.length,
  ): MarinadeError => {
    const sorted = [...entries].sort((a, b) => a.offset - b.offset);
    const more = count > SHOWN ? `\n(and ${count - SHOWN} more)` : '';
    return new MarinadeError(
      code,
      sorted
        .slice(0, SHOWN)
        .map(({ offset, message }) => show(offset, message))
        .join('\n') + more,
      {
        file,
        problems: count,
      },
    );
  };

  let document: ReturnType<typeof parseDocument>;
  try {
    document = parseDocument(text, { ...STRICT, lineCounter });
  } catch (cause) {
    // The parser's stack is the limit for nesting.
    lineCounter.addNewLine(0);
    throw new MarinadeError(
      'MARINADE_CONFIG_INVALID',
      `${file}:1:1: ${cause instanceof RangeError ? TOO_DEEP : `the YAML cannot be parsed: ${String(cause)}`}`,
    );
  }
  const complaints = [...document.errors, ...document.warnings].map(({ pos, message }) => ({ offset: pos[0], message }));
  const overflow = complaints.find(({ message }) => message.includes('call stack'));
  if (overflow !== undefined) throw fail([{ ...overflow, message: TOO_DEEP }]);
  if (complaints.length > 0) throw fail(complaints);
  let tooDeep: number | undefined;
  let aliases = 0;
  const refused: { offset: number; message: string }[] = [];
  visit(document, {
    // The parser's own check of keys takes quadratic time.
    Map(_key, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const offset = key.range?.[0] ?? 0;
        // Libraries that copy objects lose such a key without a word.
        if (name === '__proto__') refused.push({ offset, message: "unknown key '__proto__'" });
        if (seen.has(name)) refused.push({ offset, message: `the key '${name}' stands here twice` });
        seen.add(name);
      }
    },
    Node(_key, node, ancestors) {
      if (ancestors.length > MAX_DEPTH && ancestors.filter(isCollection).length > MAX_DEPTH) {
        tooDeep = node.range?.[0] ?? 0;
        return visit.BREAK;
      }
      return undefined;
    },
    Alias(_key, node, ancestors) {
      aliases++;
      if (ancestors.some((ancestor) => isNode(ancestor) && 'anchor' in ancestor && ancestor.anchor === node.source))
        refused.push({ offset: node.range?.[0] ?? 0, message: `*${node.source} stands inside what it stands for` });
    },
  });
  if (tooDeep !== undefined) throw fail([{ offset: tooDeep, message: TOO_DEEP }]);
  if (refused.length > 0) throw fail(refused);
  if (aliases > MAX_ALIASES) throw fail([{ offset: 0, message: `more than ${MAX_ALIASES} aliases` }]);

  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw fail([{ offset: 0, message: cause instanceof Error ? cause.message : String(cause) }]);
  }
  return {
    file,
    data,
    error(problems, code) {
      // Parsed once more, as a document is many times its text and most studies are right.
      const root = parseDocument(text, STRICT).contents as Node | null;
      const placed = problems.slice(0, PLACED).map((problem) => ({ offset: offsetOf(root, problem, text), message: problem.message }));
      return fail(placed, code, problems.length);
    },
  };
}

/** Where a path stands: the deepest node of it that exists, or the key asked for. */
function offsetOf(root: Node | null, { path, atKey, within }: Problem, text: string): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const step of path) {
    const next: unknown = isMap(node)
      ? node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step))
      : undefined;
    if (next !== undefined && isPair(next)) {
      offset = ((next.value ?? next.key) as Node | null)?.range?.[0] ?? offset;
      node = next.value;
    } else if (isSeq(node) && typeof step === 'number' && node.items[step] !== undefined) {
      node = node.items[step];
      offset = (node as Node).range?.[0] ?? offset;
    } else break;
  }
  if (atKey !== undefined && isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === atKey);
    if (pair !== undefined) return (pair.key as Node).range?.[0] ?? offset;
  }
  if (within !== undefined && isScalar(node) && node.range) {
    // Where the text is written as it is: between quotes or not, neither folded nor escaped.
    const at = text.slice(node.range[0], node.range[1]).indexOf(String(node.value));
    if (at >= 0) return node.range[0] + at + within;
  }
  return offset;
}
