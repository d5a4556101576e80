/**
 * What every dispatcher must do, whatever carries its jobs out: a job is (run, epoch, from-round, rounds) with the frozen
 * experiment and a checkpoint, so cutting, repeating and moving jobs changes no bit. The dispatcher over a queue is held
 * to the same in `integration/queue.test.ts`, where its server is.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inProcessDispatcher } from '../../src/orchestrator/dispatchers/in-process.ts';
import type { RunPlan } from '../../src/orchestrator/plan/plan-study.ts';
import type { Dispatcher } from '../../src/shared/contracts/dispatcher.ts';
import type { RoundJobExecutor } from '../../src/shared/contracts/round-job.ts';
import { codeOf } from '../../src/shared/errors.ts';
import type { RoundJobResult } from '../../src/shared/messages/round-job.ts';
import { IsolatedExecutor } from '../../src/worker/isolated.ts';
import { failureOf } from '../orchestrator/ledger/support.ts';
import { studies } from '../worker/experiments.ts';
import { carry, harmful, harmfulStudy, jobAfter, jobOf, makePool, runsOf } from '../worker/support.ts';

const data = { offline: true };
const strategyModules = [harmful];

function dispatcherOf(plan: 'runs' | 'clients' | 'inline'): Dispatcher {
  const pool = makePool(2, { inline: plan === 'inline', strategyModules });
  if (plan === 'clients') pool.plan = 'clients';
  return inProcessDispatcher(pool, new IsolatedExecutor({ data, strategyModules }));
}

const dispatchers = (['runs', 'clients', 'inline'] as const).map((plan) => [plan, dispatcherOf(plan)] as const);
const planning = makePool(1, { inline: true, strategyModules });
afterAll(() => Promise.all([planning.close(), ...dispatchers.map(([, dispatcher]) => dispatcher.close())]));

/** A dispatcher as something that executes jobs. */
const through = (dispatcher: Dispatcher, isolated = false): RoundJobExecutor => ({
  capacity: 1,
  execute: (job) => dispatcher.dispatch(job, { isolated }),
  requestStop: () => {},
  close: async () => {},
});

/** Everything of a result that must repeat: all but the time it took. */
const lasting = ({ computeMs: _, checkpoint, ...result }: RoundJobResult): unknown => ({
  ...result,
  checkpoint: Buffer.from(checkpoint).toString('base64'),
});

const runs: RunPlan[] = [];
beforeAll(async () => {
  for (const [, study] of studies.slice(0, 3)) runs.push((await runsOf(study, strategyModules, planning))[0]!);
});

describe.each(dispatchers)('the in-process dispatcher, plan %s', (plan, dispatcher) => {
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

  test('it has one job behind every job that can compute', () => {
    expect(dispatcher.outstanding).toBe(plan === 'runs' ? 4 : 2);
  });
});
