/** Paired comparison: which cells meet, which seeds pair, what is counted beside them. */
import { describe, expect, it } from 'vitest';
import { pairedComparison, pairsAlong, pairsWithFirst } from '../../../src/orchestrator/results/paired.ts';
import { cellsOf } from '../../../src/orchestrator/results/statistics.ts';
import type { StudyRun } from '../../../src/shared/contracts/ledger.ts';

type Last = number | 'diverged' | 'unfinished';

/** Runs of a cell over seeds 0, 1, ..., with these last values of `loss`. */
function runsOf(parameters: Record<string, unknown>, ...lasts: Last[]): StudyRun[] {
  return lasts.map((last, seed) => {
    const value = typeof last === 'number' ? last : Number.POSITIVE_INFINITY;
    return {
      runKey: JSON.stringify([parameters, seed]),
      parameters,
      seed,
      state: last === 'unfinished' ? 'running' : 'finished',
      outcome: last === 'unfinished' ? null : last === 'diverged' ? 'diverged' : 'completed',
      metrics: ['loss'],
      summaries: { loss: { first: 1, last: last === 'unfinished' ? 1 : value, min: 0, max: 1 } },
    } as unknown as StudyRun;
  });
}

describe('pairs of cells', () => {
  const cells = cellsOf(
    [
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ].flatMap((parameters) => runsOf(parameters, 1)),
  );
  const labels = (pairs: ReturnType<typeof pairsWithFirst>): string[] =>
    pairs.map(({ reference, cell }) => `${reference.label} < ${cell.label}`);

  it('are every cell with the first', () => {
    expect(labels(pairsWithFirst(cells))).toEqual(['a 1 · b x < a 1 · b y', 'a 1 · b x < a 2 · b x', 'a 1 · b x < a 2 · b y']);
    expect(pairsWithFirst(cells.slice(0, 1))).toEqual([]);
  });

  it('are, along a parameter, the cells that agree in all others', () => {
    expect(labels(pairsAlong(cells, 'a'))).toEqual(['a 1 · b x < a 2 · b x', 'a 1 · b y < a 2 · b y']);
    expect(labels(pairsAlong(cells, 'b'))).toEqual(['a 1 · b x < a 1 · b y', 'a 2 · b x < a 2 · b y']);
  });
});

describe('a paired comparison', () => {
  const compare = (reference: Last[], cell: Last[]): ReturnType<typeof pairedComparison> => {
    const [first, second] = cellsOf([...runsOf({ a: 1 }, ...reference), ...runsOf({ a: 2 }, ...cell)]);
    return pairedComparison({ reference: first!, cell: second! }, 'loss');
  };

  it('has the mean of the differences with a t-interval, and the geometric mean of the ratios', () => {
    const { pairs, difference, ratio, lower, equal, higher } = compare([10, 10, 10], [11, 12, 13]);
    expect({ pairs, lower, equal, higher }).toEqual({ pairs: 3, lower: 0, equal: 0, higher: 3 });
    // Differences 1, 2, 3: mean 2, standard deviation 1; the 97.5 % quantile of t with 2 degrees of freedom is 4.302652729749.
    const half = 4.302652729749464 / Math.sqrt(3);
    expect(difference!.mean).toBe(2);
    // Quantiles agree to 12 digits.
    expect(difference!.high).toBeCloseTo(2 + half, 10);
    expect(difference!.low).toBeCloseTo(2 - half, 10);
    expect(ratio!.mean).toBeCloseTo((1.1 * 1.2 * 1.3) ** (1 / 3), 12);
  });

  it('counts signs, and has no ratio where a number is not positive', () => {
    const { lower, equal, higher, ratio, difference } = compare([1, 1, 1, 0], [0.5, 1, 2, 0]);
    expect({ lower, equal, higher }).toEqual({ lower: 1, equal: 2, higher: 1 });
    expect(ratio).toBeUndefined();
    expect(difference!.mean).toBe(0.125);
  });

  it('pairs by seed, and counts runs that diverged or have not ended beside the pairs', () => {
    const { pairs, difference, without } = compare([1, 'diverged', 3, 4], [2, 2, 'unfinished', 6]);
    expect({ pairs, without }).toEqual({ pairs: 2, without: { cell: 1, reference: 1 } });
    expect(difference!.mean).toBe(1.5);
  });

  it('says nothing where no seed pairs', () => {
    expect(compare(['diverged'], [1])).toMatchObject({ pairs: 0, difference: undefined, without: { cell: 0, reference: 1 } });
  });
});
