/** What one orchestrator feeds: 200 workers that compute nothing take its jobs as fast as they come, or for 2 s each. */
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Question } from './support/question.ts';
import { type Fleet, type Measured, quadratics, queue, started, withFleet } from './support/queue.ts';
import { against, spread } from './support/spread.ts';

const WORKERS = 200;
const REPEATS = 3;
const JOB_MS = 2000;
const TARGET_CORES = 3000;
const ROUNDS_PER_JOB = 5000;
const program = join(import.meta.dirname, 'support', 'no-op-workers.ts');

interface Load {
  /** Of each worker. */
  readonly threads: number;
  /** That a job takes. */
  readonly jobMs: number;
  readonly runs: number;
  readonly jobsPerRun: number;
}

/** Beside what is measured between the first and the last commit: results a second while all have work. */
interface Fed extends Measured {
  readonly perSecond: number;
  /** Processor time of Redis for each job, from the first to the last. */
  readonly redisMsPerJob: number;
}

function withIdlers<T>({ threads, jobMs }: Load, use: (fleet: Fleet) => Promise<T>): Promise<T> {
  const start = (url: string) =>
    Promise.all([1, 2].map(() => started([program, url, queue, `${WORKERS / 2}`, `${threads}`, `${jobMs}`], 'compute nothing')));
  return withFleet(start, use);
}

async function feed(fleet: Fleet, { threads, runs, jobsPerRun }: Load, seconds?: number): Promise<Fed> {
  const times: number[] = [];
  const over = new AbortController();
  const study = quadratics('fleet', { dimension: 123, rounds: ROUNDS_PER_JOB * jobsPerRun, runs });
  const redis = new Redis(fleet.url);
  const before = await processorMs(redis);
  const measured = await fleet.carryOut(study, {
    roundsPerJob: ROUNDS_PER_JOB,
    outstanding: 2 * WORKERS * threads,
    signal: over.signal,
    onResult() {
      if (over.signal.aborted) return;
      times.push(performance.now());
      if (seconds !== undefined && times.at(-1)! - times[0]! > 1000 * seconds) over.abort();
    },
  });
  const redisMsPerJob = ((await processorMs(redis)) - before) / times.length;
  redis.disconnect();
  // Neither the start nor the end, when not all of them have work.
  const [first, last] = [times[0]!, times.at(-1)!];
  const [from, to] = seconds === undefined ? [first + (last - first) / 10, last - (last - first) / 10] : [first + (last - first) / 2, last];
  return { ...measured, redisMsPerJob, perSecond: (1000 * times.filter((time) => time >= from && time <= to).length) / (to - from) };
}

async function processorMs(redis: Redis): Promise<number> {
  const seconds = [...(await redis.info('cpu')).matchAll(/used_cpu_(?:user|sys):([\d.]+)/g)].map(([, value]) => Number(value));
  return 1000 * seconds.reduce((sum, value) => sum + value, 0);
}

export const queueFleet: Question = {
  name: 'queue-fleet',
  asks: `What does a round job of ${WORKERS} workers that compute nothing cost the orchestrator?`,
  async answer(print) {
    const load = { threads: 1, jobMs: 0, runs: 2 * WORKERS, jobsPerRun: 20 };
    const fed = await withIdlers(load, async (fleet) => {
      const all: Fed[] = [];
      for (let repeat = 0; repeat <= REPEATS; repeat++) all.push(await feed(fleet, load));
      // The first warms both sides up.
      return all.slice(1);
    });
    const perJob = fed.map(({ cpuMs, jobs }) => cpuMs / jobs);
    const mainPerJob = fed.map(({ mainMs, jobs }) => mainMs / jobs);
    const cores = perJob.map((ms) => JOB_MS / ms);
    const rates = fed.map(({ perSecond }) => perSecond);
    print(`committed, workers and Redis on the same cores: ${spread(rates, 'round jobs/s')}`);
    print(`the orchestrator's processor time: ${spread(perJob, 'ms per job')}, of which on its main thread ${spread(mainPerJob, 'ms')}`);
    print(
      `Redis's processor time: ${spread(
        fed.map(({ redisMsPerJob }) => redisMsPerJob),
        'ms per job',
      )}`,
    );
    print(
      `hence what it feeds with one core and jobs of ${JOB_MS / 1000} s: ${spread(cores, 'cores')}; ${against(cores, { least: TARGET_CORES })}`,
    );
  },
};

export const queueCores: Question = {
  name: 'queue-cores',
  asks: `Does one orchestrator keep ${TARGET_CORES} threads in round jobs of ${JOB_MS / 1000} s, with workers and Redis on the same machine?`,
  async answer(print) {
    const load = { threads: TARGET_CORES / WORKERS, jobMs: JOB_MS, runs: 2 * TARGET_CORES, jobsPerRun: 100 };
    const { perSecond, cpuMs, wallMs } = await withIdlers(load, (fleet) => feed(fleet, load, 40));
    const wanted = (1000 * TARGET_CORES) / JOB_MS;
    print(
      `${WORKERS} workers of ${load.threads} threads, the last 20 s: ${spread([perSecond], 'round jobs/s')} of ${wanted}, ` +
        `with ${((100 * cpuMs) / wallMs).toFixed(0)} % of a core`,
    );
  },
};
