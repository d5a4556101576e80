/** Other implementations as child processes that answer one line per line, so that both sides can be interleaved. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const bench = join(import.meta.dirname, '..');

export interface Peer {
  /** What it is: compiler or interpreter with versions. */
  readonly description: string;
  ask(line: string): Promise<string>;
  close(): void;
}

/** A peer that cannot be had here, and why. */
export interface Missing {
  readonly missing: string;
}

function start(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Omit<Peer, 'description'> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...environment } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(line) {
      if (line !== '') child.stdin.write(`${line}\n`);
      const next = await lines.next();
      if (next.done === true) throw new Error(`${command} ${args.join(' ')} ended without an answer to '${line}'`);
      return next.value;
    },
    close: () => child.stdin.end(),
  };
}

/** Compiles bench/native/NAME.c with -O3 -march=native and starts it. */
export function nativePeer(name: string, args: readonly string[]): Peer | Missing {
  const compiler = process.env['CC'] ?? 'cc';
  const folder = join(bench, 'native', 'build');
  const program = join(folder, name);
  const flags = ['-O3', '-march=native'];
  let version: string;
  try {
    version = execFileSync(compiler, ['--version'], { encoding: 'utf8' }).split('\n')[0]!;
  } catch {
    return { missing: `no C compiler ('${compiler}'; set CC)` };
  }
  mkdirSync(folder, { recursive: true });
  execFileSync(compiler, [...flags, '-o', program, join(bench, 'native', `${name}.c`), '-lm']);
  return { description: `native C, ${version}, ${flags.join(' ')}`, ...start(program, args) };
}

/** Starts bench/peers/NAME.py under the first Python that has NumPy; it introduces itself with its versions. */
export async function pythonPeer(name: string, args: readonly string[]): Promise<Peer | Missing> {
  const found = ['python3', '/usr/bin/python3'].find((python) => {
    try {
      execFileSync(python, ['-c', 'import numpy'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) return { missing: 'no python3 with numpy (Debian: apt-get install python3-numpy)' };
  const oneThread = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  // Temporaries are kept: where every one is mapped anew, as glibc does from its own, page faults are most of NumPy's time.
  const keepMemory = { MALLOC_MMAP_THRESHOLD_: `${2 ** 30}`, MALLOC_TRIM_THRESHOLD_: `${2 ** 32}`, MALLOC_TOP_PAD_: `${2 ** 26}` };
  const peer = start(found, [join(bench, 'peers', `${name}.py`), ...args], { ...oneThread, ...keepMemory });
  const [python, numpy, blas] = (await peer.ask('')).split(' ');
  return { description: `NumPy ${numpy} on Python ${python}${blas === undefined ? '' : `, BLAS ${blas}`}, one thread`, ...peer };
}
