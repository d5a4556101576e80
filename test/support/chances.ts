/** Statistics for tests of distributions. Seeds are fixed, so such a test is right or wrong for good, never flaky. */
import { expect } from 'vitest';
import { normalQuantile } from '../../src/algorithm/random/normal-quantile.ts';

/** How surprising a fixed draw may be before the test calls it wrong. */
const SURPRISE = 1e-4;

/** Quantile of the chi-square distribution by Wilson and Hilferty's cube, good to a per cent. */
function chiSquareQuantile(freedom: number, p: number): number {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + normalQuantile(p) * Math.sqrt(spread)) ** 3;
}

/** Asserts that a statistic is not in either tail of the chi-square distribution: too far from the law, or too close to be drawn. */
export function expectChiSquare(statistic: number, freedom: number): void {
  expect(statistic).toBeLessThan(chiSquareQuantile(freedom, 1 - SURPRISE));
  expect(statistic).toBeGreaterThan(chiSquareQuantile(freedom, SURPRISE));
}

/** Pearson's statistic of counts against expected counts. */
export function pearson(observed: readonly number[], expected: readonly number[]): number {
  return observed.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
}

/** Asserts that counts follow the given expected ones, as the cells of one multinomial draw do. */
export function expectCounts(observed: readonly number[], expected: readonly number[]): void {
  expectChiSquare(pearson(observed, expected), observed.length - 1);
}

/** Mean and standard error of the mean of what a draw returns. */
export function meanOf(draws: number, draw: (i: number) => number): { mean: number; error: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < draws; i++) {
    const value = draw(i);
    sum += value;
    squares += value * value;
  }
  const mean = sum / draws;
  return { mean, error: Math.sqrt(Math.max(0, squares / draws - mean * mean) / draws) };
}

export function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 0; i < k; i++) result = (result * (n - i)) / (i + 1);
  return Math.round(result);
}
