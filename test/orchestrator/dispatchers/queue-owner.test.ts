import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { QueueOwner } from '../../../src/orchestrator/dispatchers/queue-owner.ts';
import type { MarinadeError } from '../../../src/shared/errors.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

const KEY = 'owner-of-a-test';
const LIFE_MS = 600;

let redis: TestRedis;
let client: Redis;
const owners: QueueOwner[] = [];
const lost: MarinadeError[] = [];
const said: string[] = [];

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
});
beforeEach(async () => {
  lost.length = 0;
  said.length = 0;
  await client.del(KEY);
});
afterEach(async () => {
  for (const owner of owners.splice(0)) await owner.release();
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

function newOwner(): QueueOwner {
  const owner = new QueueOwner(client, KEY, (reason) => lost.push(reason), LIFE_MS);
  owners.push(owner);
  return owner;
}
const claim = (owner: QueueOwner): Promise<void> => owner.claim((message) => said.push(message));
const holder = (changes: object): string => JSON.stringify({ host: 'elsewhere', pid: 7, since: 'yesterday', ...changes });

describe('the owner of a queue', () => {
  test('it holds the queue for longer than the life of its key, against another that waits for that long', async () => {
    const first = newOwner();
    await claim(first);
    await expect(claim(newOwner())).rejects.toMatchObject({ code: 'MARINADE_EXECUTION_QUEUE_OWNED' });
    expect(said).toEqual([expect.stringContaining('waiting whether it still lives')]);
    expect(await first.isHeld()).toBe(true);
    expect(lost).toEqual([]);
  });

  test('it takes the queue again when its key is gone and nobody else has it', async () => {
    const owner = newOwner();
    await claim(owner);
    const value = await client.getdel(KEY);
    await vi.waitFor(async () => expect(await client.get(KEY)).toBe(value));
    expect(lost).toEqual([]);
  });

  test('it says once that it lost the queue, to whom, and leaves it alone from then on', async () => {
    const owner = newOwner();
    await claim(owner);
    await client.set(KEY, holder({}));
    await vi.waitFor(() => expect(lost).toHaveLength(1));
    expect(lost[0]!.code).toBe('MARINADE_EXECUTION_QUEUE_OWNED');
    expect(lost[0]!.message).toContain('process 7 on elsewhere (since yesterday)');
    await client.del(KEY);
    expect(await owner.isHeld()).toBe(false);
    await owner.release();
    expect(await client.exists(KEY)).toBe(0);
    expect(lost).toHaveLength(1);
  });

  test('it asks before it says that it holds a queue it has not renewed for the life of its key', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const owner = newOwner();
      await claim(owner);
      await client.set(KEY, holder({}));
      expect(await owner.isHeld()).toBe(true);
      // As in a process that was stopped: time passes, and no timer has run yet.
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 2 * LIFE_MS);
      expect(await owner.isHeld()).toBe(false);
      expect(lost).toHaveLength(1);
    } finally {
      vi.restoreAllMocks();
      vi.useRealTimers();
    }
  });

  test('it releases what it holds, and not what another took', async () => {
    const owner = newOwner();
    await claim(owner);
    await client.set(KEY, holder({}));
    await owner.release();
    expect(await client.get(KEY)).toBe(holder({}));
    await client.del(KEY);
    const next = newOwner();
    await claim(next);
    await next.release();
    expect(await client.exists(KEY)).toBe(0);
  });

  test('it takes the queue of a process of this machine that is gone, at once', async () => {
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(child, 'close');
    await client.set(KEY, holder({ host: hostname(), pid: child.pid }));
    await claim(newOwner());
    expect(said).toEqual([]);
  });

  test('it refuses the queue of another process of this machine that lives, at once', async () => {
    await client.set(KEY, holder({ host: hostname(), pid: process.ppid }));
    await expect(claim(newOwner())).rejects.toMatchObject({ message: expect.stringContaining(`process ${process.ppid} on`) });
    expect(said).toEqual([]);
  });

  test.each([
    ['elsewhere', holder({})],
    ['with its own process id, of the container before this one', holder({ host: hostname(), pid: process.pid })],
    ['that nobody can read', 'no JSON'],
  ])('it waits for a holder %s until the key of that one expires', async (_, value) => {
    await client.set(KEY, value, 'PX', LIFE_MS / 2);
    await claim(newOwner());
    expect(said).toHaveLength(1);
  });
});
