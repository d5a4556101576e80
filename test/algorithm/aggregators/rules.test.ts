/** What single aggregators promise beyond the conformance suite. */
import { describe, expect, test } from 'vitest';
import { aggregators } from '../../../src/algorithm/aggregators/index.ts';
import type { StrategyChoice } from '../../../src/shared/contracts/strategy.ts';
import { aggregate, aggregatorOf, freshState } from '../../support/rules.ts';
import { expectClose, normalRows, streamFor } from '../../support/strategies.ts';

const rule = (choice: object): StrategyChoice => aggregators.schema.parse(choice);

describe('rfa', () => {
  test('it drops messages that are not finite before everything else, its start included', () => {
    const rows = normalRows(streamFor('rfa'), 7, 3);
    const polluted = rows.map((row, i) => (i % 2 === 0 ? row : Float64Array.of(Number.NaN, Number.POSITIVE_INFINITY, row[2]!)));
    for (const start of ['zero', 'mean', 'coordinate-median']) {
      for (const smoothingScale of ['absolute', 'relative']) {
        const choice = rule({ name: 'rfa', nonFinite: 'ignore', iterations: 1, smoothing: 1, start, smoothingScale });
        expect(aggregate(choice, polluted)).toEqual(
          aggregate(
            choice,
            rows.filter((_, i) => i % 2 === 0),
          ),
        );
      }
    }
  });

  test('it is all NaN when no message is finite', () => {
    expect(aggregate(rule({ name: 'rfa', nonFinite: 'ignore' }), [[Number.NaN], [Number.NEGATIVE_INFINITY]]).every(Number.isNaN)).toBe(
      true,
    );
  });

  test('it becomes the mean where messages differ by less than the absolute smoothing, not with a relative one', () => {
    const rows = normalRows(streamFor('small'), 5, 2, 1e-4);
    const mean = aggregate(rule({ name: 'mean' }), rows);
    expectClose(aggregate(rule({ name: 'rfa' }), rows), mean, 1e-18);
    const relative = aggregate(rule({ name: 'rfa', smoothingScale: 'relative' }), rows);
    expect(Math.abs(relative[0]! - mean[0]!)).toBeGreaterThan(1e-6);
  });

  test('it stays at zero where most messages are zero and the smoothing is relative to their length', () => {
    expect(Array.from(aggregate(rule({ name: 'rfa', smoothingScale: 'relative' }), [[0], [0], [0], [5]]))).toEqual([0]);
  });
});

describe('krum', () => {
  test('it takes the first of equal scores', () => {
    expect(Array.from(aggregate(rule({ name: 'krum' }), [[3], [0], [0], [3]]))).toEqual([3]);
    expect(Array.from(aggregate(rule({ name: 'krum' }), [[0], [3], [3], [0]]))).toEqual([0]);
  });

  test('it needs n > 2f + 2, with n-f-1 neighbours n > 2f', () => {
    const feasible = (choice: object, n: number, f: number): boolean => aggregatorOf(rule(choice)).infeasible(n, f) === undefined;
    for (const name of ['krum', 'multi-krum']) {
      expect([feasible({ name }, 7, 2), feasible({ name }, 6, 2), feasible({ name }, 3, 0), feasible({ name }, 2, 0)]).toEqual([
        true,
        false,
        true,
        false,
      ]);
      const neighbors = 'n-f-1';
      expect([feasible({ name, neighbors }, 5, 2), feasible({ name, neighbors }, 4, 2), feasible({ name, neighbors }, 2, 0)]).toEqual([
        true,
        false,
        true,
      ]);
    }
  });
});

describe('rules in a random cohort too small for their parameters', () => {
  test('trimmed-mean drops as many as it can', () => {
    const choice = rule({ name: 'trimmed-mean', trim: 3 });
    expect(Array.from(aggregate(choice, [[1], [5], [100]], { f: 1 }))).toEqual([5]);
    expect(Array.from(aggregate(choice, [[1], [5], [6], [100]], { f: 1 }))).toEqual([5.5]);
    expect(aggregatorOf(choice).infeasible(6, 0)).toContain('trim = 3');
  });

  test('multi-krum warns where it must average byzantine rows', () => {
    const beyond = (select: number) => aggregatorOf(rule({ name: 'multi-krum', select })).beyondGuarantee(7, 2);
    expect(beyond(5)).toBeUndefined();
    expect(beyond(6)).toContain('select = 6, n = 7, f = 2');
  });

  test('multi-krum averages all there are', () => {
    const choice = rule({ name: 'multi-krum', select: 4 });
    expect(Array.from(aggregate(choice, [[1], [2], [6]]))).toEqual([3]);
    expect(aggregatorOf(choice).infeasible(3, 0)).toContain('select = 4');
  });
});

describe('centered-clipping', () => {
  test('it has no memory when it starts at zero, and then a bound on its length', () => {
    const choice = rule({ name: 'centered-clipping', start: 'zero', radius: 0.5 });
    expect(aggregatorOf(choice).state).toBeUndefined();
    expect(aggregatorOf(choice).boundFactor?.(3, 1, 1)).toBe(1);
    expect(aggregatorOf(rule({ name: 'centered-clipping' })).boundFactor).toBeUndefined();
  });

  test('it keeps its output as the start of the next round', () => {
    const choice = rule({ name: 'centered-clipping', radius: 1, iterations: 1 });
    const state = freshState(aggregatorOf(choice), 1, 1);
    expect([1, 2, 3].map(() => aggregate(choice, [[2.5]], { state })[0])).toEqual([1, 2, 2.5]);
  });
});
