/*
 * The dashboard's page: src/dashboard/web/ to dist/web/ by Vite. Commands of a checkout call `ensureWebBuilt`, which
 * builds when the page is missing or its sources (or the packages of the lock file) changed; `npm run build` calls it
 * too. The build is made beside its place and moved there whole, so two commands at once do no harm.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './ensure-installed.mjs';

const sources = ['src/dashboard/web', 'src/figures', 'src/shared/contracts'];
const target = join(root, 'dist', 'web');
const stamp = join(target, '.sources');

/** A hash of all that the page is made from. */
function sourcesHash() {
  const hash = createHash('sha256');
  const add = (path) =>
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
      .update('\0');
  for (const folder of sources) {
    const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
    const paths = files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
    for (const path of paths.sort()) add(path);
  }
  add('package-lock.json');
  add('scripts/build-web.mjs');
  return hash.digest('hex');
}

/** Builds the page unless it is there and new. */
export async function ensureWebBuilt(say) {
  const hash = sourcesHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  say('building the page of the dashboard');
  const { build } = await import('vite');
  const folder = mkdtempSync(join(root, 'node_modules', '.web-'));
  try {
    await build({
      root: join(root, 'src', 'dashboard', 'web'),
      configFile: false,
      envDir: false,
      publicDir: false,
      logLevel: 'warn',
      cacheDir: join(root, 'node_modules', '.cache', 'vite'),
      oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: 'es2023',
        modulePreload: { polyfill: false },
        assetsInlineLimit: 0,
        reportCompressedSize: false,
      },
    });
    writeFileSync(join(folder, '.sources'), hash);
    // A temporary folder is its owner's alone; the page is served by whoever runs marinade, in a container another user.
    chmodSync(folder, 0o755);
    rmSync(target, { recursive: true, force: true });
    mkdirSync(join(root, 'dist'), { recursive: true });
    renameSync(folder, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await ensureWebBuilt((text) => process.stderr.write(`${text}\n`));
