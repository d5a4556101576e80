import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/algorithm/experiment.ts';
import { cohortsOf, expectedMajorities, MAJORITY } from '../../../src/orchestrator/results/report-cohorts.ts';
import { simulate } from '../../../src/simulate.ts';
import { base, madeUp } from './made-up-study.ts';

const majorities = { [MAJORITY]: (k: number) => Math.round(0.032 * k) };

describe('the expected share of majority rounds', () => {
  const of = (changes: object): number | undefined => expectedMajorities({ ...base, ...changes } as unknown as Experiment);
  /** C(5,3) 15 + C(5,4) over C(20,4): three or four of five liars among four. */
  const small = (10 * 15 + 5) / 4845;

  it('is hypergeometric in usual rounds and that of the large cohort in refresh rounds', () => {
    expect(of({ method: { name: 'sgd' } })).toBeCloseTo(small, 14);
    expect(of({})).toBeCloseTo(0.999 * small, 14);
    expect(of({ method: { refresh: { probability: 0.25 } } })).toBeCloseTo(0.75 * small, 14);
    // Two of two: C(5,2) over C(20,2).
    const large = { participation: { name: 'uniform', cohort: 4, largeCohort: 2 }, method: { refresh: { every: 2 } } };
    expect(of(large)).toBeCloseTo(0.5 * small + 0.5 * (10 / 190), 14);
  });

  it('is 0 or 1 with full participation, and unknown for cohorts of random size', () => {
    expect(of({ participation: { name: 'full' } })).toBe(0);
    expect(of({ participation: { name: 'full' }, clients: { total: 3, byzantine: 2 } })).toBe(1);
    expect(of({ participation: { name: 'bernoulli', probability: 0.2 } })).toBeUndefined();
  });

  it('is what a simulation counts, within four standard errors', async () => {
    const run = await simulate({
      problem: { name: 'quadratic', dimension: 2 },
      clients: { total: 20, byzantine: 5 },
      participation: { name: 'uniform', cohort: 4, largeCohort: 5 },
      method: { name: 'byz-vr-marina-pp', stepSize: 1e-3, refresh: { probability: 0.5 }, batchSize: 1 },
      aggregator: { name: 'mean' },
      rounds: 20_000,
      metrics: { every: 20_000, names: [MAJORITY] },
      seed: 11,
    });
    const expected = expectedMajorities(run.experiment)!;
    const error = Math.sqrt(20_000 * expected * (1 - expected));
    expect(Math.abs(run.metrics[MAJORITY]!.at(-1)! - 20_000 * expected)).toBeLessThan(4 * error);
  });
});

describe('groups of cohorts', () => {
  it('are one per kind of clients and participation, with one curve per seed, whatever else the study varies', async () => {
    const study = madeUp({
      parameters: { 'attack.name': ['bit-flip', 'shift-back'], 'participation.cohort': [4, 8] },
      metrics: majorities,
    });
    const groups = await cohortsOf(study.runs, study.curves);
    expect(groups.map(({ label, rounds, majorities: count, tolerated }) => [label, rounds, count, tolerated])).toEqual([
      ['4 of 20 clients, 5 byzantine', 3000, 96, 1],
      ['8 of 20 clients, 5 byzantine', 3000, 96, 2],
    ]);
    expect(groups[0]!.runs.map(({ seed }) => seed)).toEqual([0, 1, 2]);
    expect(study.asked).toHaveLength(6);
    expect(groups[0]!.probabilities!.good).toBeCloseTo(0.7513, 4);
    expect(groups[0]!.runs[0]!.shares.at(-1)).toBe(0.032);
  });

  it('keep a bounded number of points and curves', async () => {
    const study = madeUp({ seeds: Array.from({ length: 30 }, (_, i) => i), rounds: 5000, every: 1, metrics: majorities });
    const [group] = await cohortsOf(study.runs, study.curves);
    expect(group!.rounds).toBe(150_000);
    expect(group!.runs).toHaveLength(20);
    expect(group!.runs.every(({ rounds }) => rounds.length <= 161 && rounds.at(-1) === 5000)).toBe(true);
  });

  it('are none where nobody counted majorities', async () => {
    const study = madeUp();
    expect(await cohortsOf(study.runs, study.curves)).toEqual([]);
    expect(study.asked).toEqual([]);
  });
});
