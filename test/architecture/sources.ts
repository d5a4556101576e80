/** The repository's own files as text, for tests that read code instead of running it. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** From the root of the repository, with forward slashes: `src/shared/errors.ts`. */
  readonly path: string;
  readonly text: string;
}

/** The TypeScript and plain JavaScript of these folders, generated files left out. */
export function sourcesIn(...folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
      .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
      .filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !/\.generated\.ts$|\/node_modules\//.test(path))
      .sort()
      .map((path) => ({ path, text: readFileSync(`${root}/${path}`, 'utf8') })),
  );
}

export function textOf(path: string): string {
  return readFileSync(`${root}/${path}`, 'utf8');
}

const commentOrString = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

const isComment = (token: string): boolean => token.startsWith('/*') || token.startsWith('//');

export function withoutComments(text: string): string {
  return text.replace(commentOrString, (token) => (isComment(token) ? ' ' : token));
}

/** Only what is executed: neither comments nor the contents of strings. */
export function codeOnly(text: string): string {
  return text.replace(commentOrString, (token) => (isComment(token) ? ' ' : "''"));
}
