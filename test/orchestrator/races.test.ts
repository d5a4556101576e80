/** What users ask while the ledger is still at work on something else: each of these undid an answer once, or lost a run. */
import { describe, expect, test } from 'vitest';
import { Orchestrator } from '../../src/orchestrator/orchestrator.ts';
import type { Plan } from '../../src/orchestrator/plan/plan-study.ts';
import { MarinadeError } from '../../src/shared/errors.ts';
import type { RoundJobResult } from '../../src/shared/messages/round-job.ts';
import { SimulatedLedger } from './simulation/ledger.ts';
import { planOf } from './simulation/operator.ts';
import { computed, simulatedRun } from './simulation/runs.ts';

const specs = new Map(['a', 'b'].map((key, i) => [key, simulatedRun(key, 1 + 2 * i, 4, 'healthy', 0)]));
const plan = (studyKey: string, ...runKeys: string[]): Plan =>
  planOf(
    studyKey,
    runKeys.map((key) => specs.get(key)!),
  );

/** An orchestrator whose ledger works when it is told to, and whose jobs come back when they are told to. */
function setting() {
  const ledger = new SimulatedLedger(specs);
  const jobs: { readonly runKey: string; comesBack(): void; dies(): void }[] = [];
  const orchestrator = new Orchestrator({
    ledger: ledger.connect(),
    dispatcher: {
      outstanding: 2,
      dispatch: (job) =>
        new Promise<RoundJobResult>((resolve, reject) =>
          jobs.push({
            runKey: job.runKey,
            comesBack: () => resolve(computed(specs.get(job.runKey)!, job, job.rounds)),
            dies: () => reject(new MarinadeError('MARINADE_EXECUTION_WORKER_LOST', 'as the test says', { witnessed: true })),
          }),
        ),
      recall: () => {},
      requestStop: () => {},
      close: async () => {},
    },
    worker: 'test',
    roundsPerJob: 'auto',
    solveOptimum: async () => ({ value: 0, certificate: {} }),
    onWarning: () => {},
  });
  /** The ledger carries out what was asked of it, up to a call of that name, and answers. */
  const work = async (upTo?: string, answered = true): Promise<void> => {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const method = ledger.sent[0]?.method;
      if (method === undefined) return;
      ledger.carryOutNext(false);
      if (method === upTo && !answered) return;
      for (const answer of ledger.answers.splice(0)) answer();
      if (method === upTo) return void (await new Promise((resolve) => setImmediate(resolve)));
    }
  };
  const comeBack = async (): Promise<void> => {
    while (jobs.length > 0) {
      jobs.shift()!.comesBack();
      await work();
    }
  };
  const outcomes = (): unknown[] => [...ledger.runs.values()].map(({ outcome }) => outcome);
  return { ledger, orchestrator, jobs, work, comeBack, outcomes };
}

describe('a study', () => {
  test('it stays cancelled when it was cancelled while it was taken up', async () => {
    const { orchestrator, work, jobs, outcomes } = setting();
    void orchestrator.submit(plan('s', 'a'));
    await work('submit');
    void orchestrator.cancelStudy('s');
    await work();
    expect(orchestrator.progress).toEqual([]);
    expect(jobs).toEqual([]);
    expect(outcomes()).toEqual(['cancelled']);
  });

  test('it stays paused when it was paused while it was taken up', async () => {
    const { orchestrator, work, jobs } = setting();
    void orchestrator.submit(plan('s', 'a'));
    await work('submit');
    void orchestrator.setStudy('s', { paused: true });
    await work();
    expect(jobs).toEqual([]);
    void orchestrator.setStudy('s', { paused: false });
    await work();
    expect(jobs).toHaveLength(1);
  });

  test('it gives nothing out after its pause was acknowledged, and all of it after it was resumed', async () => {
    const { orchestrator, work, jobs, comeBack, outcomes } = setting();
    // The optimum of run b is looked up, and stored, between its attempt and its job.
    void orchestrator.submit(plan('s', 'b'));
    await work('beginAttempt');
    void orchestrator.setStudy('s', { paused: true });
    await work();
    expect(jobs).toEqual([]);
    void orchestrator.setStudy('s', { paused: false });
    await work();
    await comeBack();
    expect(outcomes()).toEqual(['completed']);
  });

  test('it leaves a run to another study that wants it and has not read it yet', async () => {
    const { orchestrator, work, comeBack, outcomes } = setting();
    void orchestrator.submit(plan('s', 'a'));
    await work();
    void orchestrator.submit(plan('t', 'a'));
    await work('submit');
    void orchestrator.cancelStudy('s');
    await work();
    await comeBack();
    expect(outcomes()).toEqual(['completed']);
    expect(orchestrator.outstanding).toBe(0);
  });

  test('it is not finished again before what was retried has ended', async () => {
    const { orchestrator, work, comeBack } = setting();
    void orchestrator.submit(plan('s', 'a'));
    await work();
    void orchestrator.cancelRun('a');
    await work();
    await orchestrator.finished('s');
    void orchestrator.retry({ studyKey: 's' });
    await work();
    let finished = false;
    void orchestrator.finished('s').then(() => {
      finished = true;
    });
    await work();
    expect(finished).toBe(false);
    await comeBack();
    expect(finished).toBe(true);
  });

  test('it goes on with a run that another, which stands still, has retried', async () => {
    const { orchestrator, work, comeBack, outcomes } = setting();
    void orchestrator.submit(plan('s', 'a'));
    void orchestrator.submit(plan('t', 'a'));
    await work();
    void orchestrator.cancelRun('a');
    void orchestrator.setStudy('t', { paused: true });
    void orchestrator.retry({ studyKey: 't', runKey: 'a' });
    await work();
    await comeBack();
    expect(outcomes()).toEqual(['completed']);
  });

  test('it counts what became of its runs before it had read them', async () => {
    const { orchestrator, work, jobs, ledger } = setting();
    void orchestrator.submit(plan('s', 'a'));
    await work();
    void orchestrator.submit(plan('t', 'a', 'b'));
    await work('rollup', false);
    jobs.shift()!.comesBack();
    await work();
    for (const { studyKey, total, finished, failed, roundsLeft } of orchestrator.progress)
      expect({ total, finished, failed, roundsLeft }).toEqual(ledger.rollup(studyKey));
  });
});

describe('a run', () => {
  test('it goes on under its new epoch when it was cancelled while its study was read, and retried', async () => {
    const { orchestrator, work, comeBack, ledger, outcomes } = setting();
    void orchestrator.submit(plan('s', 'a'));
    await work('unfinished', false);
    void orchestrator.cancelRun('a');
    await work();
    expect(outcomes()).toEqual(['cancelled']);
    void orchestrator.retry({ studyKey: 's' });
    await work();
    await comeBack();
    expect(ledger.runs.get('a')).toMatchObject({ outcome: 'completed', epoch: 2 });
    expect(orchestrator.progress[0]).toMatchObject({ finished: 1, failed: 0, roundsLeft: 0 });
  });

  test('it is not quarantined for what it did before it was cancelled and submitted again', async () => {
    const { orchestrator, work, jobs, ledger } = setting();
    void orchestrator.submit(plan('s', 'a'));
    await work();
    for (let deaths = 1; deaths <= 2; deaths++) {
      jobs.shift()!.dies();
      await work();
    }
    jobs.shift()!.dies();
    await new Promise((resolve) => setImmediate(resolve));
    void orchestrator.cancelStudy('s');
    void orchestrator.submit(plan('s', 'a'));
    await work();
    expect(ledger.runs.get('a')).toMatchObject({ outcome: null, epoch: 2, deaths: 0 });
    expect(jobs).toHaveLength(1);
  });
});
