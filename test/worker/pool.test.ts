import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { codeOf, type MarinadeError } from '../../src/shared/errors.ts';
import type { RoundJob } from '../../src/shared/messages/round-job.ts';
import type { ThreadPlan, WorkerPool } from '../../src/worker/pool.ts';
import type { PoolTask } from '../../src/worker/tasks.ts';
import { failureOf } from '../orchestrator/ledger/support.ts';
import { watchRounds } from './rounds-under-way.ts';
import { carry, harmful, harmfulStudy, jobAfter, jobOf, makePool, runsOf } from './support.ts';

const roundsUnderWay = watchRounds();
const pools = new Map<string, WorkerPool>();
afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
});

/** One pool for all tests of a plan: what one test does to it, the next must not notice. */
function poolOf(plan: ThreadPlan, threads = 2, strategyModules: readonly string[] = [harmful]): WorkerPool {
  const key = JSON.stringify([plan, threads, strategyModules]);
  const pool = pools.get(key) ?? makePool(threads, { plan, strategyModules });
  pools.set(key, pool);
  return pool;
}

const harm = async (where: 'rule' | 'client', how: string, at: number, changes = {}) =>
  (await runsOf(harmfulStudy(where, how, at, changes), [harmful]))[0]!;

/** A run that behaves, to see that a pool still works. */
const healthy = () => harm('client', 'behave', 1);

/** Rounds as long as the dimension is large. */
const quadraticStudy = (dimension: number, seeds: string, rounds = 6): unknown => ({
  study: 'quadratic',
  experiment: {
    problem: { name: 'quadratic', dimension },
    clients: { total: 4, byzantine: 0 },
    method: { name: 'gradient-descent', stepSize: 0.1 },
    aggregator: { name: 'mean' },
    rounds,
    metrics: { every: rounds, names: ['loss'] },
  },
  seeds,
});

describe.each(['runs', 'clients', 'inline'] as const)('the pool under the plan %s', (plan) => {
  test.each(['rule', 'client'] as const)('it returns what a strategy throws, with its code and message: in a %s', async (where) => {
    const pool = poolOf(plan);
    const failure = await failureOf(pool.execute(jobOf(await harm(where, 'throw', 20))));
    expect(codeOf(failure)).toBe('MARINADE_EXECUTION_FAILED');
    expect(failure.message).toContain('harmful: as it was told');
    expect((await carry(await healthy(), pool)).outcome).toBe('completed');
  });

  test('it returns a failure whose details cannot be sent, rather than wait for ever', async () => {
    const failure = await failureOf(poolOf(plan).execute(jobOf(await harm('rule', 'uncopyable', 3))));
    expect(codeOf(failure)).toBe('MARINADE_SHAPE_NON_FINITE');
    expect(failure.message).toContain('details that no thread can send');
  });

  test('it ends a job when its time is over, after one round at least', async () => {
    const pool = poolOf(plan);
    const run = await harm('client', 'dawdle', 1, { rounds: 100_000 });
    const result = await pool.execute(jobOf(run, { budgetMs: 30 }));
    expect(result.toRound).toBeGreaterThanOrEqual(1);
    expect(result.toRound).toBeLessThan(1000);
    expect((await pool.execute(jobAfter(jobOf(run), result, { budgetMs: 1e-9 }))).toRound).toBe(result.toRound + 1);
  });

  test('it gives back the shared memory of runs that end, that fail and that are left in the middle', async () => {
    const pool = poolOf(plan);
    const failing = await harm('rule', 'throw', 5);
    const runs = await runsOf({ ...(harmfulStudy('client', 'behave', 1) as object), seeds: '0..49' }, [harmful]);
    const used: number[] = [];
    for (const run of runs) {
      await Promise.all([carry(run, pool, 17), failureOf(pool.execute(jobOf(failing)))]);
      used.push(pool.sharedBytes);
    }
    // Between jobs a thread keeps two runs warm at most; another thread may have gone on with them since.
    expect(Math.max(...used.slice(5))).toBeLessThanOrEqual(Math.max(...used.slice(0, 5)));
  });

  test('it holds no more memory the more runs are left in the middle and never come back', async () => {
    const pool = poolOf(plan);
    const runs = await runsOf({ ...(harmfulStudy('client', 'behave', 1) as object), seeds: '0..199' }, [harmful]);
    const used: number[] = [];
    for (const run of runs) {
      await pool.execute(jobOf(run, { rounds: 3 }));
      used.push(pool.sharedBytes);
    }
    expect(Math.max(...used.slice(40))).toBeLessThanOrEqual(Math.max(...used.slice(0, 40)));
  });
});

describe.each(['runs', 'clients'] as const)('the pool under the plan %s, from outside its threads', (plan) => {
  test('it ends a job at its next round when asked to stop; later jobs are not concerned', async () => {
    const pool = poolOf(plan);
    const run = await harm('client', 'dawdle', 5, { rounds: 100_000 });
    const job = pool.execute(jobOf(run));
    await roundsUnderWay();
    pool.requestStop();
    const stopped = await job;
    expect(stopped.outcome).toBeNull();
    // Client 1 is called once for x^0 and once in every round.
    expect(stopped.toRound).toBeGreaterThanOrEqual(4);
    expect(stopped.toRound).toBeLessThan(100_000);
    const later = await pool.execute(jobAfter(jobOf(run), stopped, { rounds: 7 }));
    expect(later.toRound).toBe(stopped.toRound + 7);
  });

  test.each(['rule', 'client'] as const)('it says that the worker is lost and works on, when a thread ends: in a %s', async (where) => {
    const pool = poolOf(plan);
    const before = await carry(await healthy(), pool);
    const used = pool.sharedBytes;
    for (let i = 0; i < 3; i++) {
      const failure = await failureOf(pool.execute(jobOf(await harm(where, 'exit', 20))));
      expect(codeOf(failure)).toBe('MARINADE_EXECUTION_WORKER_LOST');
    }
    expect((await carry(await healthy(), pool)).resultHash).toBe(before.resultHash);
    // What the dead threads held was taken back.
    expect(pool.sharedBytes).toBeLessThanOrEqual(used + 4096);
  });

  test('it leaves the jobs of other threads alone', async () => {
    const pool = poolOf(plan);
    const [poison, ...others] = [
      await harm('rule', 'exit', 5),
      ...(await runsOf({ ...(harmfulStudy('client', 'behave', 1) as object), seeds: '1..6' }, [harmful])),
    ];
    const alone = await Promise.all(others.map((run) => carry(run, pool, 9)));
    const [failure, ...together] = await Promise.all([
      failureOf(pool.execute(jobOf(poison!))),
      ...others.map((run) => carry(run, pool, 9)),
    ]);
    expect(codeOf(failure)).toBe('MARINADE_EXECUTION_WORKER_LOST');
    expect(together.map(({ resultHash }) => resultHash)).toEqual(alone.map(({ resultHash }) => resultHash));
  });
});

describe('the pool', () => {
  test('it carries out jobs given at once under the plan clients, one after the other', async () => {
    const pool = poolOf('clients', 3);
    const runs = await runsOf({ ...(harmfulStudy('client', 'behave', 1) as object), seeds: '0..7' }, [harmful]);
    const inline = poolOf('inline');
    const together = await Promise.all(runs.map((run) => carry(run, pool, 5)));
    for (const [i, run] of runs.entries()) expect(together[i]!.resultHash).toBe((await carry(run, inline)).resultHash);
  });

  test('it gives a lone run of long rounds all threads under the plan auto, and changes no bit', async () => {
    const pool = poolOf('auto');
    const threadsOf = async (dimension: number, rounds: number, others: number): Promise<number[]> => {
      const runs = await runsOf(quadraticStudy(dimension, `0..${others}`, 2 * rounds));
      const [first, ...rest] = runs.map((run) => jobOf(run, { rounds }));
      const led = await pool.execute(first!);
      const beside = rest.map((job) => pool.execute(job));
      const followed = await pool.execute(jobAfter(first!, led, { rounds }));
      await Promise.all(beside);
      return [led.threads, followed.threads];
    };
    expect(await threadsOf(200_000, 3, 0)).toEqual([1, 2]);
    expect(await threadsOf(200_000, 3, 1)).toEqual([1, 1]);
    // So many that neither compilation nor another program makes them long.
    expect(await threadsOf(10, 10_000, 0)).toEqual([1, 1]);
    const [run] = await runsOf(quadraticStudy(200_000, '0..0'));
    expect((await carry(run!, pool, 2)).resultHash).toBe((await carry(run!, poolOf('inline'))).resultHash);
  });

  test('it gives a job no more threads than there are cores or clients', async () => {
    const run = vi.spyOn(Piscina.prototype, 'run');
    const pool = poolOf('clients', 3);
    const few = (await runsOf(harmfulStudy('client', 'behave', 1, { clients: { total: 1 }, attack: { name: 'none' } }), [harmful]))[0]!;
    const seatsFor = async (job: RoundJob): Promise<number> => {
      run.mockClear();
      await pool.execute(job);
      return run.mock.calls.filter(([task]) => (task as PoolTask).kind === 'seat').length;
    };
    expect(await seatsFor(jobOf(few))).toBe(0);
    expect(await seatsFor(jobOf(await healthy()))).toBe(Math.min(3, availableParallelism()) - 1);
    run.mockRestore();
  });

  test('it rejects a job that a thread cannot read, rather than wait for ever', async () => {
    const pool = poolOf('runs');
    // V8 cannot copy a view of a buffer of 4 GiB; the pages are never touched.
    const memory = new WebAssembly.Memory({ initial: 65_536, maximum: 65_536, shared: true });
    const checkpoint = new Uint8Array(memory.buffer, 0, 64);
    expect(codeOf(await failureOf(pool.execute(jobOf(await healthy(), { checkpoint }))))).toBe('MARINADE_EXECUTION_WORKER_LOST');
    expect((await carry(await healthy(), pool)).outcome).toBe('completed');
  });

  test('it reports a strategy module that cannot be loaded with the first task', async () => {
    const pool = poolOf('runs', 1, ['/nowhere/strategies.ts']);
    expect(codeOf(await failureOf(pool.attend(1)))).toBe('MARINADE_CONFIG_STRATEGY_MODULE');
    expect(codeOf(await failureOf(pool.execute(jobOf(await healthy()))))).toBe('MARINADE_CONFIG_STRATEGY_MODULE');
  });

  test('it starts as many threads as there are jobs for, before there are any', async () => {
    const threads = (): number => (process.report.getReport() as { workers: unknown[] }).workers.length;
    const before = threads();
    const pool = makePool(3);
    await pool.attend(2);
    expect(threads() - before).toBe(2);
    await pool.attend(8);
    expect(threads() - before).toBe(3);
    await pool.close();
  });

  test('it rejects what it computes as interrupted when it is closed', async () => {
    const pool = makePool(1, { strategyModules: [harmful] });
    const job = failureOf(pool.execute(jobOf(await harm('client', 'dawdle', 1, { rounds: 1_000_000 }))));
    await roundsUnderWay();
    await pool.close();
    expect(codeOf(await job)).toMatch(/MARINADE_EXECUTION_INTERRUPTED/);
  });

  test('it loads a data set once, and again after a failure, which costs no memory', async () => {
    const pool = poolOf('runs');
    const spec = { name: 'synthetic-adult', normalize: 'rows' } as const;
    const [one, two] = await Promise.all([pool.load(spec), pool.load(spec)]);
    expect(two).toBe(one);
    const used = pool.sharedBytes;
    for (let i = 0; i < 3; i++) {
      const missing = { file: '/nowhere/x.txt', format: 'libsvm', targets: 'classes', normalize: 'none' } as const;
      expect(codeOf(await failureOf(pool.load(missing)))).toMatch(/^MARINADE_DATA_/);
    }
    expect(pool.sharedBytes).toBe(used);
  });

  test('it refuses a job for other data than those found here', async () => {
    const pool = poolOf('runs');
    const study = {
      study: 'data',
      experiment: {
        problem: { name: 'logistic-regression', l2: 0.1 },
        data: { name: 'synthetic-adult', normalize: 'rows' },
        clients: { total: 3 },
        method: { name: 'gradient-descent', stepSize: 0.1 },
        aggregator: { name: 'mean' },
        rounds: 2,
      },
    };
    const [run] = await runsOf(study, [], pool);
    expect((await carry(run!, pool)).outcome).toBe('completed');
    const failure = (await failureOf(pool.execute(jobOf(run!, { dataSha256: 'ab'.repeat(32) })))) as unknown as MarinadeError;
    expect(failure.code).toBe('MARINADE_DATA_CHECKSUM');
  });

  test('it refuses a run that does not fit into memory before its first round, with the numbers', async () => {
    const pool = poolOf('runs');
    const used = pool.sharedBytes;
    const [run] = await runsOf({
      study: 'large',
      experiment: {
        problem: { name: 'quadratic', dimension: 2000 },
        clients: { total: 1000, byzantine: 999 },
        method: { name: 'gradient-descent', stepSize: 0.1 },
        aggregator: { name: 'mean' },
        rounds: 5,
      },
    });
    // Planning would have refused it: a job may come from elsewhere.
    const experiment = run!.experiment.replace('"dimension":2000', '"dimension":2000000');
    const failure = await failureOf(pool.execute(jobOf({ ...run!, experiment })));
    expect(codeOf(failure)).toBe('MARINADE_PRECONDITION_MEMORY');
    expect(failure.message).toMatch(/1000 clients and d = 2000000 need 15\.\d GiB of memory .* a process has 4\.0 GiB/);
    expect(pool.sharedBytes).toBe(used);
  });
});
