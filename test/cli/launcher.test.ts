/**
 * The launcher under an old Node: the pinned Node runs the command line as a child, and the two behave as one process.
 * A stand-in for the command line tells what reaches it; the launcher and the link are the real files.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { oldNode } from '../support/old-node.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Ends as its first argument says, or waits and prints every signal it gets. */
const standIn = `
import { watchLauncher } from './launcher-link.ts';
watchLauncher();
const [how, what] = process.argv.slice(2);
if (how === 'exit') process.exit(Number(what));
if (how === 'die') process.kill(process.pid, what);
if (how === 'echo') process.stdin.pipe(process.stdout);
if (how === 'wait') {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.stdout.write(signal + '\\n'));
  process.stdout.write('pid ' + process.pid + ' node ' + process.versions.node + '\\n');
  setInterval(() => {}, 1000);
}
`;

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** T is stopped, S sleeps; the state stands after the command's closing parenthesis. */
const stateOf = (pid: number): string | undefined => /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

async function eventually(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function layOut(checkout: string): void {
  mkdirSync(join(checkout, 'bin'));
  mkdirSync(join(checkout, 'src', 'cli'), { recursive: true });
  copyFileSync(join(root, 'bin', 'marinade.mjs'), join(checkout, 'bin', 'marinade.mjs'));
  copyFileSync(join(root, 'src', 'cli', 'launcher-link.ts'), join(checkout, 'src', 'cli', 'launcher-link.ts'));
  writeFileSync(join(checkout, 'src', 'cli', 'main.ts'), standIn);
  writeFileSync(join(checkout, 'package.json'), '{ "type": "module" }');
}

describe.skipIf(oldNode === undefined)('the launcher under an old Node', () => {
  let checkout = '';
  let launched: ChildProcess | undefined;
  let childPid = 0;
  let output = '';

  beforeAll(() => {
    checkout = mkdtempSync(join(tmpdir(), 'marinade-launcher-'));
    layOut(checkout);
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  });
  afterAll(() => rmSync(checkout, { recursive: true, force: true }));
  afterEach(() => {
    for (const pid of [launched?.pid ?? 0, childPid]) if (pid > 0 && exists(pid)) process.kill(pid, 'SIGKILL');
    childPid = 0;
  });

  const runToEnd = (...parameters: string[]) =>
    spawnSync(oldNode!, [join(checkout, 'bin', 'marinade.mjs'), ...parameters], { encoding: 'utf8', input: 'typed\n', timeout: 30_000 });

  /** Starts the waiting stand-in as the leader of a process group, as a shell does; returns the launcher's pid. */
  async function start(): Promise<number> {
    output = '';
    launched = spawn(oldNode!, [join(checkout, 'bin', 'marinade.mjs'), 'wait'], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    launched.stdout!.on('data', (chunk) => {
      output += chunk;
    });
    await eventually(() => output.includes(' node '), 'the first line');
    childPid = Number(/pid (\d+)/.exec(output)![1]);
    return launched.pid!;
  }

  /** The signals the child got up to a SIGTERM that is sent now: what came twice came before it. */
  async function signalsSoFar(): Promise<string[]> {
    launched!.kill('SIGTERM');
    await eventually(() => output.includes('SIGTERM'), 'SIGTERM at the child');
    return output.split('\n').filter((line) => line.startsWith('SIG'));
  }

  it('runs the command line under the pinned Node', async () => {
    await start();
    expect(Number(/node (\d+)/.exec(output)![1])).toBeGreaterThanOrEqual(24);
  });

  it('ends with the exit status of the command line', () => {
    expect([0, 3, 130].map((status) => runToEnd('exit', String(status)).status)).toEqual([0, 3, 130]);
  });

  it('ends by the signal that ended the command line', () => {
    expect(['SIGTERM', 'SIGKILL', 'SIGINT'].map((signal) => runToEnd('die', signal).signal)).toEqual(['SIGTERM', 'SIGKILL', 'SIGINT']);
  });

  it('hands over standard input and output', () => {
    expect(runToEnd('echo').stdout).toBe('typed\n');
  });

  it('counts one Ctrl-C, which a terminal sends to the whole group, once', async () => {
    const pid = await start();
    process.kill(-pid, 'SIGINT');
    await eventually(() => output.includes('SIGINT'), 'SIGINT at the child');
    expect(await signalsSoFar()).toEqual(['SIGINT', 'SIGTERM']);
  });

  it('counts one SIGINT to the launcher alone once', async () => {
    const pid = await start();
    process.kill(pid, 'SIGINT');
    await eventually(() => output.includes('SIGINT'), 'SIGINT at the child');
    expect(await signalsSoFar()).toEqual(['SIGINT', 'SIGTERM']);
  });

  it('ends the child when the launcher is killed', async () => {
    const pid = await start();
    process.kill(pid, 'SIGKILL');
    await eventually(() => !exists(childPid), 'the end of the child');
  });

  it.skipIf(process.platform !== 'linux')('stops the child on Ctrl-Z and wakes it again', async () => {
    const pid = await start();
    process.kill(-pid, 'SIGTSTP');
    await eventually(() => stateOf(childPid) === 'T' && stateOf(pid) === 'T', 'both stopped');
    process.kill(-pid, 'SIGCONT');
    await eventually(() => stateOf(childPid) !== 'T', 'the child awake');
    expect(await signalsSoFar()).toEqual(['SIGTERM']);
  });

  it('prints the version of the manifest with the real command line', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const { stdout, status } = spawnSync(oldNode!, [join(root, 'bin', 'marinade.mjs'), '--version'], { encoding: 'utf8', timeout: 30_000 });
    expect({ stdout, status }).toEqual({ stdout: `${version}\n`, status: 0 });
  });

  it('says what to do where no suitable Node is installed', () => {
    const bare = mkdtempSync(join(tmpdir(), 'marinade-bare-'));
    try {
      layOut(bare);
      const { stderr, status } = spawnSync(oldNode!, [join(bare, 'bin', 'marinade.mjs')], { encoding: 'utf8', timeout: 30_000 });
      expect(status).toBe(2);
      expect(stderr).toMatch(
        /^MARINADE_CONFIG_NODE_VERSION: marinade needs Node 24\.15 or later; this is \d+\.\d+\.\d+\.\nIn a checkout run `npm ci`/,
      );
    } finally {
      rmSync(bare, { recursive: true, force: true });
    }
  });
});
