/** Cancelling while a run is anywhere between a job given out and a result committed. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { openLedgerInline } from '../../src/orchestrator/ledger/open-ledger.ts';
import { Orchestrator } from '../../src/orchestrator/orchestrator.ts';
import type { Ledger } from '../../src/shared/contracts/ledger.ts';
import { jobResult, plannedRun, plannedStudy } from './ledger/runs.ts';
import { temporaryFolder } from './ledger/support.ts';

const rounds = 20;

/** An orchestrator over two runs whose ledger calls wait where a test says so. */
async function setting(slow: 'beginAttempt' | 'commitRoundJob', act: (orchestrator: Orchestrator) => Promise<unknown>) {
  const ledger = await openLedgerInline(temporaryFolder());
  onTestFinished(() => ledger.close().catch(() => {}));
  const dispatched: string[] = [];
  let acted: Promise<unknown> | undefined;
  const waiting = {
    ...ledger,
    [slow]: async (...parameters: never[]) => {
      acted ??= act(orchestrator);
      // A call that was sent before the cancellation and is carried out after it.
      await acted;
      return (ledger[slow] as (...given: never[]) => Promise<unknown>)(...parameters);
    },
  } as Ledger;
  const orchestrator = new Orchestrator({
    ledger: waiting,
    dispatcher: {
      outstanding: 1,
      dispatch: async (job) => {
        dispatched.push(job.runKey);
        return jobResult(job.runKey, job.fromRound, rounds, { rounds, epoch: job.epoch });
      },
      recall: () => {},
      requestStop: () => {},
      close: async () => {},
    },
    worker: 'test',
    roundsPerJob: 'auto',
    solveOptimum: async () => ({ value: 0, certificate: {} }),
    onWarning: () => {},
  });
  await orchestrator.submit({
    ...plannedStudy(
      's',
      ['a', 'b'].map((key) => plannedRun(key, { rounds })),
    ),
    cells: [],
    dropped: [],
    parameters: [],
    seeds: [],
  } as never);
  await orchestrator.finished('s');
  return { ledger, orchestrator, dispatched };
}

describe('a run that is cancelled', () => {
  test('it ends nothing else when its result was about to be committed', async () => {
    const { ledger, orchestrator } = await setting('commitRoundJob', (one) => one.cancelRun('a'));
    expect((await ledger.runs('s')).map(({ outcome }) => outcome)).toEqual(['cancelled', 'completed']);
    expect(orchestrator.progress[0]).toMatchObject({ finished: 2, failed: 0, roundsLeft: 0 });
  });

  test('it is not given out when its attempt was about to begin', async () => {
    const { ledger, dispatched } = await setting('beginAttempt', (one) => one.cancelStudy('s'));
    expect(dispatched).toEqual([]);
    expect((await ledger.runs('s')).map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled']);
  });
});
