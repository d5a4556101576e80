/** Workers behind a bad network: cut off and healed, slow, with connections that break. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Plan } from '../../src/orchestrator/plan/plan-study.ts';
import { newFolder } from '../cli/harness.ts';
import { type NetworkProxy, startProxy } from '../support/proxy.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import {
  type Carried,
  carryOut,
  carryOutHere,
  endWorkers,
  type Harm,
  hashesOf,
  planOf,
  queueDispatcher,
  startWorker,
} from './queue-harness.ts';

const study = `
study: bad-network
experiment:
  problem: { name: quadratic, dimension: 40, heterogeneity: 1 }
  clients: { total: 10, byzantine: 3 }
  method: { name: gradient-descent, stepSize: 0.1 }
  aggregator: { name: centered-clipping }
  attack: { name: bit-flip }
  rounds: 20000
  metrics: { every: 500, names: [loss] }
seeds: 0..2
`;

const { folder: cwd, remove } = newFolder();
let redis: TestRedis;
let proxy: NetworkProxy;
let plan: Plan;
let reference: Carried;
let folders = 0;

beforeAll(async () => {
  redis = await startRedis();
  proxy = await startProxy(redis.port);
  plan = await planOf(study);
  reference = await carryOutHere(plan, `${cwd}/reference`);
});
afterEach(async () => {
  proxy.heal();
  await endWorkers();
});
afterAll(async () => {
  await proxy.close();
  await redis.stop();
  remove();
});

async function undisturbed(harm: Harm, roundsPerJob: number | 'auto' = 1000): Promise<void> {
  const carried = await carryOut(plan, queueDispatcher(redis.url), `${cwd}/${folders++}`, roundsPerJob, harm);
  expect(hashesOf(carried)).toEqual(hashesOf(reference));
}

const throughProxy = (): string => `redis://127.0.0.1:${proxy.port}/0`;

describe('a worker behind a bad network', { timeout: 120_000 }, () => {
  test('it gives its jobs up by itself while it is cut off, and works on once it is not', async () => {
    const worker = startWorker(throughProxy());
    const isFenced = (): boolean => worker.said().includes('were not renewed in time');
    await undisturbed([
      [
        5,
        async () => {
          // Between two jobs there is no lock to lose: then it is cut off once more.
          for (let cuts = 0; !isFenced() && cuts < 10; cuts++) {
            proxy.blackHole();
            for (let waited = 0; !isFenced() && waited < 6000; waited += 50) await pause(50);
            proxy.heal();
            await pause(20);
          }
        },
      ],
    ]);
    expect(isFenced()).toBe(true);
    expect(worker.child.exitCode).toBeNull();
  });

  test('it does not hold up others while it is cut off', async () => {
    startWorker(throughProxy());
    const cut = async (): Promise<void> => {
      proxy.blackHole();
      startWorker(redis.url);
    };
    await undisturbed([[5, cut]]);
  });

  test('it goes on with half a second of delay and connections that are reset', async () => {
    startWorker(throughProxy());
    const reset = async (): Promise<void> => proxy.reset();
    await undisturbed([
      [1, async () => proxy.delay(500)],
      [3, reset],
      [6, reset],
      [7, async () => proxy.delay(0)],
      [20, reset],
      [21, reset],
    ]);
  });

  test('it hands back what is under way at once when it is asked to leave', async () => {
    const leaving = startWorker(redis.url);
    let left: number | NodeJS.Signals | undefined;
    const leave = async (): Promise<void> => {
      await pause(100);
      leaving.signal('SIGTERM');
      left = await leaving.exited;
      // The other takes over what came back: nothing waits for a lock to expire.
      startWorker(redis.url);
    };
    await undisturbed([[2, leave]], 'auto');
    expect(left).toBe(143);
  });
});
