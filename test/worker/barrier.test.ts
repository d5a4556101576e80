import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { BARRIER_INTS, Barrier } from '../../src/worker/barrier.ts';

const threads: Worker[] = [];
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.terminate()));
});

interface Setting {
  readonly helpers: number;
  readonly rounds: number;
  readonly tasks: number;
  readonly failAfter?: number;
  readonly sleepyHelpers?: boolean;
}

function seated({ helpers, rounds, tasks, failAfter = 0, sleepyHelpers = false }: Setting) {
  const ints = new Int32Array(new SharedArrayBuffer(4 * BARRIER_INTS));
  const done = new Int32Array(new SharedArrayBuffer(4 * rounds * tasks));
  const ends = Array.from({ length: helpers }, async (_, seed) => {
    const workerData = { ints, done, tasks, seed, failAfter, sleepy: sleepyHelpers };
    const thread = new Worker(new URL('./barrier-thread.ts', import.meta.url), { workerData, execArgv: [] });
    threads.push(thread);
    return (await once(thread, 'message'))[0] as { end: string; claims: number };
  });
  return { ints, done, barrier: new Barrier(ints), ends: Promise.all(ends) };
}

const nothing = new Int32Array(new SharedArrayBuffer(4));

/** Leads so many rounds; the number of the round stands in the last int, as a request would. */
function lead(
  barrier: Barrier,
  { ints, done, tasks, rounds }: { ints: Int32Array; done: Int32Array; tasks: number; rounds: number },
  pauseMs = 0,
): boolean {
  for (let round = 0; round < rounds; round++) {
    ints[15] = round;
    if (pauseMs > 0 && round % 10 === 0) Atomics.wait(nothing, 0, 0, pauseMs);
    barrier.publish(tasks);
    for (let task = barrier.claim(); task >= 0; task = barrier.claim()) {
      Atomics.add(done, round * tasks + task, 1);
      barrier.complete();
    }
    if (!barrier.awaitCompletion(tasks)) return false;
  }
  return true;
}

describe('the barrier', () => {
  test.each([
    ['short rounds, everybody spinning', { helpers: 1, rounds: 20_000, tasks: 4 }, 0],
    ['more threads than cores', { helpers: 3, rounds: 1000, tasks: 20 }, 0],
    ['rounds without a task', { helpers: 1, rounds: 100, tasks: 0 }, 0],
    ['a slow leader: helpers sleep', { helpers: 2, rounds: 200, tasks: 5 }, 5],
    ['slow helpers: the leader sleeps', { helpers: 2, rounds: 200, tasks: 5, sleepyHelpers: true }, 0],
    ['no helper at all', { helpers: 0, rounds: 100, tasks: 5 }, 0],
  ])('it has every task done exactly once: %s', async (_, setting: Setting, pauseMs) => {
    const { ints, done, barrier, ends } = seated(setting);
    expect(lead(barrier, { ints, done, ...setting }, pauseMs)).toBe(true);
    barrier.close();
    expect((await ends).map(({ end }) => end)).toEqual(Array(setting.helpers).fill('closed'));
    expect(done.every((times) => times === 1)).toBe(true);
  });

  test('it lets helpers really take part', async () => {
    const setting = { helpers: 1, rounds: 3000, tasks: 8 };
    const { ints, done, barrier, ends } = seated(setting);
    // Until the helper has taken its seat the leader does everything itself.
    lead(barrier, { ints, done, ...setting }, 2);
    barrier.close();
    expect((await ends)[0]!.claims).toBeGreaterThan(0);
  });

  test('it ends the wait of the leader when a helper fails with a task claimed', async () => {
    const setting = { helpers: 1, rounds: 100_000, tasks: 4, failAfter: 50 };
    const { ints, done, barrier, ends } = seated(setting);
    expect(lead(barrier, { ints, done, ...setting }, 1)).toBe(false);
    expect((await ends)[0]!.end).toBe('failed');
  });

  test('it sends a helper home that comes after the close, and one that sleeps', async () => {
    const early = seated({ helpers: 1, rounds: 1, tasks: 1 });
    early.barrier.close();
    expect((await early.ends)[0]).toEqual({ end: 'closed', claims: 0 });
    const sleeping = seated({ helpers: 2, rounds: 1, tasks: 1 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    sleeping.barrier.close();
    expect(await sleeping.ends).toEqual([
      { end: 'closed', claims: 0 },
      { end: 'closed', claims: 0 },
    ]);
  });

  test('it gives no task of a round that is over', () => {
    const barrier = new Barrier(new Int32Array(new SharedArrayBuffer(4 * BARRIER_INTS)));
    expect(barrier.claim()).toBe(-1);
    barrier.publish(2);
    expect([barrier.claim(), barrier.claim(), barrier.claim(), barrier.claim()]).toEqual([1, 0, -1, -1]);
    barrier.publish(1);
    expect([barrier.claim(), barrier.claim()]).toEqual([0, -1]);
    barrier.publish(3);
    barrier.close();
    expect(barrier.claim()).toBe(-1);
  });
});
