import { describe, expect, test } from 'vitest';
import { aggregators } from '../../../src/algorithm/aggregators/index.ts';
import { distance } from '../../../src/algorithm/kernels/reference/vectors.ts';
import { aggregate } from '../../support/rules.ts';
import { expectClose, normalRows, streamFor } from '../../support/strategies.ts';

const exact = aggregators.schema.parse({ name: 'geometric-median' });

/** Length of the sum of unit vectors from a point to the rows: 0 at the geometric median. */
function pull(rows: readonly Float64Array[], z: Float64Array): number {
  const sum = new Float64Array(z.length);
  for (const row of rows) for (let j = 0; j < z.length; j++) sum[j]! += (row[j]! - z[j]!) / distance(row, z);
  return Math.hypot(...sum);
}

describe('geometric-median', () => {
  test('it is found to the same precision however far the byzantine rows are', () => {
    for (const scale of [1, 1e-4]) {
      for (const far of [1e3, 1e12, 1e100]) {
        const rows = normalRows(streamFor('outliers'), 9, 4, scale);
        for (let i = 5; i < 9; i++) rows[i] = rows[i]!.map((value) => value + far);
        expect(pull(rows, aggregate(exact, rows, { f: 4 }))).toBeLessThan(1e-7);
      }
    }
  });

  test('it does without messages whose distance overflows', () => {
    const rows = normalRows(streamFor('overflow'), 5, 3);
    const out = aggregate(exact, [...rows, Float64Array.of(1e200, 0, 0), Float64Array.of(0, -1e300, 1e300)], { f: 2 });
    expectClose(out, aggregate(exact, rows), 1e-8);
  });

  test('it steps off a message that is not the minimiser and stays on one that is', () => {
    // The coordinate-wise median is the message [0, 0] in both.
    const off = [
      [0, 0],
      [1, 5],
      [-1, 4],
      [3, -1],
      [-2, -1],
    ].map((row) => Float64Array.from(row));
    const left = aggregate(exact, off, { f: 1 });
    expect(Math.hypot(...left)).toBeGreaterThan(0.01);
    expect(pull(off, left)).toBeLessThan(1e-8);
    const on = [
      [0, 0],
      [1, 0.1],
      [-1, -0.1],
      [0.1, 1],
      [-0.1, -1],
    ];
    expect(Array.from(aggregate(exact, on, { f: 1 }))).toEqual([0, 0]);
  });

  test('it is the middle where it is not unique', () => {
    expect(
      Array.from(
        aggregate(exact, [
          [1, 2],
          [3, 6],
        ]),
      ),
    ).toEqual([2, 4]);
    expect(Array.from(aggregate(exact, [[0], [1], [2], [90]]))).toEqual([1.5]);
  });

  test('it does not wander among messages that are equal up to rounding', () => {
    const stream = streamFor('equal');
    const [twenty, one] = [20, 21].map((maxIterations) => aggregators.schema.parse({ name: 'geometric-median', maxIterations }));
    for (let trial = 0; trial < 400; trial++) {
      const centre = normalRows(stream, 1, 1 + (trial % 10), 10)[0]!;
      const rows = Array.from({ length: 3 + (trial % 6) }, () =>
        centre.map((value) => value * (1 + (stream.below(3) - 1) * Number.EPSILON)),
      );
      expect(aggregate(twenty!, rows)).toEqual(aggregate(one!, rows));
    }
  });

  test('it is a message held by most clients, bit for bit', () => {
    const rows = [
      [0.1, 0.7],
      [0.1, 0.7],
      [0.1, 0.7],
      [5, 5],
      [9, -4],
    ];
    expect(Array.from(aggregate(exact, rows, { f: 2 }))).toEqual([0.1, 0.7]);
  });

  test('it stops after the iterations it is given', () => {
    const rows = normalRows(streamFor('brief'), 7, 3);
    const once = aggregators.schema.parse({ name: 'geometric-median', maxIterations: 1 });
    expect(pull(rows, aggregate(once, rows))).toBeGreaterThan(1e-3);
    expect(pull(rows, aggregate(exact, rows))).toBeLessThan(1e-8);
  });
});
