/**
 * Kernels over all rows at once: each block of coordinates is used for everything asked of it while it is in cache, so
 * a row is read from memory once. Sums over coordinates are in the order of `vectors.ts`.
 */
import type { Vector } from '../../../shared/vector.ts';
import { BLOCK, meanOfRows, squaredDistanceBlock, weightedSumOfRows } from './vectors.ts';

/** squared_i = |row_i - z|^2 for the first n rows. */
export function squaredDistancesTo(rows: readonly Vector[], n: number, z: Vector, squared: Float64Array): void {
  const d = z.length;
  for (let i = 0; i < n; i++) squared[i] = 0;
  for (let from = 0; from < d; from += BLOCK) {
    const to = Math.min(d, from + BLOCK);
    for (let i = 0; i < n; i++) squared[i]! += squaredDistanceBlock(rows[i]!, z, from, to);
  }
}

/** out = sum_i w_i row_i and squared_i = |row_i - out|^2; `out` must not be one of the rows. */
export function weightedSumAndDistances(
  rows: readonly Vector[],
  weights: Float64Array,
  n: number,
  out: Vector,
  squared: Float64Array,
): void {
  weightedSumOfRows(rows, weights, n, out);
  squaredDistancesTo(rows, n, out, squared);
}

/** outs_i = mean of the `count` rows whose numbers are nearest[i count..(i + 1) count), added in that order; i < n. */
export function meansOfNeighbors(rows: readonly Vector[], nearest: Float64Array, n: number, count: number, outs: readonly Vector[]): void {
  const chosen: Vector[] = Array(count);
  for (let i = 0; i < n; i++) {
    for (let l = 0; l < count; l++) chosen[l] = rows[nearest[i * count + l]!]!;
    meanOfRows(chosen, count, outs[i]!);
  }
}
