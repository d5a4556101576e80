/** What Krum and Multi-Krum share: scores by the nearest neighbours, and their limits. */
import { z } from 'zod';
import type { Kernels } from '../../shared/contracts/kernels.ts';
import type { Messages } from '../../shared/vector.ts';
import { sumOfSmallest } from '../kernels/reference/geometry.ts';

export const neighbors = z
  .enum(['n-f-2', 'n-f-1'])
  .default('n-f-2')
  .describe("others whose squared distances are added: the paper's n-f-2, or the other common variant n-f-1");

export type Neighbors = z.output<typeof neighbors>;

export function neighborCount(rule: Neighbors, n: number, f: number): number {
  return rule === 'n-f-2' ? n - f - 2 : n - f - 1;
}

/** scores_i = sum of the squared distances of row i to its nearest other rows. */
export function krumScores(
  kernels: Kernels,
  { rows, n, d }: Messages,
  nearest: number,
  squared: Float64Array,
  scratch: Float64Array,
  scores: Float64Array,
): void {
  kernels.pairwiseSquaredDistances(rows, n, d, squared);
  for (let i = 0; i < n; i++) scores[i] = sumOfSmallest(squared, i * n, n, i, nearest, scratch);
}

/** The original guarantee needs n > 2f + 2 for n-f-2 neighbours, n > 2f for n-f-1. A lone row needs none. */
export function krumInfeasible(name: string, rule: Neighbors, n: number, f: number): string | undefined {
  if (n === 1) return undefined;
  const needed = rule === 'n-f-2' ? 2 * f + 2 : 2 * f;
  if (n > needed) return undefined;
  return `${name} with ${rule} neighbours needs n > ${rule === 'n-f-2' ? '2f + 2' : '2f'}; got n = ${n}, f = ${f}`;
}
