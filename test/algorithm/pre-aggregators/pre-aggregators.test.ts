/** What single pre-aggregators promise beyond the conformance suite. */
import { describe, expect, test } from 'vitest';
import { clippedCount } from '../../../src/algorithm/pre-aggregators/adaptive-clipping.ts';
import { preAggregators } from '../../../src/algorithm/pre-aggregators/index.ts';
import { expectCounts } from '../../support/chances.ts';
import { preAggregate, preAggregatorOf } from '../../support/rules.ts';
import { streamFor } from '../../support/strategies.ts';

const stage = (choice: object) => preAggregators.schema.parse(choice);

describe('bucketing', () => {
  test('it averages consecutive rows of the permutation, the last bucket being smaller', () => {
    const rows = [[0], [10], [20], [30], [40]];
    const permutation = [4, 0, 2, 1, 3];
    expect(preAggregate(stage({ name: 'bucketing', size: 2 }), rows, { permutation })).toEqual(
      [[20], [15], [30]].map((row) => Float64Array.from(row)),
    );
    expect(preAggregate(stage({ name: 'bucketing', size: 9 }), rows, { permutation })).toEqual([Float64Array.of(20)]);
  });

  test('it draws every pairing equally often', () => {
    const stream = streamFor('pairings');
    const partner = Array.from({ length: 3000 }, () => {
      const [bucket] = preAggregate(stage({ name: 'bucketing' }), [[1], [10], [100], [1000]], { stream }).filter(
        (row) => (row[0]! * 2) % 10 === 1,
      );
      return [11, 101, 1001].indexOf(bucket![0]! * 2);
    });
    expectCounts(
      [0, 1, 2].map((other) => partner.filter((given) => given === other).length),
      [1000, 1000, 1000],
    );
  });

  test('it warns where half of the buckets or more may be contaminated', () => {
    const beyond = (size: number, n: number, f: number): boolean =>
      preAggregatorOf(stage({ name: 'bucketing', size })).beyondGuarantee(n, f) !== undefined;
    expect([beyond(2, 20, 4), beyond(2, 20, 5), beyond(2, 4, 1), beyond(1, 5, 2), beyond(5, 5, 0)]).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('adaptive-clipping', () => {
  test('it clips floor(2 (f / n) (n - f)) rows, in integers', () => {
    expect([
      clippedCount(20, 5),
      clippedCount(10, 3),
      clippedCount(4, 1),
      clippedCount(49, 7),
      clippedCount(3, 0),
      clippedCount(10, 5),
    ]).toEqual([7, 4, 1, 12, 0, 5]);
  });

  test('it clips infinite messages along their direction, and takes NaN for longest', () => {
    // k = 3 of 6, so the level is the fourth largest length, 1.
    const rows = [
      [0, 4],
      [0, 1],
      [Number.POSITIVE_INFINITY, 1],
      [Number.NaN, 2],
      [0, 0],
      [1, 0],
    ];
    const out = preAggregate(stage({ name: 'adaptive-clipping' }), rows, { f: 3 }).map((row) => [...row]);
    expect(out).toEqual([
      [0, 1],
      [0, 1],
      [1, 0],
      [0, 0],
      [0, 0],
      [1, 0],
    ]);
  });
});

describe('norm-clipping', () => {
  test('it keeps the direction of messages of any length and leaves NaN to the rule', () => {
    const rows = [
      [3e200, 4e200],
      [Number.NEGATIVE_INFINITY, 7],
      [1, 0],
      [0, 0],
      [Number.NaN, 1],
    ];
    const out = preAggregate(stage({ name: 'norm-clipping', level: 5 }), rows).map((row) => [...row]);
    expect(out[0]!.map((value) => value.toFixed(12))).toEqual([(3).toFixed(12), (4).toFixed(12)]);
    expect(out.slice(1)).toEqual([
      [-5, 0],
      [1, 0],
      [0, 0],
      [Number.NaN, 1],
    ]);
  });
});

describe('nearest-neighbor-mixing', () => {
  test('it prefers the lower row where distances are equal, itself always included', () => {
    const out = preAggregate(stage({ name: 'nearest-neighbor-mixing' }), [[0], [-1], [1], [9]], { f: 2 });
    expect(out.map((row) => row[0])).toEqual([-0.5, -0.5, 0.5, 5]);
  });
});
