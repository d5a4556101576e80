import { describe, expect, test } from 'vitest';
import { cohortProbabilities, hypergeometric } from '../../../src/algorithm/theory/probabilities.ts';

/** Every cohort of `size` out of `total` as a list of clients. */
function* cohorts(total: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) yield [];
  for (let first = from; first <= total - size && size > 0; first++) {
    for (const rest of cohorts(total, size - 1, first + 1)) yield [first, ...rest];
  }
}

/** The probabilities by counting all cohorts; the last `byzantine` clients lie. */
function counted(total: number, byzantine: number, size: number, tolerated: number) {
  const count = { all: 0, majority: 0, tie: 0, clean: 0, good: 0, goodWithFirst: 0 };
  for (const cohort of cohorts(total, size)) {
    const lying = cohort.filter((client) => client >= total - byzantine).length;
    count.all++;
    if (2 * lying > size) count.majority++;
    if (2 * lying === size) count.tie++;
    if (lying === 0) count.clean++;
    if (lying <= tolerated) {
      count.good++;
      if (cohort.includes(0)) count.goodWithFirst++;
    }
  }
  return {
    majority: count.majority / count.all,
    tie: count.tie / count.all,
    clean: count.clean / count.all,
    good: count.good / count.all,
    memberGivenGood: count.good === 0 ? 0 : count.goodWithFirst / count.good,
  };
}

/** Products of at most 20 quotients and sums of at most 20 of them: tens of ulp. */
const RELATIVE = 1e-13;

const cases: [number, number, number][] = [];
for (const [total, byzantine] of [
  [20, 5],
  [9, 4],
  [7, 0],
  [6, 1],
] as const) {
  for (let size = 1; size <= Math.min(total, 8); size++) cases.push([total, byzantine, size]);
}

describe('cohortProbabilities', () => {
  test.each(cases)('it agrees with a count of all cohorts: n = %i, %i byzantine, C = %i', (total, byzantine, size) => {
    for (let tolerated = 0; tolerated < size; tolerated++) {
      const got = cohortProbabilities(total, byzantine, size, tolerated);
      for (const [name, value] of Object.entries(counted(total, byzantine, size, tolerated))) {
        expect(Math.abs(got[name as keyof typeof got] - value), `${name}, tolerated ${tolerated}`).toBeLessThanOrEqual(RELATIVE * value);
      }
    }
  });

  test("it gives the numbers of the paper's setting: 20 clients, 5 byzantine, cohorts of 4, delta = 1/4", () => {
    const { good, memberGivenGood, majority, tie, clean } = cohortProbabilities(20, 5, 4, 1);
    expect(good).toBeCloseTo(0.7513, 4);
    expect(memberGivenGood).toBeCloseTo(0.225, 4);
    expect(majority).toBeCloseTo(0.032, 4);
    expect(tie).toBeCloseTo(0.217, 3);
    expect(1 - clean).toBeCloseTo(0.718, 3);
    expect(hypergeometric(20, 5, 4, 4)).toBeCloseTo(0.00103, 5);
  });

  test('it has the special cases C = 1, C = 2 and C = n', () => {
    const one = cohortProbabilities(20, 5, 1, 0);
    expect(one.good).toBeCloseTo(15 / 20, 15);
    expect(one.memberGivenGood).toBeCloseTo(1 / 15, 15);
    const two = cohortProbabilities(20, 5, 2, 0);
    expect(two.good).toBeCloseTo((15 * 14) / (20 * 19), 15);
    expect(two.memberGivenGood).toBeCloseTo(2 / 15, 15);
    const all = cohortProbabilities(20, 5, 20, 5);
    expect(all.good).toBeCloseTo(1, 13);
    expect(all.memberGivenGood).toBeCloseTo(1, 13);
  });

  test('it gives a majority that cannot happen the probability 0, not a rounding error', () => {
    for (let size = 10; size <= 20; size++) expect(cohortProbabilities(20, 5, size, 0).majority).toBe(0);
  });

  test('it keeps rho_C = G P_C / ((1 - delta) C) within [1, 1/(1 - delta)]', () => {
    for (const [total, byzantine] of [
      [20, 5],
      [100, 30],
      [1000, 499],
    ] as const) {
      const delta = byzantine / total;
      for (const size of [1, 2, 3, 5, 8, 13, 20]) {
        const { memberGivenGood } = cohortProbabilities(total, byzantine, size, Math.floor((byzantine * size) / total));
        const rho = ((total - byzantine) * memberGivenGood) / ((1 - delta) * size);
        expect(rho).toBeGreaterThanOrEqual(1 - RELATIVE);
        expect(rho).toBeLessThanOrEqual((1 / (1 - delta)) * (1 + RELATIVE));
      }
    }
  });

  test('it sums to one over all counts, for large populations too', () => {
    let sum = 0;
    for (let b = 0; b <= 200; b++) sum += hypergeometric(100_000, 30_000, 200, b);
    expect(Math.abs(sum - 1)).toBeLessThan(1e-11);
  });
});
