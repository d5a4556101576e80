/** What one orchestrator feeds: 200 workers that compute nothing take its jobs as fast as they come, or for 2 s each. */
import { join } from 'node:path';
import type { Question } from './support/question.ts';
import { type Measured, quadratics, queue, started, withFleet } from './support/queue.ts';
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

/** Beside what is measured between the first and the last commit: results a second between a tenth and nine tenths of them. */
interface Fed extends Measured {
  readonly perSecond: number;
}

/** Carries out one study after another, `repeats` times. */
function feed({ threads, jobMs, runs, jobsPerRun }: Load, repeats: number): Promise<Fed[]> {
  const start = (url: string) =>
    Promise.all([1, 2].map(() => started([program, url, queue, `${WORKERS / 2}`, `${threads}`, `${jobMs}`], 'compute nothing')));
  return withFleet(start, async (fleet) => {
    const fed: Fed[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const times: number[] = [];
      const study = quadratics('fleet', { dimension: 123, rounds: ROUNDS_PER_JOB * jobsPerRun, runs });
      const measured = await fleet.carryOut(study, {
        roundsPerJob: ROUNDS_PER_JOB,
        outstanding: 2 * WORKERS * threads,
        onResult: () => times.push(performance.now()),
      });
      const [from, to] = [Math.floor(times.length / 10), Math.floor((9 * times.length) / 10)];
      fed.push({ ...measured, perSecond: (1000 * (to - from)) / (times[to]! - times[from]!) });
    }
    return fed;
  });
}

export const queueFleet: Question = {
  name: 'queue-fleet',
  asks: `How many cores does one orchestrator feed with round jobs of ${JOB_MS / 1000} s?`,
  async answer(print) {
    const idle = await feed({ threads: 1, jobMs: 0, runs: 2 * WORKERS, jobsPerRun: 20 }, REPEATS);
    const perJob = idle.map(({ cpuMs, jobs }) => cpuMs / jobs);
    const mainPerJob = idle.map(({ mainMs, jobs }) => mainMs / jobs);
    const cores = perJob.map((ms) => JOB_MS / ms);
    print(
      `${WORKERS} workers that compute nothing: ${spread(
        idle.map(({ perSecond }) => perSecond),
        'round jobs/s',
      )} on the cores of this machine`,
    );
    print(`the orchestrator's processor time: ${spread(perJob, 'ms per job')}, of which on its main thread ${spread(mainPerJob, 'ms')}`);
    print(`hence one core of an orchestrator feeds ${spread(cores, 'cores')}; ${against(cores, { least: TARGET_CORES })}`);
    const threads = TARGET_CORES / WORKERS;
    const [fed] = await feed({ threads, jobMs: JOB_MS, runs: 2 * TARGET_CORES, jobsPerRun: 4 }, 1);
    const wanted = (1000 * TARGET_CORES) / JOB_MS;
    print(
      `${WORKERS} workers of ${threads} threads that take ${JOB_MS / 1000} s: ${spread([fed!.perSecond], 'round jobs/s')} of ${wanted}, ` +
        `with ${((100 * fed!.cpuMs) / fed!.wallMs).toFixed(0)} % of a core`,
    );
  },
};
