/** Studies carried out over a queue: a Redis of its own with its append-only file, worker processes, this process the orchestrator. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { catalog } from '../../src/algorithm/catalog.ts';
import { BullmqDispatcher } from '../../src/orchestrator/dispatchers/bullmq.ts';
import { openLedger } from '../../src/orchestrator/ledger/open-ledger.ts';
import { type Plan, planStudyFile } from '../../src/orchestrator/plan/plan-study.ts';
import { readStudy } from '../../src/orchestrator/plan/read-study.ts';
import { runStudy } from '../../src/orchestrator/run-study.ts';
import { redisOptions } from '../../src/shared/config/redis.ts';
import { queueKeys } from '../../src/shared/messages/queued-job.ts';
import type { RoundJobResult } from '../../src/shared/messages/round-job.ts';
import { startRedis } from '../../test/support/redis.ts';
import { inFolder } from './study.ts';

export const launcher = join(import.meta.dirname, '..', '..', 'bin', 'marinade.mjs');
export const queue = 'bench';

/** Quadratics: a round of `dimension` 8 costs microseconds, so that what is measured is the way there and back. */
export function quadratics(name: string, { dimension = 8, rounds, runs }: { dimension?: number; rounds: number; runs: number }): string {
  return `
study: ${name}
experiment:
  problem: { name: quadratic, dimension: ${dimension}, heterogeneity: 1 }
  clients: { total: 10, byzantine: 3 }
  method: { name: gradient-descent, stepSize: 0.1 }
  aggregator: { name: coordinate-median }
  attack: { name: bit-flip }
  rounds: ${rounds}
  metrics: { every: 1000, names: [loss] }
seeds: 0..${runs - 1}
`;
}

export function planOf(study: string): Promise<Plan> {
  return planStudyFile(readStudy(study, 'study.yaml'), {
    catalog,
    data: { identify: () => Promise.reject(new Error('the study of this benchmark needs no data')) },
    strategies: [],
  });
}

/** Ends a process that was started here. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

/** Starts a process and waits until it says on its standard error that it is ready; the rest of that is passed on only if it fails. */
export async function started(args: readonly string[], ready: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${said}`)));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes(ready)) resolve();
    });
  });
  return child;
}

export function startWorker(url: string, threads: number, more: readonly string[] = []): Promise<ChildProcess> {
  return started([launcher, 'worker', '--redis', url, '--queue', queue, '--threads', `${threads}`, ...more], 'computes on');
}

export interface Measured {
  /** From the first commit to the last, or to a moment shortly before it. */
  readonly wallMs: number;
  /** Commits in that time. */
  readonly jobs: number;
  /** Round computation of these jobs. */
  readonly computeMs: number;
  /** Processor time of this process in that time, and of its main thread alone: the ledger has a thread of its own. */
  readonly cpuMs: number;
  readonly mainMs: number;
}

export interface How {
  readonly roundsPerJob: number | 'auto';
  /** Round jobs in the queue at once. */
  readonly outstanding: number;
  /** Hears every result as it comes, before it is committed. */
  readonly onResult?: (result: RoundJobResult) => void;
  /** Ends the study early. */
  readonly signal?: AbortSignal;
}

export interface Fleet {
  readonly url: string;
  /** What was started; whatever is here at the end is ended. */
  readonly children: ChildProcess[];
  /** Carries a study out and measures it. */
  carryOut(study: string, how: How): Promise<Measured>;
}

/** Calls `use` with a Redis and what `start` started for it; all of that is gone afterwards. */
export async function withFleet<T>(start: (url: string) => Promise<ChildProcess[]>, use: (fleet: Fleet) => Promise<T>): Promise<T> {
  const redis = await startRedis();
  let children: ChildProcess[] = [];
  try {
    children = await start(redis.url);
    return await use({ url: redis.url, children, carryOut: (study, how) => carryOut(redis.url, study, how) });
  } finally {
    for (const child of children) await end(child);
    await redis.stop();
  }
}

/** So many worker processes of so many threads. */
export function withWorkers<T>(workers: number, threads: number, use: (fleet: Fleet) => Promise<T>): Promise<T> {
  return withFleet((url) => Promise.all(Array.from({ length: workers }, () => startWorker(url, threads))), use);
}

/** Between two looks at the clocks: they cost more than a commit does. */
const LOOK_EVERY_MS = 100;

/** Milliseconds: of the wall, of this process's processor time, of its main thread's. */
function clocks(): Pick<Measured, 'wallMs' | 'cpuMs' | 'mainMs'> {
  const [all, main] = [process.cpuUsage(), process.threadCpuUsage()];
  return { wallMs: performance.now(), cpuMs: (all.user + all.system) / 1000, mainMs: (main.user + main.system) / 1000 };
}

function carryOut(url: string, study: string, { roundsPerJob, outstanding, onResult, signal }: How): Promise<Measured> {
  return inFolder(async (folder) => {
    const plan = await planOf(study);
    const onWarning = (message: string): void => void process.stderr.write(`${message}\n`);
    const dispatcher = new BullmqDispatcher({
      failFast: redisOptions(url, 'fail-fast'),
      waiting: redisOptions(url, 'waiting'),
      keys: queueKeys(queue),
      outstanding,
      onWarning,
    });
    await dispatcher.claim();
    const ledger = await openLedger(join(folder, 'results'), {});
    let jobs = -1;
    let computeMs = 0;
    const look = (): Measured => ({ ...clocks(), jobs, computeMs });
    let began = look();
    let ended = began;
    try {
      const { interrupted } = await runStudy({
        ledger: {
          ...ledger,
          async commitRoundJob(...parameters) {
            const report = await ledger.commitRoundJob(...parameters);
            jobs++;
            if (jobs === 0 || performance.now() - ended.wallMs > LOOK_EVERY_MS) ended = look();
            if (jobs === 0) began = ended;
            return report;
          },
        },
        dispatcher: {
          get outstanding() {
            return dispatcher.outstanding;
          },
          dispatch: async (job, options) => {
            const result = await dispatcher.dispatch(job, options);
            if (jobs >= 0) computeMs += result.computeMs;
            onResult?.(result);
            return result;
          },
          recall: (runKey) => dispatcher.recall(runKey),
          requestStop: () => dispatcher.requestStop(),
          close: () => dispatcher.close(),
        },
        plan,
        worker: queue,
        roundsPerJob,
        solveOptimum: () => Promise.reject(new Error('the study of a benchmark records no gap')),
        signal: signal ?? new AbortController().signal,
        onWarning,
      });
      const runs = await ledger.runs(plan.studyKey);
      const broken = interrupted ? undefined : runs.find(({ outcome }) => outcome !== 'completed');
      if (broken !== undefined) throw new Error(`a run of the benchmark ended ${broken.outcome}: ${broken.failure?.message}`);
      return {
        wallMs: ended.wallMs - began.wallMs,
        cpuMs: ended.cpuMs - began.cpuMs,
        mainMs: ended.mainMs - began.mainMs,
        jobs: ended.jobs,
        computeMs: ended.computeMs,
      };
    } finally {
      await dispatcher.close();
      await ledger.close();
    }
  });
}
