import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  cellLabel,
  cellsOf,
  estimate,
  estimateOf,
  lastValues,
  parameterLabel,
  ranked,
  valueLabel,
} from '../../../src/orchestrator/results/statistics.ts';
import type { Outcome } from '../../../src/shared/outcome.ts';
import { madeUp } from './made-up-study.ts';

interface Golden {
  readonly name: string;
  readonly values: readonly number[];
  readonly arithmetic: { readonly mean: number; readonly low: number; readonly high: number };
  readonly geometric: { readonly mean: number; readonly low: number; readonly high: number } | null;
}

const golden = JSON.parse(readFileSync(new URL('../../fixtures/estimates.json', import.meta.url), 'utf8')) as Golden[];

/** Two implementations of the t-quantile, and sums in another order. */
const RELATIVE = 1e-9;

function expectClose(found: number, wanted: number): void {
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(RELATIVE * Math.abs(wanted));
}

describe.each(golden)('the estimate of $name', ({ values, arithmetic, geometric }) => {
  it("has SciPy's mean and t-interval", () => {
    const found = estimateOf(values, false)!;
    expect([found.n, found.geometric]).toEqual([values.length, false]);
    expectClose(found.mean, arithmetic.mean);
    expectClose(found.low, arithmetic.low);
    expectClose(found.high, arithmetic.high);
  });

  it('is geometric on request, unless a value is not positive', () => {
    const found = estimateOf(values, true)!;
    expect(found.geometric).toBe(geometric !== null);
    const wanted = geometric ?? arithmetic;
    expectClose(found.mean, wanted.mean);
    expectClose(found.low, wanted.low);
    expectClose(found.high, wanted.high);
  });
});

describe('an estimate', () => {
  it('of one value is that value, to the bit, without an interval', () => {
    expect(estimateOf([0.1 + 0.2], true)).toEqual({ n: 1, mean: 0.1 + 0.2, low: Number.NaN, high: Number.NaN, geometric: true });
  });

  it('of nothing is nothing', () => {
    expect(estimateOf([], true)).toBeUndefined();
  });

  it('is over runs that ended by themselves with finite numbers, and says over how many', () => {
    const ends: (Outcome | null)[] = [
      'completed',
      'target-reached',
      'plateau',
      'diverged',
      'failed',
      'cancelled',
      'budget',
      'pruned',
      'quarantined',
      null,
    ];
    const { runs } = madeUp({
      seeds: ends.map((_, seed) => seed),
      outcome: (_, seed) => ends[seed]!,
      metrics: { 'optimality-gap': (_, __, seed) => seed + 1 },
    });
    expect(lastValues(runs, 'optimality-gap')).toEqual([1, 2, 3]);
    expect(estimate(runs, 'optimality-gap')!.n).toBe(3);
    expect(lastValues(runs, 'loss')).toEqual([]);
  });

  it('leaves infinite last values out of the mean', () => {
    const { runs } = madeUp({ metrics: { 'clipping-level': (_, __, seed) => (seed === 0 ? Number.POSITIVE_INFINITY : 2) } });
    expect(estimate(runs, 'clipping-level')).toMatchObject({ n: 2, mean: 2 });
  });
});

describe('cells', () => {
  it('hold the runs of one combination of parameters in study order, with their outcomes counted', () => {
    const { runs } = madeUp({
      parameters: { 'attack.name': ['shift-back', 'bit-flip'], 'method.stepSize': [0.1, 1] },
      outcome: (cell, seed) => (cell === 3 && seed > 0 ? 'diverged' : 'completed'),
    });
    const cells = cellsOf(runs);
    expect(cells.map(({ label }) => label)).toEqual([
      'shift-back · stepSize 0.1',
      'shift-back · stepSize 1',
      'bit-flip · stepSize 0.1',
      'bit-flip · stepSize 1',
    ]);
    expect(cells[3]!.outcomes).toEqual({ completed: 1, diverged: 2 });
    expect(cells.every((cell) => cell.runs.length === 3)).toBe(true);
  });

  it('are ranked by their means, those with lost runs after the others, those without a mean last', () => {
    const { runs } = madeUp({
      parameters: { 'method.stepSize': [1, 2, 3, 4] },
      metrics: { 'optimality-gap': (_, cell) => [3, 1, 2, 0.1][cell]! },
      outcome: (cell, seed) => (cell === 1 && seed === 0 ? 'diverged' : cell === 3 ? 'diverged' : 'completed'),
    });
    expect(ranked(cellsOf(runs), 'optimality-gap').map(({ label }) => label)).toEqual([
      'stepSize 3',
      'stepSize 1',
      'stepSize 2',
      'stepSize 4',
    ]);
  });

  it('are ranked from the largest where more is better', () => {
    const { runs } = madeUp({ parameters: { 'method.stepSize': [1, 2] }, metrics: { 'test-accuracy': (_, cell) => 0.5 + 0.1 * cell } });
    expect(ranked(cellsOf(runs), 'test-accuracy')[0]!.label).toBe('stepSize 2');
  });
});

describe('labels', () => {
  it.each([
    [{ name: 'step-proportional', factor: 0.1 }, 'step-proportional factor 0.1'],
    [{ name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] }, 'coordinate-median preAggregators bucketing size 2'],
    [[], 'none'],
    [true, 'true'],
    [null, 'null'],
  ])('of %j is %s', (value, label) => {
    expect(valueLabel(value)).toBe(label);
  });

  it('name the parameter of a number, not of a name', () => {
    expect(parameterLabel('method.stepSize', 0.1)).toBe('stepSize 0.1');
    expect(parameterLabel('attack.name', 'shift-back')).toBe('shift-back');
    expect(parameterLabel('clipping', { name: 'none' })).toBe('none');
    expect(cellLabel({})).toBe('all runs');
  });
});
