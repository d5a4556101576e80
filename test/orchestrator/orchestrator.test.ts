/** The orchestrator between a real ledger and an executor that does as it is told. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type OwnedLedger, openLedgerInline } from '../../src/orchestrator/ledger/open-ledger.ts';
import { Orchestrator, type OrchestratorOptions } from '../../src/orchestrator/orchestrator.ts';
import { runStudy } from '../../src/orchestrator/run-study.ts';
import type { Dispatcher } from '../../src/shared/contracts/dispatcher.ts';
import type { PlannedRun } from '../../src/shared/contracts/ledger.ts';
import { codeOf, MarinadeError } from '../../src/shared/errors.ts';
import type { RoundJob, RoundJobResult } from '../../src/shared/messages/round-job.ts';
import { hashOfRun, jobResult, plannedRun, plannedStudy } from './ledger/runs.ts';
import { failureOf, temporaryFolder } from './ledger/support.ts';

type Execute = (job: RoundJob, isolated: boolean) => Promise<RoundJobResult>;

const rounds = 20;
/** What an honest executor makes of a job. */
const computed = (job: RoundJob, changes: Partial<RoundJobResult> = {}): RoundJobResult =>
  jobResult(job.runKey, job.fromRound, Math.min(rounds, Math.max(0, job.fromRound) + job.rounds), { rounds, epoch: job.epoch, ...changes });

function dispatcherOf(execute: Execute, outstanding = 2): Dispatcher & { stops: number } {
  return {
    stops: 0,
    outstanding,
    dispatch: (job, { isolated }) => execute(job, isolated),
    recall: () => {},
    requestStop() {
      this.stops++;
    },
    close: async () => {},
  };
}

/** A study of so many runs, carried out; what the ledger says afterwards. */
async function setting(execute: Execute, planned: readonly PlannedRun[] = ['a', 'b', 'c'].map((key) => plannedRun(key, { rounds }))) {
  const ledger = await openLedgerInline(temporaryFolder());
  onTestFinished(() => ledger.close().catch(() => {}));
  const warnings: string[] = [];
  const dispatcher = dispatcherOf(execute);
  const options: OrchestratorOptions = {
    ledger,
    dispatcher,
    worker: 'test',
    roundsPerJob: 8,
    solveOptimum: async () => ({ value: 0.5, certificate: {} }),
    onWarning: (message) => warnings.push(message),
  };
  const plan = { ...plannedStudy('s', planned), cells: [], dropped: [], parameters: [], seeds: [] } as never;
  const abort = new AbortController();
  const carryOut = (changes: Partial<OrchestratorOptions> = {}) => runStudy({ ...options, ...changes, plan, signal: abort.signal });
  const outcomes = async () => (await ledger.runs('s')).map(({ outcome }) => outcome);
  return { ledger, warnings, dispatcher, options, abort, carryOut, outcomes, plan };
}

/** A ledger some of whose calls do something else. */
const withCalls = (ledger: OwnedLedger, calls: Partial<OwnedLedger>): OwnedLedger => ({ ...ledger, ...calls });

describe('carrying out a study', () => {
  test('it tells the dispatcher of a run that is given up that nothing follows', async () => {
    const { carryOut, dispatcher, outcomes } = await setting(async (job) => {
      if (job.runKey === 'b') throw new MarinadeError('MARINADE_EXECUTION_FAILED', 'as it was told');
      return computed(job);
    });
    const recalled: string[] = [];
    await carryOut({ dispatcher: { ...dispatcher, recall: (runKey) => void recalled.push(runKey) } });
    expect(await outcomes()).toEqual(['completed', 'failed', 'completed']);
    expect(recalled).toEqual(['b']);
  });

  test('it ends with the reason when nothing can be dispatched any more, and blames no run', async () => {
    const lost = Promise.withResolvers<MarinadeError>();
    const asked: string[] = [];
    const { carryOut, dispatcher, outcomes } = await setting(async ({ runKey }) => {
      asked.push(runKey);
      lost.resolve(new MarinadeError('MARINADE_EXECUTION_QUEUE_OWNED', 'another has it'));
      throw new MarinadeError('MARINADE_EXECUTION_INTERRUPTED', 'undone');
    });
    expect((await failureOf(carryOut({ dispatcher: { ...dispatcher, lost: lost.promise } }))).code).toBe('MARINADE_EXECUTION_QUEUE_OWNED');
    expect(await outcomes()).toEqual([null, null, null]);
    expect(asked.length).toBeLessThan(10);
  });

  test('it cuts runs into jobs, one out at a time for each, and commits what they compute', async () => {
    const out = new Set<string>();
    const jobs: [string, number, number][] = [];
    const { carryOut, ledger } = await setting(async (job) => {
      expect(out.has(job.runKey)).toBe(false);
      out.add(job.runKey);
      jobs.push([job.runKey, job.fromRound, job.rounds]);
      await Promise.resolve();
      out.delete(job.runKey);
      return computed(job);
    });
    expect(await carryOut()).toMatchObject({ interrupted: false, submitted: { added: 3 } });
    expect(jobs.filter(([runKey]) => runKey === 'c')).toEqual([
      ['c', -1, 8],
      ['c', 8, 8],
      ['c', 16, 4],
    ]);
    expect((await ledger.runs('s')).map(({ resultHash }) => resultHash)).toEqual(Array(3).fill(hashOfRun(rounds)));
  });

  test('it gives auto jobs all rounds and a budget of time, others none', async () => {
    const budgets = new Set<unknown>();
    const execute: Execute = async (job) => {
      budgets.add([job.rounds, job.budgetMs].join());
      return computed(job);
    };
    await (await setting(execute)).carryOut({ roundsPerJob: 'auto' });
    await (await setting(execute)).carryOut({ roundsPerJob: 20 });
    expect([...budgets]).toEqual(['20,2000', '20,']);
  });

  test('it goes on from the newest checkpoint that is intact, and says what is wrong with newer ones', async () => {
    const first = await setting(async (job) => {
      if (job.fromRound >= 8) first.abort.abort();
      return computed(job);
    });
    expect(await first.carryOut()).toMatchObject({ interrupted: true });
    const { checkpoint } = first.ledger;
    const from: number[] = [];
    const second = await runStudy({
      ...first.options,
      plan: first.plan,
      signal: new AbortController().signal,
      ledger: withCalls(first.ledger, {
        checkpoint: async (runKey) => {
          const found = await checkpoint(runKey, 8);
          return runKey === 'a' ? found && { ...found, damaged: ['the newest: bad'] } : runKey === 'b' ? undefined : found;
        },
      }),
      dispatcher: dispatcherOf(async (job) => {
        from.push(job.fromRound);
        return computed(job);
      }),
    });
    expect(second.interrupted).toBe(false);
    expect(first.warnings).toContain('the newest: bad');
    expect(first.warnings).toContainEqual(expect.stringMatching(/no checkpoint of run b is intact/));
    expect(from).toContain(8);
    expect((await first.ledger.runs('s')).map(({ resultHash }) => resultHash)).toEqual(Array(3).fill(hashOfRun(rounds)));
  });

  test('it solves for f* once per objective, and not at all when the ledger knows it', async () => {
    const solved: string[] = [];
    const optima: (number | null)[] = [];
    const planned = ['a', 'b', 'c', 'd'].map((key, i) => ({
      ...plannedRun(key, { rounds }),
      objectiveKey: i === 3 ? null : `objective-${i % 2}`,
    }));
    const execute: Execute = async (job) => {
      optima.push(job.optimum);
      return computed(job);
    };
    const one = await setting(execute, planned);
    await one.ledger.storeOptimum('objective-1', { value: 7, certificate: {} });
    await one.carryOut({
      roundsPerJob: 20,
      solveOptimum: async (experiment) => {
        solved.push(experiment);
        return { value: 0.25, certificate: { method: 'test' } };
      },
    });
    expect(solved).toHaveLength(1);
    expect(optima.sort()).toEqual([0.25, 0.25, 7, null].sort());
    expect(await one.ledger.optimum('objective-0')).toEqual({ value: 0.25, certificate: { method: 'test' } });
  });
});

describe('what does not go well', () => {
  test('a run that throws fails; deaths are counted, isolate and condemn; other runs complete', async () => {
    const isolated: string[] = [];
    const { carryOut, ledger } = await setting(async (job, alone) => {
      if (alone) isolated.push(job.runKey);
      if (job.runKey === 'a') throw new MarinadeError('MARINADE_EXECUTION_FAILED', 'as it was told');
      if (job.runKey === 'b') throw new MarinadeError('MARINADE_EXECUTION_WORKER_LOST', 'gone', alone ? { witnessed: true } : {});
      return computed(job);
    });
    await carryOut();
    const runs = await ledger.runs('s');
    expect(runs.map(({ outcome, failure, deaths }) => [outcome, failure?.message ?? null, deaths])).toEqual([
      ['failed', 'as it was told', 0],
      ['quarantined', 'gone', 3],
      ['completed', null, 0],
    ]);
    expect(isolated).toEqual(['b']);
    expect((await ledger.attempts('b')).map(({ worker }) => worker)).toEqual(['test', 'test', 'test (isolated)']);
  });

  test('two executions that disagree raise an alarm, and the run fails rather than overwrite anything', async () => {
    const { carryOut, ledger, warnings } = await setting(async (job) => {
      const result = computed(job);
      if (job.runKey !== 'b' || job.fromRound !== 8) return result;
      // The points of the last job once more, one of them different.
      const again = jobResult('b', -1, 16, { rounds, epoch: job.epoch });
      again.points.columns['loss']![3] = 42;
      return again;
    });
    await carryOut();
    expect((await ledger.runs('s')).map(({ outcome }) => outcome)).toEqual(['completed', 'failed', 'completed']);
    expect((await ledger.run('b'))!.failure!.code).toBe('MARINADE_STORAGE_DETERMINISM');
    expect(warnings.filter((message) => message.startsWith('ALARM: '))).toHaveLength(1);
  });

  test.each(['MARINADE_STORAGE_FULL', 'MARINADE_STORAGE_LEDGER'] as const)(
    'a ledger that takes nothing any more (%s) ends the study with that error; what was committed stays',
    async (code) => {
      let commits = 0;
      const one = await setting(async (job) => computed(job));
      const { commitRoundJob } = one.ledger;
      const ledger = withCalls(one.ledger, {
        commitRoundJob: async (fence, result) => {
          if (++commits > 3) throw new MarinadeError(code, 'no more');
          return commitRoundJob(fence, result);
        },
      });
      // Jobs come back at once from an executor that is closing, as fast as they are given out.
      const execute: Execute = async (job) => {
        if (commits > 3) throw new MarinadeError('MARINADE_EXECUTION_INTERRUPTED', 'closing');
        return computed(job);
      };
      const dispatcher = dispatcherOf(execute);
      expect(codeOf(await failureOf(one.carryOut({ ledger, dispatcher })))).toBe(code);
      expect(dispatcher.stops).toBe(1);
      const committed = (await one.ledger.runs('s')).reduce((sum, { committedRound }) => sum + Math.max(0, committedRound), 0);
      expect(committed).toBe(8 * 3);
      // The same study goes on where it stopped.
      await one.carryOut();
      expect(await one.outcomes()).toEqual(['completed', 'completed', 'completed']);
    },
  );

  test('a run that another attempt took over ends the study: somebody else owns the ledger', async () => {
    const one = await setting(async (job) => {
      await one.ledger.beginAttempt(job.runKey, 'another');
      return computed(job);
    });
    expect(codeOf(await failureOf(one.carryOut()))).toBe('MARINADE_STORAGE_OWNED');
  });
});

describe('being asked to stop', () => {
  test('it lets jobs under way come back, commits them, and leaves no attempt open and no death behind', async () => {
    const one = await setting(async (job) => {
      if (job.runKey === 'b') one.abort.abort();
      await new Promise((resolve) => setTimeout(resolve, 20));
      return computed(job, { ...jobResult(job.runKey, job.fromRound, 3, { rounds }), epoch: job.epoch });
    });
    expect(await one.carryOut()).toMatchObject({ interrupted: true });
    expect(one.dispatcher.stops).toBe(1);
    expect((await one.ledger.runs('s')).map(({ state, committedRound, deaths }) => [state, committedRound, deaths])).toEqual([
      ['queued', 3, 0],
      ['queued', 3, 0],
      ['queued', -1, 0],
    ]);
    expect((await one.ledger.attempts('a')).map(({ reason }) => reason)).toEqual(['interrupted']);
  });

  test('a job that is being prepared is not given out any more', async () => {
    const execute = vi.fn(async (job: RoundJob) => computed(job));
    const one = await setting(execute);
    const { beginAttempt } = one.ledger;
    const ledger = withCalls(one.ledger, {
      beginAttempt: async (runKey, worker) => {
        one.abort.abort();
        await new Promise((resolve) => setTimeout(resolve, 20));
        return beginAttempt(runKey, worker);
      },
    });
    expect(await one.carryOut({ ledger })).toMatchObject({ interrupted: true });
    expect(execute).not.toHaveBeenCalled();
    expect((await one.ledger.runs('s')).every(({ state }) => state === 'queued')).toBe(true);
  });

  test('executors that end because of it are no deaths', async () => {
    const one = await setting(async () => {
      one.abort.abort();
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new MarinadeError('MARINADE_EXECUTION_WORKER_LOST', 'went with the rest');
    });
    expect(await one.carryOut()).toMatchObject({ interrupted: true });
    expect((await one.ledger.runs('s')).map(({ state, deaths }) => [state, deaths])).toEqual(Array(3).fill(['queued', 0]));
  });

  test('asked before it begins, it begins nothing', async () => {
    const execute = vi.fn(async (job: RoundJob) => computed(job));
    const one = await setting(execute);
    one.abort.abort();
    expect(await one.carryOut()).toMatchObject({ interrupted: true, submitted: { added: 3 } });
    expect(execute).not.toHaveBeenCalled();
  });
});

describe('several studies', () => {
  test('a run two studies want is computed once, and cancelling one of them does not take it from the other', async () => {
    const jobs: string[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const one = await setting(async (job) => {
      jobs.push(job.runKey);
      await held;
      return computed(job);
    });
    const orchestrator = new Orchestrator({ ...one.options, roundsPerJob: 20 });
    const shared = plannedRun('shared', { rounds });
    const planOf = (key: string, own: string): never =>
      ({ ...plannedStudy(key, [shared, plannedRun(own, { rounds })]), cells: [], dropped: [], parameters: [], seeds: [] }) as never;
    await orchestrator.submit(planOf('first', 'own-1'));
    await orchestrator.submit(planOf('second', 'own-2'));
    expect(await orchestrator.cancelStudy('first')).toBe(1);
    release();
    await orchestrator.finished('second');
    expect(jobs.filter((runKey) => runKey === 'shared')).toHaveLength(1);
    expect((await one.ledger.runs('second')).map(({ outcome }) => outcome)).toEqual(['completed', 'completed']);
    expect((await one.ledger.run('own-1'))!.outcome).toBe('cancelled');
    await orchestrator.stop();
  });
});
