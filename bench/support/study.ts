/** Studies carried out in this process as `marinade run` does it, and in a process of their own, with the clock beside. */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { catalog } from '../../src/algorithm/catalog.ts';
import { inProcessDispatcher } from '../../src/orchestrator/dispatchers/in-process.ts';
import { openLedger } from '../../src/orchestrator/ledger/open-ledger.ts';
import { planStudyFile } from '../../src/orchestrator/plan/plan-study.ts';
import { readStudy } from '../../src/orchestrator/plan/read-study.ts';
import { runStudy } from '../../src/orchestrator/run-study.ts';
import { IsolatedExecutor } from '../../src/worker/isolated.ts';
import { WorkerPool } from '../../src/worker/pool.ts';

/** Calls `use` with a folder that is gone afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'marinade-bench-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Carried {
  /** From the opening of the ledger to the last commit, threads started and data loaded before. */
  readonly wallMs: number;
  /** Round computation of all jobs. */
  readonly computeMs: number;
}

/** Plans a study, then carries it out on so many threads. */
export function carryOut(study: string, threads: number): Promise<Carried> {
  return inFolder(async (folder) => {
    const pool = new WorkerPool({ threads, plan: 'runs', data: {}, strategyModules: [] });
    const dispatcher = inProcessDispatcher(pool, new IsolatedExecutor({ data: {}, strategyModules: [] }));
    let computeMs = 0;
    try {
      const plan = await planStudyFile(readStudy(study, 'study.yaml'), {
        catalog,
        data: { identify: async (spec) => ({ used: spec, sha256: (await pool.load(spec)).sha256 }) },
        strategies: [],
      });
      await pool.attend(threads);
      const began = performance.now();
      const ledger = await openLedger(join(folder, 'results'), {});
      try {
        await runStudy({
          ledger,
          dispatcher: {
            ...dispatcher,
            async dispatch(job, how) {
              const result = await dispatcher.dispatch(job, how);
              computeMs += result.computeMs;
              return result;
            },
          },
          plan,
          worker: 'bench',
          roundsPerJob: 'auto',
          solveOptimum: () => Promise.reject(new Error('the study of a benchmark records no gap')),
          signal: new AbortController().signal,
          onProgress: () => {},
          onWarning: (message) => process.stderr.write(`${message}\n`),
        });
        const wallMs = performance.now() - began;
        const broken = (await ledger.runs(plan.studyKey)).find(({ outcome }) => outcome !== 'completed');
        if (broken !== undefined) throw new Error(`a run of the benchmark ended ${broken.outcome}: ${broken.failure?.message}`);
        return { wallMs, computeMs };
      } finally {
        await ledger.close();
      }
    } finally {
      await dispatcher.close();
    }
  });
}

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'marinade.mjs');

/** Builds the package and lays it out in a folder as npm would; returns its launcher. */
export function installPackage(folder: string): string {
  const root = join(import.meta.dirname, '..', '..');
  execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  for (const name of ['bin', 'package.json']) cpSync(join(root, name), join(folder, name), { recursive: true });
  for (const name of ['dist', 'assets', 'schema', 'node_modules']) symlinkSync(join(root, name), join(folder, name));
  return join(folder, 'bin', 'marinade.mjs');
}

/** Runs the command line to its end: wall time in ms, and what it printed. */
export async function marinade(args: readonly string[], program = launcher): Promise<{ wallMs: number; stdout: string }> {
  const began = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { maxBuffer: 2 ** 26 });
  return { wallMs: performance.now() - began, stdout };
}
