import { afterAll, describe, expect, test } from 'vitest';
import { inProcessDispatcher } from '../../../src/orchestrator/dispatchers/in-process.ts';
import { openLedgerInline } from '../../../src/orchestrator/ledger/open-ledger.ts';
import { IsolatedExecutor } from '../../../src/worker/isolated.ts';
import { carryOut, planOf } from '../../integration/queue-harness.ts';
import { flipped, storedCheckpoints } from '../../support/stored-checkpoints.ts';
import { makePool } from '../../worker/support.ts';
import { temporaryFolder } from './support.ts';

interface Run {
  readonly rounds?: number;
  readonly every?: number;
  readonly names?: readonly string[];
  readonly stop?: string;
  readonly stepSize?: number;
}

const study = ({
  rounds = 60,
  every = 10,
  names = ['loss', 'gradient-norm', 'injected-error'],
  stop = '{}',
  stepSize = 0.1,
}: Run): string => `study: longer
experiment:
  problem: { name: quadratic, dimension: 12, heterogeneity: 1 }
  clients: { total: 9, byzantine: 2 }
  participation: { name: uniform, cohort: 5 }
  method: { name: client-momentum, stepSize: ${stepSize}, batchSize: 1 }
  aggregator: { name: centered-clipping }
  attack: { name: a-little-is-enough }
  rounds: ${rounds}
  metrics: { every: ${every}, names: [${names.join(', ')}] }
  stop: ${stop}
`;

/** Carries one run out after others in the same folder, in jobs of 7 rounds; where it began, and what came out. */
async function carry(
  folder: string,
  run: Run,
): Promise<{ began: number; resultHash: string | null; outcome: string | null; rounds: number }> {
  const options = { data: {}, strategyModules: [] };
  const dispatcher = inProcessDispatcher(makePool(1, { plan: 'inline' }), new IsolatedExecutor(options));
  const carried = await carryOut(await planOf(study(run)), dispatcher, folder, 7);
  const { runKey, resultHash, outcome, committedRound } = carried.runs[0]!;
  const ledger = await openLedgerInline(folder);
  const [attempt] = await ledger.attempts(runKey);
  await ledger.close();
  return { began: attempt!.fromRound, resultHash, outcome, rounds: committedRound };
}

const fresh = new Map<string, string | null>();
afterAll(() => fresh.clear());

/** The hash of a run that nobody helped. */
async function freshHash(run: Run): Promise<string | null> {
  const key = JSON.stringify(run);
  if (!fresh.has(key)) fresh.set(key, (await carry(temporaryFolder(), run)).resultHash);
  return fresh.get(key)!;
}

describe('a run whose trajectory is known', () => {
  test.each<[string, Run, Run, number]>([
    ['longer: from the end of the shorter', {}, { rounds: 100 }, 60],
    ['longer by one round', {}, { rounds: 61 }, 60],
    ['longer, where the shorter ended beside its grid: from the checkpoint before', { rounds: 55 }, { rounds: 100 }, 49],
    ['fewer metrics, in another order', {}, { rounds: 100, names: ['gradient-norm', 'loss'] }, 60],
    ['as long, fewer metrics: from the checkpoint before the end', {}, { names: ['loss'] }, 56],
    ['shorter: from no checkpoint behind its end', {}, { rounds: 57 }, 56],
    [
      'the same stop rules, not reached',
      { stop: '{ target: { metric: loss, below: -1 } }' },
      { rounds: 100, stop: '{ target: { metric: loss, below: -1 } }' },
      60,
    ],
    [
      'a plateau is judged, but not in the last round: from the checkpoint before',
      { stop: '{ plateau: { metric: loss, recorded: 90 } }' },
      { rounds: 100, stop: '{ plateau: { metric: loss, recorded: 90 } }' },
      56,
    ],
    ['shorter than every checkpoint: from x^0', {}, { rounds: 50 }, -1],
    ['another metric: from x^0', {}, { rounds: 100, names: ['loss', 'estimator-error'] }, -1],
    ['other recorded rounds: from x^0', {}, { rounds: 100, every: 5 }, -1],
    ['other stop rules: from x^0', {}, { rounds: 100, stop: '{ diverged: { factor: 10 } }' }, -1],
    ['another trajectory: from x^0', {}, { rounds: 100, stepSize: 0.2 }, -1],
  ])('%s', async (_, known, run, began) => {
    const folder = temporaryFolder();
    await carry(folder, known);
    const carried = await carry(folder, run);
    expect(carried.began).toBe(began);
    expect(carried.resultHash).toBe(await freshHash(run));
    expect(carried.outcome).toBe('completed');
  });

  test('it ends where the other ended by itself, computed on its own', async () => {
    const stop = '{ target: { metric: loss, below: 100 } }';
    const folder = temporaryFolder();
    expect(await carry(folder, { stop })).toMatchObject({ outcome: 'target-reached', rounds: 0 });
    const longer = await carry(folder, { stop, rounds: 100 });
    expect(longer).toMatchObject({ began: -1, outcome: 'target-reached', rounds: 0 });
    expect(longer.resultHash).toBe(await freshHash({ stop, rounds: 100 }));
  });

  test('it takes the older checkpoint of the other where the newest is damaged', async () => {
    const folder = temporaryFolder();
    await carry(folder, {});
    const newest = storedCheckpoints(folder)[0]![0]!;
    expect(newest.round).toBe(60);
    newest.replace(flipped(newest.bytes, 300));
    const longer = await carry(folder, { rounds: 100 });
    expect(longer.began).toBe(56);
    expect(longer.resultHash).toBe(await freshHash({ rounds: 100 }));
  });

  test('it says in the journal whose trajectory it goes on with', async () => {
    const folder = temporaryFolder();
    await carry(folder, {});
    await carry(folder, { rounds: 100 });
    const [other, run] = await Promise.all([{}, { rounds: 100 }].map(async (one) => (await planOf(study(one))).runs[0]!.runKey));
    const ledger = await openLedgerInline(folder);
    const events = (await ledger.events(0)).filter(({ kind }) => kind === 'run:continue');
    await ledger.close();
    expect(events).toMatchObject([{ run, data: { trajectoryOf: other, round: 60 } }]);
  });
});
