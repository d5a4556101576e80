/*
 * `npm run build`: dist/ from src/, JavaScript beside its declarations, since Node refuses TypeScript under
 * node_modules. What else the package needs (assets, studies) is packed where it lies: dist/ is as deep as src/, so the
 * same relative addresses hold.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, root, toolEnvironment } from './ensure-installed.mjs';

try {
  await ensureInstalled();
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const { status, error } = spawnSync('tsc', ['--project', 'tsconfig.build.json'], {
    cwd: root,
    env: toolEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error('tsc found the errors above');
} catch (error) {
  process.stderr.write(`marinade cannot be built: ${error.message}\n`);
  process.exitCode = 1;
}
