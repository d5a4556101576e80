/**
 * What every dispatcher must do, whatever carries its jobs out: a job is (run, epoch, from-round, rounds) with the frozen
 * experiment and a checkpoint, so cutting, repeating and moving jobs changes no bit, whether they stay in this process or
 * travel over a queue to a worker.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { BullmqDispatcher } from '../../src/orchestrator/dispatchers/bullmq.ts';
import { inProcessDispatcher } from '../../src/orchestrator/dispatchers/in-process.ts';
import type { RunPlan } from '../../src/orchestrator/plan/plan-study.ts';
import { runIdentity } from '../../src/orchestrator/plan/run-key.ts';
import { redisOptions } from '../../src/shared/config/redis.ts';
import type { Dispatcher } from '../../src/shared/contracts/dispatcher.ts';
import type { RoundJobExecutor } from '../../src/shared/contracts/round-job.ts';
import { codeOf, MarinadeError } from '../../src/shared/errors.ts';
import { queueKeys } from '../../src/shared/messages/queued-job.ts';
import type { RoundJob, RoundJobResult } from '../../src/shared/messages/round-job.ts';
import { IsolatedExecutor } from '../../src/worker/isolated.ts';
import { QueueWorker } from '../../src/worker/queue-worker.ts';
import { hashStrategyModules } from '../../src/worker/strategy-modules.ts';
import { failureOf } from '../orchestrator/ledger/support.ts';
import { startRedis } from '../support/redis.ts';
import { studies } from '../worker/experiments.ts';
import { carry, harmful, harmfulStudy, jobAfter, jobOf, makePool, runsOf } from '../worker/support.ts';

const data = { offline: true };
const strategyModules = [harmful];

function dispatcherOf(plan: 'runs' | 'clients' | 'inline'): Dispatcher {
  const pool = makePool(2, { plan, strategyModules });
  return inProcessDispatcher(pool, new IsolatedExecutor({ data, strategyModules }));
}

const redis = await startRedis();
const queuePool = makePool(2, { strategyModules });
const queueIsolated = new IsolatedExecutor({ data, strategyModules });
const worker = new QueueWorker({
  waiting: redisOptions(redis.url, 'waiting'),
  keys: queueKeys('conformance'),
  executor: queuePool,
  isolated: queueIsolated,
  version: 'test',
  runKeyOf: (experiment, dataSha256) => runIdentity(JSON.parse(experiment), dataSha256, hashStrategyModules(strategyModules)).runKey,
  lockDurationMs: 5000,
  onWarning: () => {},
});

function overQueue(queue: string): BullmqDispatcher {
  return new BullmqDispatcher({
    failFast: redisOptions(redis.url, 'fail-fast'),
    waiting: redisOptions(redis.url, 'waiting'),
    keys: queueKeys(queue),
    outstanding: 4,
    reconcileEveryMs: 1000,
    onWarning: () => {},
  });
}

const dispatchers = [
  ...(['runs', 'clients', 'inline'] as const).map((plan) => [`in this process, plan ${plan}`, dispatcherOf(plan)] as const),
  ['over a queue', overQueue('conformance')] as const,
];
const planning = makePool(1, { plan: 'inline', strategyModules });
afterAll(async () => {
  await Promise.all([planning.close(), ...dispatchers.map(([, dispatcher]) => dispatcher.close())]);
  await worker.drain(5000);
  await Promise.all([queuePool.close(), queueIsolated.close()]);
  await redis.stop();
});

/** A dispatcher as something that executes jobs. */
const through = (dispatcher: Dispatcher, isolated = false): RoundJobExecutor => ({
  capacity: 1,
  execute: (job) => dispatcher.dispatch(job, { isolated }),
  requestStop: () => {},
  close: async () => {},
});

/** Everything of a result that must repeat: all but the time it took. */
const lasting = ({ computeMs: _, threads: __, checkpoint, ...result }: RoundJobResult): unknown => ({
  ...result,
  checkpoint: Buffer.from(checkpoint).toString('base64'),
});

const runs: RunPlan[] = [];
beforeAll(async () => {
  for (const [, study] of studies.slice(0, 3)) runs.push((await runsOf(study, strategyModules, planning))[0]!);
});

describe.each(dispatchers)('the dispatcher %s', (name, dispatcher) => {
  test.each([0, 1, 2])('jobs of 1, 7 and all rounds give the same result, run %i', async (i) => {
    const expected = (await carry(runs[i]!, planning)).resultHash;
    for (const roundsPerJob of [1, 7, 24]) expect((await carry(runs[i]!, through(dispatcher), roundsPerJob)).resultHash).toBe(expected);
  });

  test('jobs cut by the clock, each of one round at least, give the same result', async () => {
    const run = runs[0]!;
    const carried = await carry(run, through(dispatcher), 24, { budgetMs: 1e-6 });
    expect(carried.jobs).toBe(24);
    expect(carried.resultHash).toBe((await carry(run, planning)).resultHash);
  });

  test('a job carried out twice gives the same bytes twice, checkpoint included', async () => {
    const run = runs[2]!;
    const first = await dispatcher.dispatch(jobOf(run, { rounds: 9 }), { isolated: false });
    const job = jobAfter(jobOf(run), first, { rounds: 6 });
    const results = [await dispatcher.dispatch(job, { isolated: false }), await dispatcher.dispatch(job, { isolated: false })];
    expect(lasting(results[1]!)).toEqual(lasting(results[0]!));
    expect(lasting(await planning.execute(job))).toEqual(lasting(results[0]!));
  });

  test('a run may move between executors after every job', async () => {
    const run = runs[0]!;
    const executors = [through(dispatcher), planning, through(dispatchers[0]![1]), through(dispatchers[1]![1])];
    const carried = await carry(run, (job) => executors[job % executors.length]!, 4);
    expect(carried.resultHash).toBe((await carry(run, planning)).resultHash);
  });

  test('a process of its own gives the same result', async () => {
    const [run] = await runsOf(harmfulStudy('rule', 'behave', 1), strategyModules);
    expect((await carry(run!, through(dispatcher, true), 23)).resultHash).toBe((await carry(run!, planning)).resultHash);
  });

  test('it rejects with the code of what a job threw', async () => {
    const [run] = await runsOf(harmfulStudy('rule', 'throw', 4), strategyModules);
    for (const isolated of [false, true]) {
      expect(codeOf(await failureOf(dispatcher.dispatch(jobOf(run!), { isolated })))).toBe('MARINADE_EXECUTION_FAILED');
    }
  });

  test('it keeps the details of a failure that are plain data', async () => {
    const job = jobOf(runs[0]!, { fromRound: 3, checkpoint: new Uint8Array(100) });
    const failure = (await failureOf(dispatcher.dispatch(job, { isolated: false }))) as MarinadeError;
    expect(failure).toBeInstanceOf(MarinadeError);
    expect(failure.code).toBe('MARINADE_STORAGE_CHECKPOINT');
    expect(failure.details).toMatchObject({ runKey: job.runKey });
  });

  test('it says of a process of its own that died how it died', async () => {
    const [run] = await runsOf(harmfulStudy('rule', 'kill', 4), strategyModules);
    const failure = (await failureOf(dispatcher.dispatch(jobOf(run!), { isolated: true }))) as MarinadeError;
    expect(failure.code).toBe('MARINADE_EXECUTION_WORKER_LOST');
    expect(failure.details).toMatchObject({ signal: 'SIGKILL', witnessed: true });
  });

  test('it ends a run that overflows with the same bits', async () => {
    const [run] = await runsOf(harmfulStudy('rule', 'overflow', 4, { metrics: { every: 1, names: ['loss'] } }), strategyModules, planning);
    const expected = await planning.execute(jobOf(run!));
    expect(lasting(await dispatcher.dispatch(jobOf(run!), { isolated: false }))).toEqual(lasting(expected));
    expect(expected.outcome).toBe('diverged');
  });

  test('it carries an experiment of more than 8 KB', async () => {
    const run = runs[0]!;
    const experiment = run.experiment.replace(/^{/, `{${' '.repeat(20_000)}`);
    const results = [];
    for (const text of [run.experiment, experiment])
      results.push(
        lasting(await dispatcher.dispatch(jobOf(run, { experiment: text, epoch: text.length, rounds: 5 }), { isolated: false })),
      );
    expect(results[1]).toEqual({ ...(results[0] as object), epoch: experiment.length });
  });

  test('it has one job behind every job that can compute', () => {
    expect(dispatcher.outstanding).toBe(name.endsWith('runs') || name.endsWith('queue') ? 4 : 2);
  });
});

describe.each([
  ['in this process', (): Dispatcher => dispatcherOf('runs')],
  ['over a queue', (): Dispatcher => overQueue('conformance')],
  ['over a queue without workers', (): Dispatcher => overQueue('deserted')],
] as const)('the end of a dispatcher %s', (_, make) => {
  const dawdling = async (): Promise<RoundJob> => {
    const [run] = await runsOf(harmfulStudy('rule', 'dawdle', 1, { rounds: 100_000 }), strategyModules);
    return jobOf(run!);
  };

  test('it settles every job that is pending when it is closed', async () => {
    const dispatcher = make();
    const pending = failureOf(dispatcher.dispatch(await dawdling(), { isolated: false }));
    await pause(300);
    await dispatcher.close();
    expect(codeOf(await pending)).toBe('MARINADE_EXECUTION_INTERRUPTED');
  });

  test('it ends what runs at its next round when it is asked to stop, and gives back what does not', async () => {
    const dispatcher = make();
    const asked = dispatcher.dispatch(await dawdling(), { isolated: false }).then(
      ({ toRound }) => toRound,
      (thrown) => codeOf(thrown),
    );
    await pause(1000);
    dispatcher.requestStop();
    const end = await asked;
    await dispatcher.close();
    if (typeof end === 'number') expect(end).toBeLessThan(100_000);
    else expect(end).toBe('MARINADE_EXECUTION_INTERRUPTED');
  });
});

describe('a job that is recalled', () => {
  test('it is taken back from the queue, and nothing lies beside it any more', async () => {
    const dispatcher = overQueue('recalled');
    const job = jobOf(runs[0]!, { experiment: ' '.repeat(9000) });
    const pending = failureOf(dispatcher.dispatch(job, { isolated: false }));
    const client = new Redis(redis.url);
    const kept = async (): Promise<string[]> => (await client.keys('*recalled*')).filter((key) => key.includes(job.runKey));
    await vi.waitFor(async () => expect(await kept()).toHaveLength(2));
    dispatcher.recall(job.runKey);
    expect(codeOf(await pending)).toBe('MARINADE_EXECUTION_INTERRUPTED');
    await vi.waitFor(async () => expect(await kept()).toEqual([]));
    client.disconnect();
    await dispatcher.close();
  });
});
