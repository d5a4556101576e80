/** Child processes that own or use a ledger, and mounts: the surroundings of the fault tests. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Child {
  readonly process: ChildProcess;
  /** Complete lines the child wrote so far. */
  lines(): string[];
  /** Resolves when a line begins with the text; rejects when the child ends before. */
  saying(text: string): Promise<string>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

const children = new Set<ChildProcess>();

/** Starts a script of this folder under the Node that runs the tests. */
export function startChild(script: string, ...parameters: string[]): Child {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...parameters], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.add(child);
  let text = '';
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    text += data;
    tell();
  });
  let ended = false;
  const exited = once(child, 'close').then(([code, signal]) => {
    ended = true;
    children.delete(child);
    tell();
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  const lines = (): string[] => text.split('\n').slice(0, -1);
  const saying = (begin: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = lines().find((candidate) => candidate.startsWith(begin));
        if (line === undefined && !ended) return;
        listeners.delete(look);
        if (line === undefined) reject(new Error(`the child ended before it said "${begin}"; it said:\n${text}`));
        else resolve(line);
      };
      listeners.add(look);
      look();
    });
  return { process: child, lines, saying, exited };
}

/** Ends children a failed test left behind. */
export async function endChildren(): Promise<void> {
  await Promise.all([...children].map((child) => (child.kill('SIGKILL') ? once(child, 'close') : undefined)));
}

const mounts: string[] = [];

/** Why no file system can be mounted here, or undefined when it can. */
export function mountProblem(): string | undefined {
  if (process.platform !== 'linux') return `mounts are made on Linux only, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'mounting needs root';
  try {
    unmount(mountTmpfs(64));
    return undefined;
  } catch (thrown) {
    return `mount failed: ${(thrown as Error).message}`;
  }
}

/** An empty file system of so many KiB, in memory. */
export function mountTmpfs(kibibytes: number, at: string = mkdtempSync(join(tmpdir(), 'marinade-mount-'))): string {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', at], { stdio: 'pipe' });
  mounts.push(at);
  return at;
}

export function remountReadOnly(at: string): void {
  execFileSync('mount', ['-o', 'remount,ro', at], { stdio: 'pipe' });
}

export function unmountAll(): void {
  for (const at of [...mounts].reverse()) unmount(at);
}

function unmount(at: string): void {
  execFileSync('umount', [at], { stdio: 'pipe' });
  mounts.splice(mounts.indexOf(at), 1);
  rmdirSync(at);
}
