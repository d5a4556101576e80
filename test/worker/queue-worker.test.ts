/** What a worker on the queue makes of the jobs it is given. What computes is made up; the queue is a real one. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { BullmqDispatcher } from '../../src/orchestrator/dispatchers/bullmq.ts';
import type { RunPlan } from '../../src/orchestrator/plan/plan-study.ts';
import { runIdentity } from '../../src/orchestrator/plan/run-key.ts';
import { redisOptions } from '../../src/shared/config/redis.ts';
import type { RoundJobExecutor } from '../../src/shared/contracts/round-job.ts';
import { codeOf } from '../../src/shared/errors.ts';
import { encodeCheckpoint } from '../../src/shared/messages/codec.ts';
import { jobIdOf, queueKeys } from '../../src/shared/messages/queued-job.ts';
import { numericsVersion, type RoundJob, type RoundJobResult } from '../../src/shared/messages/round-job.ts';
import { QueueWorker } from '../../src/worker/queue-worker.ts';
import { hashStrategyModules } from '../../src/worker/strategy-modules.ts';
import { failureOf } from '../orchestrator/ledger/support.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { harmful, harmfulStudy, jobOf, runsOf } from './support.ts';

let redis: TestRedis;
let client: Redis;
let run: RunPlan;
let dispatcher: BullmqDispatcher;
let workers: QueueWorker[] = [];
let queue = 0;
/** What the dispatcher said, and what workers did, by the name a test gives them. */
const warnings: string[] = [];
const said: string[] = [];
const computed: string[] = [];

const keys = () => queueKeys(`worker-${queue}`);

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  [run] = (await runsOf(harmfulStudy('client', 'behave', 1), [harmful])) as [RunPlan];
});
beforeEach(() => {
  queue++;
  for (const list of [warnings, said, computed]) list.length = 0;
  dispatcher = new BullmqDispatcher({
    failFast: redisOptions(redis.url, 'fail-fast'),
    waiting: redisOptions(redis.url, 'waiting'),
    keys: keys(),
    outstanding: 4,
    // Nothing here may depend on it.
    reconcileEveryMs: 3_600_000,
    onWarning: (message) => warnings.push(message),
  });
});
afterEach(async () => {
  await dispatcher.close();
  await Promise.all(workers.map((worker) => worker.drain(5000)));
  workers = [];
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

/** A result as a run that goes on leaves it. */
function resultOf({ runKey, epoch, fromRound, rounds }: RoundJob): RoundJobResult {
  const toRound = Math.max(0, fromRound) + rounds;
  return {
    runKey,
    epoch,
    fromRound,
    toRound,
    checkpoint: encodeCheckpoint({ runKey, round: toRound, numericsVersion, sections: {}, meta: {} }),
    points: { first: 0, count: 0, columns: {} },
    outcome: null,
    x: null,
    computeMs: 1,
    threads: 1,
    notes: {},
  };
}

function startWorker(name: string, strategyModules: readonly string[]): QueueWorker {
  const executor: RoundJobExecutor = {
    capacity: 1,
    async execute(job) {
      computed.push(name);
      return resultOf(job);
    },
    requestStop() {},
    async close() {},
  };
  const strategies = hashStrategyModules(strategyModules);
  const worker = new QueueWorker({
    waiting: redisOptions(redis.url, 'waiting'),
    keys: keys(),
    executor,
    isolated: executor,
    version: 'test',
    runKeyOf: (experiment, dataSha256) => runIdentity(JSON.parse(experiment), dataSha256, strategies).runKey,
    lockDurationMs: 5000,
    onWarning: (message) => said.push(`${name}: ${message}`),
  });
  workers.push(worker);
  return worker;
}

describe('a worker on the queue', () => {
  test('it computes a job whose run key is the one that experiment, data and its own strategies have', async () => {
    startWorker('same', [harmful]);
    for (const fromRound of [-1, 40]) {
      const checkpoint = fromRound < 0 ? null : resultOf(jobOf(run)).checkpoint;
      expect((await dispatcher.dispatch(jobOf(run, { fromRound, checkpoint }), { isolated: false })).runKey).toBe(run.runKey);
    }
    expect([computed, said, warnings]).toEqual([['same', 'same'], [], []]);
  });

  test('it declines a job planned with other strategies, says so, and another worker takes it', async () => {
    startWorker('without', []);
    const pending = dispatcher.dispatch(jobOf(run), { isolated: false });
    await vi.waitFor(() => expect(warnings).toHaveLength(1), 5000);
    expect(warnings[0]).toMatch(/^worker \S+ declines jobs: the run key of a job is not the one .* other --strategies/);
    expect(said).toEqual([expect.stringMatching(/^without: declined a job: .* other --strategies/)]);
    startWorker('with', [harmful]);
    expect((await pending).toRound).toBe(40);
    expect(computed).toEqual(['with']);
    expect(warnings).toHaveLength(1);
  });

  test.each<[string, () => Partial<RoundJob>]>([
    ['another experiment', () => ({ experiment: run.experiment.replace('"rounds":40', '"rounds":41') })],
    ["another run's key", () => ({ runKey: 'ab'.repeat(32) })],
  ])('it computes nothing of a forged job: %s, though it has carried out the run before', async (_, forge) => {
    startWorker('same', [harmful]);
    await dispatcher.dispatch(jobOf(run), { isolated: false });
    const pending = failureOf(dispatcher.dispatch(jobOf(run, { ...forge(), epoch: 2 }), { isolated: false }));
    await vi.waitFor(() => expect(said).toHaveLength(1), 5000);
    await dispatcher.close();
    expect(codeOf(await pending)).toBe('MARINADE_EXECUTION_INTERRUPTED');
    expect(computed).toEqual(['same']);
  });

  test('it refuses an experiment that nobody can read', async () => {
    startWorker('same', [harmful]);
    const failure = await failureOf(dispatcher.dispatch(jobOf(run, { experiment: 'no JSON' }), { isolated: false }));
    expect(codeOf(failure)).toBe('MARINADE_PROTOCOL_MALFORMED');
    expect(failure.message).toContain('cannot be read');
    expect(computed).toEqual([]);
  });

  test('it leaves at once, though it stands back after a job it declined', async () => {
    const worker = startWorker('without', []);
    const pending = failureOf(dispatcher.dispatch(jobOf(run), { isolated: false }));
    await vi.waitFor(() => expect(said).toHaveLength(1), 5000);
    await dispatcher.close();
    await pending;
    await worker.drain(2000);
    // Nothing was late.
    expect(said).toHaveLength(1);
  });

  test('it does not compute a job that was begun before: it says who began it', async () => {
    const job = jobOf(run);
    const jobId = jobIdOf(job, 0);
    const pending = failureOf(dispatcher.dispatch(job, { isolated: false }));
    await vi.waitFor(async () => expect(await client.exists(`${keys().prefix}:${keys().name}:${jobId}`)).toBe(1));
    await client.hset(`${keys().prefix}:${keys().name}:${jobId}`, 'ats', 1);
    await client.hset(keys().claims, jobId, 'gone');
    startWorker('same', [harmful]);
    const failure = await pending;
    expect(codeOf(failure)).toBe('MARINADE_EXECUTION_WORKER_LOST');
    expect(failure.message).toContain('worker gone ended');
    expect(computed).toEqual([]);
  });

  test('it refuses a job that does not fit the schema', async () => {
    startWorker('same', [harmful]);
    const failure = await failureOf(dispatcher.dispatch(jobOf(run, { budgetMs: -1 }), { isolated: false }));
    expect(codeOf(failure)).toBe('MARINADE_PROTOCOL_MALFORMED');
    expect(computed).toEqual([]);
  });
});
