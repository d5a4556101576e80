import { describe, expect, test } from 'vitest';
import { catalog } from '../../../src/algorithm/catalog.ts';
import { compile } from '../../../src/algorithm/engine/compile.ts';
import { Simulation } from '../../../src/algorithm/engine/simulation.ts';
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import { cohortProbabilities } from '../../../src/algorithm/theory/probabilities.ts';
import { type Draws, type RoundReport, simulate } from '../../../src/index.ts';
import { resolveExperiment } from '../../../src/simulate.ts';

const base = {
  problem: { name: 'quadratic', dimension: 3 },
  clients: { total: 20, byzantine: 5 },
  participation: { name: 'uniform', cohort: 4 },
  method: { name: 'byz-vr-marina-pp', stepSize: 0.1, refresh: { probability: 0.05 }, batchSize: 1 },
  aggregator: { name: 'mean' },
  rounds: 400,
  metrics: { every: 1, names: ['cohort-byzantine', 'byzantine-majority'] },
};

async function reportsOf(experiment: Readonly<Record<string, unknown>>, draws?: Draws): Promise<RoundReport[]> {
  const reports: RoundReport[] = [];
  await simulate({ ...base, ...experiment }, { onRound: (report) => reports.push(report), ...(draws === undefined ? {} : { draws }) });
  return reports;
}

/** A run whose notes can be asked for. */
function completed(experiment: Readonly<Record<string, unknown>>): { simulation: Simulation; reports: RoundReport[] } {
  const reports: RoundReport[] = [];
  const simulation = new Simulation({
    compiled: compile(resolveExperiment({ ...base, ...experiment }), catalog),
    data: undefined,
    testData: undefined,
    arena: plainArena(),
    optimum: null,
    onRound: (report) => reports.push(report),
  });
  simulation.begin();
  while (simulation.advance() === null);
  return { simulation, reports };
}

describe('cohorts', () => {
  test('it draws C clients, C-hat in refresh rounds, all at the start, in increasing order', async () => {
    const reports = await reportsOf({ participation: { name: 'uniform', cohort: 4, largeCohort: 15 } });
    expect(reports[0]!.cohort).toEqual(Array.from({ length: 20 }, (_, i) => i));
    for (const { k, cohort, refresh } of reports.slice(1)) {
      expect(cohort.length, `round ${k}`).toBe(refresh ? 15 : 4);
      expect(cohort).toEqual([...new Set(cohort)].sort((a, b) => a - b));
    }
    const refreshes = reports.slice(1).filter(({ refresh }) => refresh).length;
    expect(Math.abs(refreshes - 20)).toBeLessThan(3 * Math.sqrt(400 * 0.05 * 0.95));
  });

  test('it holds majorities as often as the hypergeometric law says', async () => {
    const rounds = 20_000;
    const { metrics } = await simulate({
      ...base,
      method: { ...base.method, refresh: { every: 1_000_000 } },
      rounds,
      metrics: { every: rounds, names: ['byzantine-majority'] },
    });
    const { majority } = cohortProbabilities(20, 5, 4, 1);
    const error = Math.sqrt(rounds * majority * (1 - majority));
    expect(Math.abs(metrics['byzantine-majority']!.at(-1)! - rounds * majority)).toBeLessThan(3 * error);
  });

  test('it keeps g where nobody came, and counts the round', async () => {
    const { simulation, reports } = completed({ participation: { name: 'bernoulli', probability: 0.05 }, rounds: 100 });
    const empty = reports.filter(({ cohort }) => cohort.length === 0);
    expect(empty.length).toBeGreaterThan(10);
    expect(simulation.notes()['emptyCohorts']).toBe(empty.length);
    for (const { k, g } of empty) expect(g).toEqual(reports[k - 1]!.g);
    expect(new Set(reports.slice(1).map(({ cohort }) => cohort.length)).size).toBeGreaterThan(2);
  });

  test('it does not count a start that asks nobody', () => {
    const { simulation, reports } = completed({ method: { ...base.method, initialEstimator: 'exact' }, rounds: 5 });
    expect(reports[0]!.cohort).toEqual([]);
    expect(simulation.notes()['emptyCohorts']).toBe(0);
  });
});

describe('who lies', () => {
  const everybody = { participation: { name: 'full' }, rounds: 60, attack: { name: 'gaussian' } };

  test('it is the last clients, or a set drawn anew every so many rounds', async () => {
    // A gaussian liar is clipped at a level no honest message reaches.
    const marked = {
      ...everybody,
      clipping: { name: 'fixed', level: 1e-3 },
      method: { ...base.method, initialEstimator: 'zero', refresh: { every: 1000 } },
    };
    const fixed = await reportsOf(marked);
    expect(fixed[1]!.clippedClients).toEqual([15, 16, 17, 18, 19]);
    const redrawn = await reportsOf({
      ...marked,
      method: { ...marked.method, stepSize: 1e-9 },
      clients: { ...base.clients, byzantineIdentity: { redrawEvery: 20 } },
    });
    const liars = redrawn.map(({ clippedClients }) => clippedClients.join());
    expect(redrawn[1]!.clippedClients).toHaveLength(5);
    expect(new Set(liars.slice(1, 20)).size).toBe(1);
    expect(new Set(liars.slice(20, 40)).size).toBe(1);
    expect(new Set([liars[1], liars[20], liars[40]]).size).toBe(3);
  });

  test('it may change only where the objective does not', async () => {
    const redrawn = { ...everybody, clients: { ...base.clients, byzantineIdentity: { redrawEvery: 20 } }, rounds: 1 };
    await expect(simulate({ ...base, ...redrawn, problem: { name: 'quadratic', heterogeneity: 1 } })).rejects.toThrow(
      /MARINADE_PRECONDITION_UNSUPPORTED.*redrawEvery/,
    );
    await expect(simulate({ ...base, ...redrawn, partition: { name: 'iid' } })).rejects.toThrow(
      /MARINADE_PRECONDITION_UNSUPPORTED.*redrawEvery/,
    );
  });
});

describe('replaced draws', () => {
  test.each<[string, Draws]>([
    ['a client twice', { cohort: () => [1, 1] }],
    ['a client that does not exist', { cohort: () => [20] }],
    ['half a client', { cohort: () => [0.5] }],
  ])('it refuses %s in a cohort', async (_what, draws) => {
    await expect(reportsOf({ rounds: 1 }, draws)).rejects.toThrow(/MARINADE_SHAPE_DIMENSION.*draws\.cohort\(1\)/);
  });

  test('it takes a cohort in any order and reports it by client number', async () => {
    const reports = await reportsOf({ rounds: 1 }, { cohort: () => [7, 2, 19] });
    expect(reports[1]!.cohort).toEqual([2, 7, 19]);
  });

  test('it leaves to the streams what is not replaced', async () => {
    const free = await reportsOf({ rounds: 30 });
    const given = await reportsOf({ rounds: 30 }, { cohort: (k) => free[k]!.cohort, refresh: (k) => free[k]!.refresh });
    expect(given.map(({ x, g }) => [x, g])).toEqual(free.map(({ x, g }) => [x, g]));
  });
});
