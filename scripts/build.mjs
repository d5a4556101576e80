/*
 * `npm run build`: dist/ from src/. Modules are bundled, as a start loads hundreds of them otherwise: entries stay where
 * their sources were, what they share is in files named by its content. The libraries every start needs go in as well,
 * with their licences beside them; the others are dependencies of the package. Declarations lie beside the entries, and
 * the dashboard's page in dist/web/.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, root, toolEnvironment } from './ensure-installed.mjs';

const entries = [
  'index',
  'cli/main',
  'orchestrator/ledger/ledger-thread',
  'shared/program',
  'worker/isolated-entry',
  'worker/thread-entry',
];
const bundledLibraries = ['commander', 'simple-statistics', 'yaml', 'zod'];

function libraryOf(id) {
  return /^(@[^/]+\/[^/]+|[^./][^/]*)/.exec(id)?.[0];
}

async function bundle() {
  const { rolldown } = await import('rolldown');
  const build = await rolldown({
    cwd: root,
    platform: 'node',
    input: Object.fromEntries(entries.map((entry) => [entry, join('src', `${entry}.ts`)])),
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && !bundledLibraries.includes(libraryOf(id)),
  });
  await build.write({ dir: join(root, 'dist'), format: 'esm', chunkFileNames: 'chunks/[name]-[hash].js' });
  await build.close();
}

function declarations() {
  const { status, error } = spawnSync('tsc', ['--project', 'tsconfig.build.json'], {
    cwd: root,
    env: toolEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error('tsc found the errors above');
}

function licences() {
  const texts = bundledLibraries.map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined || !existsSync(join(folder, file))) throw new Error(`${name} says nothing of its licence`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  writeFileSync(join(root, 'dist', 'LICENCES-OF-LIBRARIES'), texts.join(`\n${'-'.repeat(80)}\n\n`));
}

try {
  await ensureInstalled();
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  declarations();
  await bundle();
  licences();
  const { ensureWebBuilt } = await import('./build-web.mjs');
  await ensureWebBuilt(() => {});
} catch (error) {
  process.stderr.write(`marinade cannot be built: ${error.message}\n`);
  process.exitCode = 1;
}
