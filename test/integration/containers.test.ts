/** The queue over servers in containers, where an engine answers and their images can be had. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { freePort, redisImage, type TestRedis } from '../support/redis.ts';
import { containerEngine, startRedisContainer } from '../support/redis-container.ts';
import { carryOut, carryOutHere, endWorkers, hashesOf, planOf, queueDispatcher, startWorker } from './queue-harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'marinade-containers-'));
const study = `
study: over-a-container
experiment:
  problem: { name: quadratic, dimension: 20, heterogeneity: 1 }
  clients: { total: 6, byzantine: 1 }
  method: { name: sgd, stepSize: 0.1, batchSize: 1 }
  aggregator: { name: coordinate-median }
  attack: { name: bit-flip }
  rounds: 4000
  metrics: { every: 500, names: [loss] }
seeds: 0..3
`;

afterEach(endWorkers);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.for([redisImage, 'valkey/valkey:8-alpine'])('a queue in %s', { timeout: 180_000 }, (image) => {
  test('it gives the hashes of one process, across a SIGKILL and a restart of the server', async (context) => {
    const engine = await containerEngine(image);
    if ('unusable' in engine) {
      process.stderr.write(`${image} is not tested: ${engine.unusable}\n`);
      context.skip(engine.unusable);
      return;
    }
    const redis = await startRedisContainer(engine, image, ['--appendonly', 'yes'], { port: await freePort() });
    try {
      const plan = await planOf(study);
      const here = hashesOf(await carryOutHere(plan, join(folder, `${image.replace(/\W/g, '-')}-here`)));
      startWorker(redis.url);
      const there = await carryOut(plan, queueDispatcher(redis.url), join(folder, image.replace(/\W/g, '-')), 500, [
        [4, () => restarted(redis)],
      ]);
      expect(hashesOf(there)).toEqual(here);
    } finally {
      await redis.stop();
    }
    const left = await engine.client.container.dockerode.listContainers({ all: true });
    expect(left.filter(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === redis.port))).toEqual([]);
  });
});

async function restarted(redis: TestRedis): Promise<void> {
  await redis.kill();
  const client = new Redis(redis.url, { lazyConnect: true, retryStrategy: () => null }).on('error', () => {});
  await expect(client.connect()).rejects.toThrow();
  await redis.restart({ keep: true });
}
