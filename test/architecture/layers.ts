/** The rule of the layers, and how a breach of it is found in import lines. */
import { dirname, join } from 'node:path/posix';
import { codeOnly, type SourceFile, withoutComments } from './sources.ts';

/** A file may import from its own layer and from these: imports go only toward `shared`. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  algorithm: ['shared'],
  worker: ['shared', 'algorithm'],
  figures: ['shared'],
  orchestrator: ['shared', 'algorithm', 'figures'],
  dashboard: ['shared', 'figures'],
  cli: ['shared', 'algorithm', 'worker', 'figures', 'orchestrator', 'dashboard'],
  /** Files directly in src: the public library. */
  library: ['shared', 'algorithm', 'worker', 'orchestrator'],
};

/** What the pure layer must not use: its numbers depend on an experiment alone, on every machine to the last bit. */
const impure = new RegExp(
  [
    String.raw`\b(?:Date|Promise|performance|setTimeout|setInterval|setImmediate|queueMicrotask|console|process|globalThis|fetch|WeakRef|Intl)\b`,
    String.raw`\b(?:async|await)\b`,
    String.raw`\bMath\.(?:random|a?sinh?|a?cosh?|a?tanh?|atan2|exp|expm1|log|log1p|log2|log10|pow|cbrt|hypot)\b`,
  ].join('|'),
  'g',
);

function layerOf(path: string): string | undefined {
  const [top, layer, ...rest] = path.split('/');
  if (top !== 'src' || layer === undefined) return undefined;
  return rest.length === 0 ? 'library' : layer;
}

/** Everything a file imports, by any of the ways to write it. */
export function importsOf(text: string): string[] {
  const ways = /\b(?:from|import)\s*\(?\s*['"`]([^'"`]+)['"`]|\bnew URL\(\s*['"`]([^'"`]+)['"`]\s*,\s*import\.meta\.url/g;
  return [...withoutComments(text).matchAll(ways)].map(([, imported, located]) => (imported ?? located)!);
}

/** Every breach of the layers, as `file: what`. */
export function breaches(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const layer = layerOf(path);
    if (layer === undefined) return [];
    const allowed = mayImport[layer];
    if (allowed === undefined) return [`${path}: no layer is called ${layer}`];
    const found: string[] = [];
    for (const imported of importsOf(text)) {
      const target = imported.startsWith('.') ? join(dirname(path), imported) : undefined;
      const other = target === undefined ? undefined : layerOf(target);
      if (target?.startsWith('src/') && other !== layer && !(other !== undefined && allowed.includes(other))) {
        found.push(`${path}: ${layer} imports ${target}`);
      }
      if (target !== undefined && /^(?:test|bench|scripts)\//.test(target)) found.push(`${path}: ${layer} imports ${target}`);
      if (layer === 'algorithm' && target === undefined && imported !== 'zod') found.push(`${path}: algorithm imports ${imported}`);
      if (layer === 'shared' && target === undefined && imported !== 'zod' && !imported.startsWith('node:')) {
        found.push(`${path}: shared imports ${imported}`);
      }
    }
    if (layer === 'algorithm') found.push(...[...codeOnly(text).matchAll(impure)].map(([use]) => `${path}: algorithm uses ${use}`));
    return found;
  });
}
