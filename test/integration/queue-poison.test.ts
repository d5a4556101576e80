/** Runs that kill the workers which compute them, and workers that are killed for no fault of their runs. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newFolder } from '../cli/harness.ts';
import { randomFrom } from '../orchestrator/ledger/runs.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { harmful } from '../worker/support.ts';
import {
  carryOut,
  carryOutHere,
  endWorkers,
  hashesOf,
  planOf,
  queueDispatcher,
  type Supervised,
  startWorker,
  supervise,
} from './queue-harness.ts';

const seed = Number(process.env['MARINADE_TEST_SEED'] ?? Math.floor(Math.random() * 1e6));
const { folder: cwd, remove } = newFolder();
let redis: TestRedis;
const supervised: Supervised[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  for (const one of supervised.splice(0)) one.stop();
  await endWorkers();
});
afterAll(async () => {
  await redis.stop();
  remove();
});

const study = (aggregators: string, rounds: number): string => `
study: poisoned
experiment:
  problem: { name: quadratic, dimension: 8, heterogeneity: 1 }
  clients: { total: 6, byzantine: 1 }
  method: { name: gradient-descent, stepSize: 0.1 }
  aggregator: { name: mean }
  attack: { name: bit-flip }
  rounds: ${rounds}
  metrics: { every: 10, names: [loss] }
parameters:
  aggregator: [${aggregators}]
`;

describe('a poisonous run on a queue', { timeout: 120_000 }, () => {
  test.each([
    // Two whole workers, then the process it is given alone.
    ['kill', {}, 'MARINADE_EXECUTION_WORKER_LOST', 'signal SIGKILL; its last words: harmful: farewell', 2],
    // Threads are replaced: no worker dies at all.
    ['exit', {}, 'MARINADE_EXECUTION_WORKER_LOST', 'a pool thread ended', 0],
    ['memory', { NODE_OPTIONS: '--max-old-space-size=96' }, 'MARINADE_EXECUTION_OUT_OF_MEMORY', 'memory', 0],
  ] as const)('it is quarantined after two deaths and one alone, and no other run suffers: %s', async (how, env, code, words, deaths) => {
    const plan = await planOf(study(`{ name: harmful-mean, how: ${how}, at: 20 }, { name: mean }, { name: coordinate-median }`, 40), [
      harmful,
    ]);
    const worker = supervise(() => startWorker(redis.url, ['--strategies', harmful], env));
    supervised.push(worker);
    const carried = await carryOut(plan, queueDispatcher(redis.url), `${cwd}/${how}`, 15);
    expect(carried.runs.map(({ outcome }) => outcome)).toEqual(['quarantined', 'completed', 'completed']);
    expect(carried.runs[0]!.failure).toMatchObject({ code, details: { witnessed: true } });
    expect(carried.runs[0]!.failure!.message).toContain(words);
    expect(worker.ends).toEqual(Array(deaths).fill('SIGKILL'));
  });

  test(`it is not seen in an innocent run when workers are killed at random (MARINADE_TEST_SEED=${seed})`, async () => {
    const plan = await planOf(study('{ name: mean }, { name: coordinate-median }, { name: centered-clipping }', 60_000));
    const reference = await carryOutHere(plan, `${cwd}/reference`);
    const workers = [1, 2].map(() => supervise(() => startWorker(redis.url)));
    supervised.push(...workers);
    const uniform = randomFrom(seed);
    let over = false;
    const killing = (async () => {
      while (!over) {
        await pause(500 + 2500 * uniform());
        workers[uniform() < 0.5 ? 0 : 1]!.current.signal('SIGKILL');
      }
    })();
    const carried = await carryOut(plan, queueDispatcher(redis.url), `${cwd}/killed`, 2000);
    over = true;
    await killing;
    expect(hashesOf(carried)).toEqual(hashesOf(reference));
    expect(workers.flatMap(({ ends }) => ends).length).toBeGreaterThan(0);
  });
});
