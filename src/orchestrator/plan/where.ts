/**
 * The `where` language: a small parsed grammar over the resolved experiment, never `eval`.
 *
 *   or    := and ('or' and)*            comparison := sum (('<'|'<='|'>'|'>='|'=='|'!='|'in') sum)?
 *   and   := not ('and' not)*           sum        := term (('+'|'-') term)*
 *   not   := 'not' not | comparison     term       := factor (('*'|'/'|'%') factor)*
 *   factor := number | 'text' | true | false | null | path | '(' or ')' | '[' or, ... ']' | '-' factor
 *
 * A path that the experiment does not have is null; arithmetic on what is not a number is an error. Errors carry the
 * column within the condition; where that stands in the file is the reader's business.
 */
import { MarinadeError } from '../../shared/errors.ts';
import type { Problem } from './source-text.ts';

type Value = number | string | boolean | null | readonly Value[];
type Lookup = (path: string) => unknown;

/** A part of the condition; what it is when it is a path or a text alone. */
interface Part {
  readonly value: (lookup: Lookup) => Value;
  readonly path?: string;
  readonly texts?: readonly Said[];
}

/** A word of the condition and its column, from 0. */
interface Said {
  readonly text: string;
  readonly at: number;
}

export interface Condition {
  /** Whether it holds for one experiment. */
  holds(lookup: Lookup): boolean;
  /** The paths it speaks of. */
  readonly paths: readonly Said[];
  /** Texts that a path is compared with. */
  readonly compared: readonly (Said & { readonly path: string })[];
}

interface Token extends Said {
  readonly kind: 'number' | 'text' | 'word' | 'sign' | 'end';
}

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|'([^']*)'|"([^"]*)"|([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_0-9]+)*)|(<=|>=|==|!=|[<>+\-*/%()[\],]))/y;
const MAX_LENGTH = 4000;
const MAX_DEPTH = 100;

/** How other languages write what is written differently here. */
const SPELLINGS: readonly (readonly [pattern: RegExp, ours?: string])[] = [
  [/^=</, '<='],
  [/^=>/, '>='],
  [/^=/, '=='],
  [/^&&?/, 'and'],
  [/^\|\|?/, 'or'],
  [/^!/, 'not'],
  [/^(AND|OR|NOT|IN)\b/],
];

function fail(at: number, message: string): never {
  throw new MarinadeError('MARINADE_CONFIG_INVALID', message, { column: at + 1 });
}

/** Fails where the rest of a condition cannot go on. */
function unexpected(at: number, rest: string, otherwise: string): never {
  for (const [pattern, ours] of SPELLINGS) {
    const written = pattern.exec(rest)?.[0];
    if (written !== undefined && written !== ours) fail(at, `'${written}' is written '${ours ?? written.toLowerCase()}' here`);
  }
  fail(at, /^['"]/.test(rest) ? `the text that begins with ${rest[0]} does not end` : otherwise);
}

function tokenize(text: string): Token[] {
  if (text.length > MAX_LENGTH) fail(0, `expected at most ${MAX_LENGTH} characters; got ${text.length}`);
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) {
      const rest = text.slice(at).trimStart();
      unexpected(text.length - rest.length, rest, `unexpected '${rest[0]}'`);
    }
    const [whole, number, single, double, word, sign] = match;
    const start = at + whole.length - whole.trimStart().length;
    if (number !== undefined) tokens.push({ kind: 'number', text: number, at: start });
    else if (single !== undefined || double !== undefined) tokens.push({ kind: 'text', text: (single ?? double)!, at: start });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, at: start });
    else tokens.push({ kind: 'sign', text: sign!, at: start });
    at += whole.length;
  }
  tokens.push({ kind: 'end', text: 'the end', at: text.length });
  return tokens;
}

/** Parses a condition. */
export function parseWhere(text: string): Condition {
  const tokens = tokenize(text);
  const paths: Said[] = [];
  const compared: (Said & { readonly path: string })[] = [];
  let position = 0;
  let depth = 0;
  const peek = (): Token => tokens[position]!;
  const take = (...texts: string[]): Token | undefined => {
    const token = peek();
    return (token.kind === 'sign' || token.kind === 'word') && texts.includes(token.text) ? tokens[position++] : undefined;
  };
  const stop = (token: Token, expected: string): never =>
    unexpected(token.at, text.slice(token.at), `expected ${expected}; got ${token.text}`);
  const number = (value: Value, at: number, part: Part): number =>
    typeof value === 'number' ? value : fail(at, unfit(value, part, 'a number'));
  const boolean = (value: Value, at: number, part: Part): boolean =>
    typeof value === 'boolean' ? value : fail(at, unfit(value, part, 'true or false'));

  const chain = (next: () => Part, signs: readonly string[], combine: (sign: Token, a: Part, b: Part) => Part): Part => {
    let left = next();
    for (let token = take(...signs); token !== undefined; token = take(...signs)) left = combine(token, left, next());
    return left;
  };
  const or = (): Part =>
    chain(and, ['or'], ({ at }, a, b) => ({ value: (lookup) => boolean(a.value(lookup), at, a) || boolean(b.value(lookup), at, b) }));
  const and = (): Part =>
    chain(not, ['and'], ({ at }, a, b) => ({ value: (lookup) => boolean(a.value(lookup), at, a) && boolean(b.value(lookup), at, b) }));
  const not = (): Part => {
    const token = take('not');
    if (token === undefined) return comparison();
    const inner = nested(not);
    return { value: (lookup) => !boolean(inner.value(lookup), token.at, inner) };
  };
  const comparison = (): Part => {
    const left = sum();
    const token = take('<', '<=', '>', '>=', '==', '!=', 'in');
    if (token === undefined) return left;
    const right = sum();
    for (const [one, other] of [
      [left, right],
      [right, left],
    ] as const) {
      if (one.path !== undefined) compared.push(...(other.texts ?? []).map((said) => ({ ...said, path: one.path! })));
    }
    return { value: (lookup) => compare(token, left, right, lookup) };
  };
  const compare = ({ text: sign, at }: Token, left: Part, right: Part, lookup: Lookup): boolean => {
    const [a, b] = [left.value(lookup), right.value(lookup)];
    if (sign === '==') return JSON.stringify(a) === JSON.stringify(b);
    if (sign === '!=') return JSON.stringify(a) !== JSON.stringify(b);
    if (sign === 'in') {
      return Array.isArray(b)
        ? b.some((item) => JSON.stringify(item) === JSON.stringify(a))
        : fail(at, `expected a list after in, such as ['none', 'bit-flip']; got ${JSON.stringify(b)}`);
    }
    const [x, y] = [number(a, at, left), number(b, at, right)];
    return sign === '<' ? x < y : sign === '<=' ? x <= y : sign === '>' ? x > y : x >= y;
  };
  const arithmetic = ({ text: sign, at }: Token, a: Part, b: Part): Part => ({
    value: (lookup) => {
      const [x, y] = [number(a.value(lookup), at, a), number(b.value(lookup), at, b)];
      return sign === '+' ? x + y : sign === '-' ? x - y : sign === '*' ? x * y : sign === '/' ? x / y : x % y;
    },
  });
  const sum = (): Part => chain(term, ['+', '-'], arithmetic);
  const term = (): Part => chain(factor, ['*', '/', '%'], arithmetic);
  const nested = (parse: () => Part): Part => {
    if (++depth > MAX_DEPTH) fail(peek().at, `nested more than ${MAX_DEPTH} deep`);
    const result = parse();
    depth--;
    return result;
  };
  const factor = (): Part => {
    const token = peek();
    position++;
    if (token.kind === 'number') return { value: () => Number(token.text) };
    if (token.kind === 'text') return { value: () => token.text, texts: [token] };
    if (token.kind === 'word') {
      if (token.text === 'true' || token.text === 'false') return { value: () => token.text === 'true' };
      if (token.text === 'null') return { value: () => null };
      if (!['and', 'or', 'not', 'in'].includes(token.text)) {
        paths.push(token);
        return { value: (lookup) => (lookup(token.text) ?? null) as Value, path: token.text };
      }
    }
    if (token.text === '-' && token.kind === 'sign') {
      const inner = nested(factor);
      return { value: (lookup) => -number(inner.value(lookup), token.at, inner) };
    }
    if (token.text === '(' && token.kind === 'sign') {
      const inner = nested(or);
      if (take(')') === undefined) stop(peek(), "')'");
      return inner;
    }
    if (token.text === '[' && token.kind === 'sign') {
      if (take(']') !== undefined) return { value: () => [] };
      const items: Part[] = [];
      do items.push(nested(or));
      while (take(',') !== undefined);
      if (take(']') === undefined) stop(peek(), "']'");
      return { value: (lookup) => items.map((item) => item.value(lookup)), texts: items.flatMap(({ texts = [] }) => texts) };
    }
    return stop(token, "a number, a text, a path or '('");
  };

  const condition = or();
  if (peek().kind !== 'end') stop(peek(), 'the end');
  return { holds: (lookup) => boolean(condition.value(lookup), 0, condition), paths, compared };
}

/** What is wrong with a value, by the name of the path it came from. */
function unfit(value: Value, { path }: Part, expected: string): string {
  if (path !== undefined && value === null)
    return `${path} is not set, so it is no ${expected.replace(/^an? /, '')}; say \`${path} != null and ...\` before`;
  return `expected ${expected}; got ${JSON.stringify(value)}${path === undefined ? '' : ` for ${path}`}`;
}

/** A problem of a condition at its character `at`; where the file does not have the condition as it is read (folded, escaped), the column is told. */
export function whereProblem(message: string, at: number, condition: string, file: string): Problem {
  const place = file.includes(condition) ? '' : ` (character ${at + 1} of the condition)`;
  return { path: ['where'], message: `where: ${message}${place}`, within: at };
}

/** What `parseWhere` or a condition has thrown, as a problem. */
export function whereFailure(thrown: unknown, condition: string, file: string): Problem {
  if (!(thrown instanceof MarinadeError)) throw thrown;
  return whereProblem(thrown.text, Number(thrown.details['column']) - 1, condition, file);
}
