/** What a reader of README.md copies out of it. */
import { readFileSync } from 'node:fs';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The code blocks of a language, in the order in which they stand. */
export function blocksOf(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, block]) => block!);
}

/** The program of the given file name, which its first line says; importing from `from` in place of the package. */
export function programOf(file: string, from = 'marinade'): string {
  const found = blocksOf('ts').find((block) => block.startsWith(`// ${file}\n`));
  if (found === undefined) throw new Error(`README.md has no block that begins with // ${file}`);
  return found.replace(`from 'marinade'`, `from '${from}'`);
}
