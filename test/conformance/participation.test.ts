/** What every participation must do, run for each registered one with each set of parameters of `support/strategies.ts`. */
import { describe, expect, test } from 'vitest';
import { participations } from '../../src/algorithm/participation/index.ts';
import { KeyedStream } from '../../src/algorithm/random/streams.ts';
import type { Cohort, Participation } from '../../src/shared/contracts/participation.ts';
import { instantiate, type StrategyChoice } from '../../src/shared/contracts/strategy.ts';
import { binomial, expectChiSquare, expectCounts, meanOf } from '../support/chances.ts';
import { codeThrownBy, everyChoice, exampleOf, testDefinitions } from '../support/strategies.ts';

const TOTAL = 10;
const ROUNDS = 6000;

const samplerOf = (choice: object, total: number): Participation =>
  instantiate(participations, participations.schema.parse(choice), { total });

/** The cohort of round k; the buffer holds nonsense before. */
function cohortOf(sampler: Participation, size: 'small' | 'large', total: number, k: number, seed = 5): number[] {
  const cohort: Cohort = { clients: new Int32Array(total).fill(-7), size: -1 };
  const state = Object.fromEntries(
    Object.entries(sampler.state?.({ n: total, d: 1 }) ?? {}).map(([name, length]) => [name, new Float64Array(length)]),
  );
  const sampling = sampler[size]({ k, total, stream: new KeyedStream(seed, 'cohort').at(k), state }, cohort);
  if (sampling.next().done !== true) throw new Error('this sampler asks clients: give the suite answers for it');
  return Array.from(cohort.clients.subarray(0, cohort.size));
}

const cohorts = (choice: object, size: 'small' | 'large', total = TOTAL): number[][] => {
  const sampler = samplerOf(choice, total);
  return Array.from({ length: ROUNDS }, (_, k) => cohortOf(sampler, size, total, k + 1));
};

testDefinitions(participations, 'participation');

describe.each(everyChoice(participations))('%s', (_, choice: StrategyChoice) => {
  const sampler = samplerOf(choice, TOTAL);
  const small = cohorts(choice, 'small');
  const large = cohorts(choice, 'large');

  test('it samples distinct clients in increasing order', () => {
    for (const cohort of [...small, ...large]) {
      for (const [i, client] of cohort.entries()) {
        expect(client).toBeGreaterThan(i === 0 ? -1 : cohort[i - 1]!);
        expect(client).toBeLessThan(TOTAL);
      }
    }
  });

  test('its cohorts have the sizes it declares', () => {
    expect(new Set(large.map(({ length }) => length))).toEqual(new Set([sampler.largeSize]));
    if (sampler.smallSize !== undefined) expect(new Set(small.map(({ length }) => length))).toEqual(new Set([sampler.smallSize]));
    else expect(new Set(small.map(({ length }) => length)).size).toBeGreaterThan(1);
  });

  test('it samples the same cohort for the same seed and round, others elsewhere', () => {
    for (const size of ['small', 'large'] as const) {
      const all = new Set(size === 'small' ? small.map(String) : large.map(String));
      const fixed = size === 'small' ? sampler.smallSize === TOTAL : sampler.largeSize === TOTAL;
      expect(cohortOf(sampler, size, TOTAL, 17)).toEqual(cohortOf(samplerOf(choice, TOTAL), size, TOTAL, 17));
      expect(all.size > 1).toBe(!fixed);
    }
  });

  // Samplers that favour some clients on purpose will need their own probabilities here.
  test('it gives every client the same chance', () => {
    for (const [sampled, size] of [
      [small, sampler.smallSize],
      [large, sampler.largeSize],
    ] as const) {
      const p = size === undefined ? (choice['probability'] as number) : size / TOTAL;
      const counts = Array.from({ length: TOTAL }, (_c, client) => sampled.filter((cohort) => cohort.includes(client)).length);
      if (p === 1) {
        expect(counts).toEqual(Array(TOTAL).fill(ROUNDS));
        continue;
      }
      const statistic = counts.reduce((sum, count) => sum + (count - ROUNDS * p) ** 2 / (ROUNDS * p * (1 - p)), 0);
      // Without replacement the counts are tied together, and n - 1 of n of the sum is chi-square with n - 1 degrees.
      if (size === undefined) expectChiSquare(statistic, TOTAL);
      else expectChiSquare((statistic * (TOTAL - 1)) / TOTAL, TOTAL - 1);
    }
  });
});

describe('uniform', () => {
  test('it samples every subset equally often', () => {
    const counts = Map.groupBy(cohorts({ name: 'uniform', cohort: 3 }, 'small', 6), String);
    expect(counts.size).toBe(20);
    expectCounts(
      [...counts.values()].map(({ length }) => length),
      Array(20).fill(ROUNDS / 20),
    );
  });

  test('it meets a byzantine majority as often as the hypergeometric law says: 3.2 % for 4 of 20 with 5 liars', () => {
    const sampled = cohorts({ name: 'uniform', cohort: 4 }, 'small', 20);
    const { mean, error } = meanOf(ROUNDS, (i) => (sampled[i]!.filter((client) => client >= 15).length > 2 ? 1 : 0));
    const majority = (binomial(5, 3) * binomial(15, 1) + binomial(5, 4)) / binomial(20, 4);
    expect(majority).toBeCloseTo(0.032, 4);
    expect(Math.abs(mean - majority)).toBeLessThan(3.5 * error);
  });

  test('it refuses cohorts that do not nest', () => {
    for (const choice of [{ cohort: 11 }, { cohort: 5, largeCohort: 4 }, { cohort: 2, largeCohort: 11 }]) {
      expect(codeThrownBy(() => samplerOf({ name: 'uniform', ...choice }, TOTAL))).toBe('MARINADE_CONFIG_INVALID');
    }
    expect(samplerOf({ name: 'uniform', cohort: 10 }, TOTAL).largeSize).toBe(10);
  });
});

describe('bernoulli', () => {
  test('its cohort sizes follow the binomial law, the empty cohort included', () => {
    const sizes = cohorts({ name: 'bernoulli', probability: 0.3 }, 'small', 5).map(({ length }) => length);
    const observed = Array.from({ length: 6 }, (_, size) => sizes.filter((given) => given === size).length);
    const expected = observed.map((_, size) => ROUNDS * binomial(5, size) * 0.3 ** size * 0.7 ** (5 - size));
    expect(observed[0]).toBeGreaterThan(0);
    expectCounts(observed, expected);
  });

  test('its clients come independently', () => {
    const sampled = cohorts({ name: 'bernoulli', probability: 0.4 }, 'small');
    const both = sampled.filter((cohort) => cohort.includes(2) && cohort.includes(7)).length;
    const expected = [0.16 * ROUNDS, 0.84 * ROUNDS];
    expect((both - expected[0]!) ** 2 * (1 / expected[0]! + 1 / expected[1]!)).toBeLessThan(15);
  });

  test('it refuses a large cohort beyond all clients', () => {
    expect(codeThrownBy(() => samplerOf({ name: 'bernoulli', probability: 0.5, largeCohort: 11 }, TOTAL))).toBe('MARINADE_CONFIG_INVALID');
  });
});

describe.each(participations.names)('the example of %s', (name) => {
  test('it is true', () => {
    const { inputs, result } = exampleOf('participation', name);
    const { total, ...parameters } = inputs as { total: number };
    expect(cohortOf(samplerOf({ name, ...parameters }, total), 'small', total, 1)).toEqual(result);
  });
});
