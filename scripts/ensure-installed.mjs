/*
 * Installs the packages of the lock file when they are not there. Plain JavaScript for Node 20: on a fresh clone this
 * is what runs first, under whatever Node the machine has.
 *
 * "There" means: npm finished its last installation (it writes node_modules/.package-lock.json at the end), every
 * package of the lock file that this machine needs is in that record with the same content, and its folder exists.
 * Packages beyond the lock file are left alone.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');

/** Errors of a registry that cannot be reached, as opposed to one that answers. */
const unreachable = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|FETCH_ERROR)\b/;

/** The environment of a tool: the pinned Node and the installed tools come first, as under `npm run`. */
export function toolEnvironment() {
  return { ...process.env, PATH: [bin, ...systemPath()].join(delimiter) };
}

function systemPath() {
  return (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== bin);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const fits = (allowed, value) => {
  const list = allowed === undefined ? [] : [allowed].flat();
  return list.length === 0 || (!list.includes(`!${value}`) && (list.includes(value) || list.every((entry) => entry.startsWith('!'))));
};

/** Why the installed packages are not those of the lock file; undefined when they are. */
export function whatIsMissing(folder = root) {
  const lock = readJson(join(folder, 'package-lock.json'));
  if (lock === undefined) throw new Error(`${join(folder, 'package-lock.json')} is missing or damaged; take it from the repository again`);
  const pinned = new Set(Object.keys(lock.packages['tools/node']?.optionalDependencies ?? {}).map((name) => `node_modules/${name}`));
  const installed = readJson(join(folder, 'node_modules', '.package-lock.json'))?.packages;
  if (installed === undefined) return 'no packages are installed';
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (!path.startsWith('node_modules/') || wanted.link) continue;
    if (!fits(wanted.os, process.platform) || !fits(wanted.cpu, process.arch)) continue;
    const found = installed[path];
    // npm leaves an optional package out when it does not fit in a way this check does not know (the C library).
    if (found === undefined && (wanted.optional || wanted.devOptional) && !pinned.has(path)) continue;
    if (found === undefined) return `${path} is not installed`;
    if (found.version !== wanted.version || found.integrity !== wanted.integrity) return `${path} is not version ${wanted.version}`;
    if (!existsSync(join(folder, path, 'package.json'))) return `${path} is gone`;
  }
  return undefined;
}

/** `npm ci`, with npm on the machine's own Node: the pinned one lies in the folder that npm replaces. */
function install() {
  return new Promise((resolve, reject) => {
    const npm = spawn('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      env: { ...process.env, PATH: systemPath().join(delimiter) },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let said = '';
    npm.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(-20_000);
      process.stderr.write(chunk);
    });
    npm.on('error', (error) => reject(new Error(`npm cannot be started (${error.code}); install npm, which comes with Node`)));
    npm.on('close', (code, signal) => {
      if (code === 0) return resolve();
      const network = unreachable.exec(said)?.[0];
      reject(
        new Error(
          network === undefined
            ? `npm ci ended with ${signal ?? `status ${code}`}; what it says is above`
            : `the package registry cannot be reached (${network}). The first start needs the network, or npm's cache from an earlier\n` +
                'installation. Check the connection and the proxy and registry settings of npm (npm config list), then try again',
        ),
      );
    });
  });
}

/** Installs what is missing; returns at once when nothing is. */
export async function ensureInstalled() {
  const reason = whatIsMissing();
  if (reason === undefined) return;
  process.stderr.write(`installing the packages of the lock file (${reason}); this takes about a minute the first time\n`);
  await install();
  const still = whatIsMissing();
  if (still !== undefined) throw new Error(`npm ci succeeded, but ${still}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await ensureInstalled();
  } catch (error) {
    process.stderr.write(`marinade cannot be set up: ${error.message}\n`);
    process.exitCode = 1;
  }
}
