/** How long a large study takes to be submitted to a service over a queue, and what it holds then. */
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis } from '../test/support/redis.ts';
import type { Question } from './support/question.ts';
import { end, launcher, quadratics, started } from './support/queue.ts';
import { against, spread } from './support/spread.ts';
import { inFolder, marinade } from './support/study.ts';

const token = 'a-token-of-a-benchmark-that-lives-for-a-minute';

interface Submitted {
  readonly seconds: number;
  readonly ledgerBytes: number;
  readonly redisBytes: number;
  /** Most memory of the service, in MiB; undefined where the system does not say. */
  readonly peakMiB: number | undefined;
}

/** Without workers: nothing is carried out, all that was submitted is held. */
async function submit(runs: number): Promise<Submitted> {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  try {
    return await inFolder(async (folder) => {
      const [study, results, tokenFile] = ['study.yaml', 'results', 'token'].map((name) => join(folder, name)) as [string, string, string];
      writeFileSync(study, `${quadratics('submitted', { rounds: 1000, runs })}limits: { runs: ${runs} }\n`);
      writeFileSync(tokenFile, token, { mode: 0o600 });
      const serve = [launcher, 'serve', '--results', results, '--redis', redis.url, '--port', '0', '--token-file', tokenFile];
      const before = await usedMemory(client);
      const service = await started([...serve, '--threads', '1'], 'http://');
      try {
        const { wallMs } = await marinade(['submit', study, '--results', results, '--token-file', tokenFile]);
        // The first jobs are in the queue.
        await pause(1000);
        const redisBytes = (await usedMemory(client)) - before;
        const peakMiB = peakOf(service.pid!);
        const gone = once(service, 'exit');
        service.kill('SIGTERM');
        await gone;
        return { seconds: wallMs / 1000, ledgerBytes: statSync(join(results, 'ledger.sqlite')).size, redisBytes, peakMiB };
      } finally {
        await end(service);
      }
    });
  } finally {
    client.disconnect();
    await redis.stop();
  }
}

async function usedMemory(client: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
}

function peakOf(pid: number): number | undefined {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return undefined;
  }
}

export const queueSubmit: Question = {
  name: 'queue-submit',
  asks: 'How long does `marinade submit` take for 10,000 and for 100,000 runs, and what do they hold?',
  async answer(print) {
    for (const [runs, most, repeats] of [
      [10_000, 5, 3],
      [100_000, 60, 1],
    ] as const) {
      const all: Submitted[] = [];
      for (let repeat = 0; repeat < repeats; repeat++) all.push(await submit(runs));
      const seconds = all.map((one) => one.seconds);
      print(`${runs} runs: ${spread(seconds, 's')}; ${against(seconds, { most })}`);
      const { ledgerBytes, redisBytes, peakMiB } = all.at(-1)!;
      print(
        `per run ${(ledgerBytes / runs).toFixed(0)} bytes of the ledger and ${(redisBytes / runs).toFixed(1)} of Redis (${(redisBytes / 1024).toFixed(0)} KiB in all)` +
          (peakMiB === undefined ? '' : `; the service took ${peakMiB.toFixed(0)} MiB at most`),
      );
    }
  },
};
