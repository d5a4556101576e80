/**
 * Chi-square tests of uniformity with a fixed seed: they fail for a biased sampler, and cannot fail by chance.
 *
 * The bound is the 99.999 % quantile by Wilson and Hilferty (z = 4.265), so that a bias of a few standard deviations
 * shows while the particular numbers of a fixed seed do not matter.
 */

/** Expects counts to agree with equal probabilities, or with those given. */
export function chiSquare(
  counts: ArrayLike<number>,
  probabilities?: readonly number[],
): { readonly statistic: number; readonly bound: number } {
  const cells = counts.length;
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  const statistic = Array.from(counts).reduce((sum, count, cell) => {
    const expected = total * (probabilities?.[cell] ?? 1 / cells);
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  const freedom = cells - 1;
  const bound = freedom * (1 - 2 / (9 * freedom) + 4.265 * Math.sqrt(2 / (9 * freedom))) ** 3;
  return { statistic, bound };
}
