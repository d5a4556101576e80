/** The real command line as child processes in folders of their own, without network, data or a cache that is anybody's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** Compiled code is shared by all these processes; it holds no numbers. */
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/marinade-tests', import.meta.url));

/** A child that does not end by itself is killed, so that a hang fails one test and leaves nothing behind. */
const LIMIT_MS = 40_000;

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** How long a command may take; a longer one is killed. */
  readonly limitMs?: number;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has said on standard error so far. */
  said(): string;
}

/** A new folder that `remove` takes away. */
export function newFolder(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'marinade-cli-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A new folder that is gone after the test. */
export function temporaryFolder(): string {
  const { folder, remove } = newFolder();
  onTestFinished(remove);
  return folder;
}

/** What a child knows of this machine: no data, no network, no home but its folder. */
export function environment(home: string, further: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    MARINADE_OFFLINE: '1',
    NODE_COMPILE_CACHE: compileCache,
    ...further,
  };
}

/** Where a test does not say how many threads compute, one does: a thread that starts and computes nothing costs as much. */
function onOneThread(args: readonly string[]): readonly string[] {
  const computes = ['run', 'plan', 'verify'].includes(args[0] ?? '');
  return computes && !args.includes('--threads') && args.length > 1 ? [...args, '--threads', '1'] : args;
}

/** Starts `marinade` with these arguments. */
export function start(args: readonly string[], { cwd, env = {}, input = '', limitMs = LIMIT_MS }: Surroundings): Running {
  const child = spawn(process.execPath, [main, ...onOneThread(args)], {
    cwd,
    env: environment(cwd, env),
    stdio: 'pipe',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, stdout, stderr });
    });
  });
  return { child, ended, said: () => stderr };
}

/** Runs `marinade` to its end. */
export function marinade(args: readonly string[], surroundings: Surroundings): Promise<Ended> {
  return start(args, surroundings).ended;
}

/** Resolves once the condition holds. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A small study: two cells, three seeds, 200 rounds of a quadratic. */
export const smallStudy = `study: small
experiment:
  problem: { name: quadratic, dimension: 6 }
  clients: { total: 8, byzantine: 2 }
  participation: { name: uniform, cohort: 4, largeCohort: 8 }
  method: { name: byz-vr-marina-pp, stepSize: 0.2, batchSize: 1, refresh: { probability: 0.1 } }
  aggregator: { name: coordinate-median }
  attack: { name: shift-back }
  rounds: 200
  metrics: { every: 10, names: [optimality-gap, gradient-norm, clipping-level] }
parameters:
  clipping: [{ name: none }, { name: step-proportional, factor: 1 }]
seeds: 0..2
`;

/** Writes a study into a folder and returns its name there. */
export function writeStudy(folder: string, text = smallStudy, name = 'study.yaml'): string {
  writeFileSync(join(folder, name), text);
  return name;
}

/** The one object of `--json`. */
export function jsonOf<Content = Record<string, never>>({ stdout }: Ended): Content {
  return JSON.parse(stdout) as Content;
}

export interface StudyObject {
  readonly schema: number;
  readonly study: string;
  readonly studyKey: string;
  readonly runs: readonly {
    readonly runKey: string;
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly seed: number;
    readonly outcome: string | null;
    readonly rounds: number;
    readonly metrics: Readonly<Record<string, { readonly first: unknown; readonly last: unknown; readonly min: unknown }>>;
    readonly resultHash: string | null;
    readonly data: object | null;
  }[];
}

/** Result hash by run key. */
export function hashesOf(ended: Ended): Record<string, string | null> {
  return Object.fromEntries(jsonOf<StudyObject>(ended).runs.map(({ runKey, resultHash }) => [runKey, resultHash]));
}
