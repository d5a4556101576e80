/** A study carried out over a queue by worker processes that a test may harm. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BullmqDispatcher } from '../../src/orchestrator/dispatchers/bullmq.ts';
import { inProcessDispatcher } from '../../src/orchestrator/dispatchers/in-process.ts';
import { openLedger } from '../../src/orchestrator/ledger/open-ledger.ts';
import { type Plan, planStudyFile } from '../../src/orchestrator/plan/plan-study.ts';
import { readStudy } from '../../src/orchestrator/plan/read-study.ts';
import { runStudy } from '../../src/orchestrator/run-study.ts';
import { redisOptions } from '../../src/shared/config/redis.ts';
import type { Dispatcher } from '../../src/shared/contracts/dispatcher.ts';
import type { StudyRun } from '../../src/shared/contracts/ledger.ts';
import { queueKeys } from '../../src/shared/messages/queued-job.ts';
import { IsolatedExecutor } from '../../src/worker/isolated.ts';
import { WorkerPool } from '../../src/worker/pool.ts';
import { hashStrategyModules, loadCatalog } from '../../src/worker/strategy-modules.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export async function planOf(text: string, modules: readonly string[] = []): Promise<Plan> {
  return planStudyFile(readStudy(text, 'study.yaml', []), {
    catalog: await loadCatalog(modules),
    data: { identify: () => Promise.reject(new Error('no data in this study')) },
    strategies: hashStrategyModules(modules),
  });
}

export interface Carried {
  readonly runs: readonly StudyRun[];
  readonly warnings: readonly string[];
}

/** What is done to the parts when so many round jobs have been committed. */
export type Harm = readonly (readonly [commits: number, harm: () => Promise<unknown>])[];

/** Carries a plan out with a dispatcher into a results folder; `harm` must have been done by the end. */
export async function carryOut(
  plan: Plan,
  dispatcher: Dispatcher,
  folder: string,
  roundsPerJob: number | 'auto',
  harm: Harm = [],
): Promise<Carried> {
  const warnings: string[] = [];
  const done: Promise<unknown>[] = [];
  let commits = 0;
  const ledger = await openLedger(folder, {});
  try {
    await runStudy({
      ledger,
      dispatcher,
      plan,
      worker: 'test',
      roundsPerJob,
      solveOptimum: () => Promise.reject(new Error('no optimum in this study')),
      signal: new AbortController().signal,
      onProgress: () => {
        commits++;
        for (const [at, act] of harm) if (at === commits) done.push(act());
      },
      onWarning: (message) => warnings.push(message),
    });
    if (done.length < harm.length) throw new Error(`only ${done.length} of ${harm.length} harms were done within ${commits} commits`);
    await Promise.all(done);
    return { runs: await ledger.runs(plan.studyKey), warnings };
  } finally {
    await dispatcher.close();
    await ledger.close();
  }
}

/** The same plan on a pool of this process: the reference. */
export async function carryOutHere(plan: Plan, folder: string): Promise<Carried> {
  const options = { data: { dataDirectory: undefined, offline: true }, strategyModules: [] };
  const pool = new WorkerPool({ ...options, threads: 1, plan: 'runs' });
  return carryOut(plan, inProcessDispatcher(pool, new IsolatedExecutor(options)), folder, 'auto');
}

export function queueDispatcher(url: string, onWarning: (message: string) => void = () => {}): BullmqDispatcher {
  return new BullmqDispatcher({
    failFast: redisOptions(url, 'fail-fast'),
    waiting: redisOptions(url, 'waiting'),
    keys: queueKeys('test'),
    outstanding: 8,
    reconcileEveryMs: 1000,
    onWarning,
  });
}

const children = new Set<ChildProcess>();

export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** What it wrote to its standard error so far. */
  said(): string;
  readonly exited: Promise<number | NodeJS.Signals>;
}

/** A worker process; `ready` when it listens. */
export function startWorker(url: string, more: readonly string[] = [], env: NodeJS.ProcessEnv = {}): WorkerProcess {
  const child = spawn(
    process.execPath,
    [main, 'worker', '--redis', url, '--queue', 'test', '--threads', '1', '--lock-duration', '2', ...more],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    },
  );
  children.add(child);
  const exited = once(child, 'exit').then(([code, signal]) => {
    children.delete(child);
    return (code ?? signal) as number | NodeJS.Signals;
  });
  let text = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.stderr!.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('computes on')) resolve();
    });
    void exited.then((code) => reject(new Error(`the worker ended with ${code}: ${text}`)));
  });
  ready.catch(() => {});
  return { child, ready, exited, signal: (signal) => void child.kill(signal), said: () => text };
}

export interface Supervised {
  /** How workers ended so far. */
  readonly ends: readonly (number | NodeJS.Signals)[];
  readonly current: WorkerProcess;
  /** Starts no other one any more. */
  stop(): void;
}

/** A worker process that is started anew whenever it ends, as a supervisor does it. */
export function supervise(start: () => WorkerProcess): Supervised {
  const ends: (number | NodeJS.Signals)[] = [];
  let stopped = false;
  const next = (): WorkerProcess => {
    const worker = start();
    void worker.exited.then((end) => {
      if (stopped) return;
      ends.push(end);
      current = next();
    });
    return worker;
  };
  let current = next();
  return {
    ends,
    get current() {
      return current;
    },
    stop: () => {
      stopped = true;
    },
  };
}

/** Ends every worker process a test left. */
export async function endWorkers(): Promise<void> {
  for (const child of children) {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

/** hash by run key, which two executions of one plan must agree on. */
export function hashesOf({ runs }: Carried): Readonly<Record<string, string | null>> {
  return Object.fromEntries(runs.map(({ runKey, resultHash, outcome }) => [`${runKey} ${outcome}`, resultHash]));
}
