import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Plan } from '../../src/orchestrator/plan/plan-study.ts';
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
study: over-a-queue
experiment:
  problem: { name: quadratic, dimension: 40, heterogeneity: 1 }
  clients: { total: 10, byzantine: 3 }
  participation: { name: uniform, cohort: 4, largeCohort: 10 }
  method: { name: byz-vr-marina-pp, stepSize: 0.1, refresh: { probability: 0.05 }, batchSize: 1 }
  clipping: { name: step-proportional, factor: 1 }
  aggregator: { name: centered-clipping }
  attack: { name: bit-flip }
  rounds: 20000
  metrics: { every: 500, names: [loss, squared-gradient-norm, clipped-fraction] }
parameters:
  attack.name: [bit-flip, inner-product-manipulation, shift-back]
seeds: 0..1
`;

let redis: TestRedis;
let plan: Plan;
let reference: Carried;
const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'marinade-queue-'));
  folders.push(made);
  return made;
}

beforeAll(async () => {
  redis = await startRedis();
  plan = await planOf(study);
  reference = await carryOutHere(plan, folder());
  expect(reference.runs.map(({ outcome, failure }) => failure ?? outcome)).toEqual(Array(6).fill('completed'));
});

afterEach(endWorkers);

afterAll(async () => {
  await redis.stop();
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

describe('a study over a queue', { timeout: 240_000 }, () => {
  test('it has the hashes of the same study in one process, whatever the rounds per job', async () => {
    const workers = [startWorker(redis.url), startWorker(redis.url)];
    for (const roundsPerJob of [1001, 'auto'] as const) {
      const carried = await carryOut(plan, queueDispatcher(redis.url), folder(), roundsPerJob);
      expect(hashesOf(carried)).toEqual(hashesOf(reference));
    }
    for (const worker of workers) worker.signal('SIGTERM');
    expect(await Promise.all(workers.map(({ exited }) => exited))).toEqual([143, 143]);
  });

  test('it leaves nothing in Redis but the bookkeeping of BullMQ', async () => {
    const client = new Redis(redis.url);
    const keysNow = (): Promise<string[]> => client.keys('*');
    await client.flushall();
    const worker = startWorker(redis.url);
    let midway: readonly string[] = [];
    const look = async (): Promise<void> => {
      midway = await keysNow();
    };
    await carryOut(plan, queueDispatcher(redis.url), folder(), 1000, [[20, look]]);
    // What must be gone later was there.
    for (const part of [':run:', ':worker:', ':workers', ':results', ':r-']) expect(midway.join(' ')).toContain(part);
    worker.signal('SIGTERM');
    expect(await worker.exited).toBe(143);
    const left = await keysNow();
    const results = left.find((key) => key.endsWith(':results'));
    expect(left.filter((key) => key !== results && !/^bull:.*:(meta|id|events|stalled-check)$/.test(key))).toEqual([]);
    expect(await client.xlen(results!)).toBe(0);
    client.disconnect();
  });

  test('it survives the death of its workers, without condemning a run', async () => {
    startWorker(redis.url);
    const kill = async (): Promise<void> => {
      const victim = startWorker(redis.url);
      await victim.ready;
      await pause(300);
      victim.signal('SIGKILL');
    };
    await undisturbed([2, 30, 60].map((at) => [at, kill]));
  });

  test('it survives the loss of everything in Redis', async () => {
    startWorker(redis.url);
    const client = new Redis(redis.url);
    await undisturbed([5, 30, 60].map((at) => [at, () => client.flushall()]));
    client.disconnect();
  });

  test('it survives a Redis that is killed and comes back, with its files or without', async () => {
    startWorker(redis.url);
    const restart = (keep: boolean) => async (): Promise<void> => {
      await redis.kill();
      await pause(300);
      await redis.restart({ keep });
    };
    await undisturbed([
      [10, restart(true)],
      [50, restart(false)],
    ]);
  });

  test('it survives a Redis that stands still for longer than a lock', async () => {
    startWorker(redis.url);
    const freeze = async (): Promise<void> => {
      redis.pause();
      await pause(4000);
      redis.unpause();
    };
    await undisturbed([[20, freeze]]);
  });

  test('it survives a worker that stands still for longer than a lock and comes back', async () => {
    const frozen = startWorker(redis.url);
    const freeze = async (): Promise<void> => {
      frozen.signal('SIGSTOP');
      startWorker(redis.url);
      await pause(5000);
      frozen.signal('SIGCONT');
    };
    await undisturbed([[20, freeze]]);
  });
});

/** The study over the queue, harmed on the way, comes to the hashes of the reference. */
async function undisturbed(harm: Harm): Promise<void> {
  const carried = await carryOut(plan, queueDispatcher(redis.url), folder(), 1000, harm);
  expect(hashesOf(carried)).toEqual(hashesOf(reference));
}
