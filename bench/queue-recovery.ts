/** How long a round job stands still whose worker was killed, until another worker has carried it out. */
import { Redis } from 'ioredis';
import { queueKeys } from '../src/shared/messages/queued-job.ts';
import type { Question } from './support/question.ts';
import { end, quadratics, queue, startWorker, withFleet } from './support/queue.ts';
import { against, spread } from './support/spread.ts';

const KILLS = 7;
const LOCK_SECONDS = 5;
/** Between two looks for jobs whose locks expired. */
const INTERVAL_SECONDS = LOCK_SECONDS / 2;

export const queueRecovery: Question = {
  name: 'queue-recovery',
  asks: `How long does a run stand still whose worker was killed (SIGKILL), with locks of ${LOCK_SECONDS} s?`,
  async answer(print) {
    const start = (url: string) => startWorker(url, 1, ['--lock-duration', `${LOCK_SECONDS}`]);
    await withFleet(
      async (url) => [await start(url), await start(url)],
      async ({ url, children, carryOut }) => {
        const redis = new Redis(url);
        const ended = new AbortController();
        const waiting = new Map<string, () => void>();
        const study = quadratics('recovery', { dimension: 1000, rounds: 10_000_000, runs: 4 });
        const carried = carryOut(study, {
          roundsPerJob: 2000,
          outstanding: 4,
          signal: ended.signal,
          onResult: ({ runKey }) => waiting.get(runKey)?.(),
        });
        const seconds: number[] = [];
        for (let kill = 0; kill < KILLS; kill++) {
          const victim = children[0]!;
          const runKey = await runOf(redis, victim.pid!);
          const recovered = new Promise<void>((resolve) => waiting.set(runKey, resolve));
          const began = performance.now();
          await end(victim);
          await recovered;
          seconds.push((performance.now() - began) / 1000);
          children.splice(0, 1);
          children.push(await start(url));
        }
        ended.abort();
        await carried;
        redis.disconnect();
        const most = LOCK_SECONDS + 2 * INTERVAL_SECONDS;
        print(`${KILLS} kills: ${spread(seconds, 's')}; ${against(seconds, { most: 6 })}`);
        print(`the longest: ${Math.max(...seconds).toFixed(1)} s; ${against([Math.max(...seconds)], { most })} (lock and two looks)`);
      },
    );
  },
};

/** The run whose job a worker process has begun. */
async function runOf(redis: Redis, pid: number): Promise<string> {
  for (;;) {
    const claims = Object.entries(await redis.hgetall(queueKeys(queue).claims));
    const job = claims.find(([, worker]) => worker.includes(`-${pid}-`))?.[0];
    const runKey = job?.split('-')[1];
    if (runKey !== undefined) return runKey;
  }
}
