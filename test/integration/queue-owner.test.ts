/** Two services, two results folders, one queue: one of them stands still for longer than its claim lives. */
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventually, hashesOf, marinade, newFolder, start, writeStudy } from '../cli/harness.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { endWorkers, startWorker } from './queue-harness.ts';

const { folder: cwd, remove } = newFolder();
const surroundings = { cwd, env: { MARINADE_TOKEN: 'a-token-of-this-test' }, limitMs: 120_000 };
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterEach(endWorkers);
afterAll(async () => {
  await redis.stop();
  remove();
});

const study = (name: string, rounds: number): string => `study: ${name}
experiment:
  problem: { name: quadratic, dimension: 40, heterogeneity: 1 }
  clients: { total: 10, byzantine: 3 }
  method: { name: gradient-descent, stepSize: 0.1 }
  aggregator: { name: centered-clipping }
  attack: { name: bit-flip }
  rounds: ${rounds}
  metrics: { every: 500, names: [loss] }
seeds: 0..3
`;

const serve = (results: string): ReturnType<typeof start> =>
  start(['serve', '--redis', redis.url, '--queue', 'test', '--port', '0', '--threads', '1', '--results', results], surroundings);
const command = (...args: string[]): ReturnType<typeof marinade> => marinade(args, surroundings);

describe('two orchestrators of one queue', { timeout: 180_000 }, () => {
  test('it ends the one that stood still while the other took the queue, and loses nothing of either', async () => {
    writeStudy(cwd, study('long', 2_000_000), 'long.yaml');
    writeStudy(cwd, study('short', 2000), 'short.yaml');
    startWorker(redis.url);
    const first = serve('first');
    await eventually(() => first.said().includes('serving '), 'the first service');
    expect(await command('submit', 'long.yaml', '--results', 'first')).toMatchObject({ status: 0 });
    first.child.kill('SIGSTOP');
    expect(await command('serve', '--redis', redis.url, '--queue', 'test', '--port', '0', '--results', 'second')).toMatchObject({
      status: 5,
      stderr: expect.stringMatching(new RegExp(`MARINADE_EXECUTION_QUEUE_OWNED: this queue belongs to process ${first.child.pid} on `)),
    });

    const client = new Redis(redis.url);
    const owners = await client.keys('*:owner');
    await vi.waitFor(async () => expect(await client.exists(...owners)).toBe(0), { timeout: 30_000, interval: 100 });
    const second = serve('second');
    await eventually(() => second.said().includes('serving '), 'the second service');
    first.child.kill('SIGCONT');

    const ended = await first.ended;
    expect(ended.status).toBe(5);
    expect(ended.stderr).toMatch(new RegExp(`MARINADE_EXECUTION_QUEUE_OWNED: .* taken by process ${second.child.pid} on `));
    // The first one took its leave of its ledger, not of the queue.
    expect(await client.get(owners[0]!)).toContain(`"pid":${second.child.pid}`);
    client.disconnect();
    expect(await command('submit', 'short.yaml', '--results', 'second')).toMatchObject({ status: 0 });
    expect(await command('watch', 'short', '--results', 'second', '--timeout', '60')).toMatchObject({ status: 0 });
    second.child.kill('SIGTERM');
    expect((await second.ended).status).toBe(143);

    const here = await command('run', 'short.yaml', '--results', 'here', '--json', '--quiet');
    const there = await command('show', 'short', '--results', 'second', '--json');
    expect(hashesOf(there)).toEqual(hashesOf(here));
    const left = await command('list', '--results', join(cwd, 'first'), '--json');
    expect(JSON.parse(left.stdout)).toMatchObject({ studies: [{ study: 'long', runs: { queued: 4 } }] });
  });
});
