/** Studies carried out over a queue: a Redis of its own with its append-only file, worker processes, this process the orchestrator. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { catalog } from '../../src/algorithm/catalog.ts';
import { BullmqDispatcher } from '../../src/orchestrator/dispatchers/bullmq.ts';
import { openLedger } from '../../src/orchestrator/ledger/open-ledger.ts';
import { planStudyFile } from '../../src/orchestrator/plan/plan-study.ts';
import { readStudy } from '../../src/orchestrator/plan/read-study.ts';
import { runStudy } from '../../src/orchestrator/run-study.ts';
import { redisOptions } from '../../src/shared/config/redis.ts';
import { queueKeys } from '../../src/shared/messages/queued-job.ts';
import { startRedis } from '../../test/support/redis.ts';
import { inFolder } from './study.ts';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'marinade.mjs');
const queue = 'bench';

export interface Measured {
  /** From the first commit to the last. */
  readonly wallMs: number;
  /** Commits in that time. */
  readonly jobs: number;
  /** Round computation of these jobs. */
  readonly computeMs: number;
}

export interface Fleet {
  /** Carries a study out and measures it. */
  carryOut(study: string, roundsPerJob: number | 'auto'): Promise<Measured>;
}

/** Calls `use` with a fleet of so many worker processes of so many threads each, which is gone afterwards. */
export async function withFleet<T>(workers: number, threads: number, use: (fleet: Fleet) => Promise<T>): Promise<T> {
  const redis = await startRedis();
  const children = Array.from({ length: workers }, () =>
    spawn(process.execPath, [launcher, 'worker', '--redis', redis.url, '--queue', queue, '--threads', `${threads}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
  );
  try {
    for (const child of children) await once(child.stderr!, 'data');
    return await use({ carryOut: (study, roundsPerJob) => carryOut(redis.url, study, roundsPerJob, 2 * workers * threads + 2) });
  } finally {
    for (const child of children) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await redis.stop();
  }
}

function carryOut(url: string, study: string, roundsPerJob: number | 'auto', outstanding: number): Promise<Measured> {
  return inFolder(async (folder) => {
    const plan = await planStudyFile(readStudy(study, 'study.yaml'), {
      catalog,
      data: { identify: () => Promise.reject(new Error('the study of this benchmark needs no data')) },
      strategies: [],
    });
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
    let began = 0;
    let ended = 0;
    let jobs = -1;
    let computeMs = 0;
    try {
      await runStudy({
        ledger,
        dispatcher: {
          outstanding,
          dispatch: async (job, how) => {
            const result = await dispatcher.dispatch(job, how);
            if (jobs >= 0) computeMs += result.computeMs;
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
        signal: new AbortController().signal,
        onProgress() {
          if (++jobs === 0) began = performance.now();
          ended = performance.now();
        },
        onWarning,
      });
      const runs = await ledger.runs(plan.studyKey);
      const broken = runs.find(({ outcome }) => outcome !== 'completed');
      if (broken !== undefined) throw new Error(`a run of the benchmark ended ${broken.outcome}: ${broken.failure?.message}`);
      return { wallMs: ended - began, jobs, computeMs };
    } finally {
      await dispatcher.close();
      await ledger.close();
    }
  });
}
