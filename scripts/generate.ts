/**
 * `npm run generate`: writes what follows from the definitions in src (reference pages, the schema of studies).
 * With `--check` it writes nothing and fails when a file is not what would be written.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { schemaText } from '../src/cli/study-schema.ts';
import { commandsPage } from './reference/commands.ts';
import { configPage } from './reference/config.ts';
import { errorsPage } from './reference/errors.ts';
import { strategiesPage } from './reference/strategies.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const schema = await schemaText([]);
const files: Readonly<Record<string, string>> = {
  'docs/reference/commands.md': commandsPage(),
  'docs/reference/config.md': configPage(JSON.parse(schema)),
  'docs/reference/errors.md': errorsPage(),
  'docs/reference/strategies.md': strategiesPage(),
  'schema/study.schema.json': `${schema}\n`,
};

function contents(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const stale = Object.entries(files).filter(([path, text]) => contents(path) !== text);
if (process.argv.includes('--check')) {
  for (const [path] of stale) process.stderr.write(`${path} does not follow from the definitions any more; run \`npm run generate\`\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    process.stdout.write(`${path}\n`);
  }
}
