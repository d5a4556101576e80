/** An orchestrator that is killed in the middle of a study while its workers live on, and the same command again. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually, jsonOf, newFolder, type StudyObject, writeStudy } from '../cli/harness.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { hasCheckpoint } from '../support/stored-checkpoints.ts';
import { Commands, leftovers, resultsOf } from './one-machine-harness.ts';
import { endWorkers, startWorker } from './queue-harness.ts';

const { folder: cwd, remove } = newFolder();
const commands = new Commands({ cwd });
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterEach(endWorkers);
afterAll(async () => {
  await redis.stop();
  remove();
});

const study = `study: restarted
experiment:
  problem: { name: quadratic, dimension: 40, heterogeneity: 1 }
  clients: { total: 10, byzantine: 3 }
  method: { name: gradient-descent, stepSize: 0.1 }
  aggregator: { name: centered-clipping }
  attack: { name: bit-flip }
  rounds: 40000
  metrics: { every: 500, names: [loss] }
seeds: 0..3
`;

describe('an orchestrator that is killed', { timeout: 120_000 }, () => {
  test('it goes on where it was by the same command, with the same hashes, and leaves nothing in Redis', async () => {
    writeStudy(cwd, study);
    const here = await commands.run(['run', 'study.yaml', '--results', 'here', '--quiet', '--json']);
    expect(here.status).toBe(0);
    startWorker(redis.url);
    const args = ['run', 'study.yaml', '--redis', redis.url, '--queue', 'test', '--results', 'killed', '--rounds-per-job', '1000'];
    for (let kills = 0; kills < 3; kills++) {
      const running = commands.start([...args, '--quiet', '--json']);
      await eventually(() => hasCheckpoint(join(cwd, 'killed')), 'a first commit');
      await pause(300);
      running.child.kill('SIGKILL');
      expect((await running.ended).signal).toBe('SIGKILL');
      // Meanwhile the worker computes what is in the queue: results nobody hears yet.
      await pause(300);
    }
    const ended = await commands.run([...args, '--quiet', '--json']);
    expect(ended.status).toBe(0);
    expect(resultsOf(jsonOf<StudyObject>(ended))).toEqual(resultsOf(jsonOf<StudyObject>(here)));
    expect(leftovers(join(cwd, 'killed'))).toEqual([]);
    await endWorkers();
    const client = new Redis(redis.url);
    const left = (await client.keys('*')).filter((key) => !/:(meta|id|events|stalled-check|workers|results|speaks)$/.test(key));
    client.disconnect();
    expect(left.filter((key) => !key.includes(':worker:'))).toEqual([]);
  });
});
