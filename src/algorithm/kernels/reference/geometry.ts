/** Distances between the rows of a matrix, by direct differences in the fixed order of `vectors.ts`. */
import type { Vector } from '../../../shared/vector.ts';
import { BLOCK, squaredDistanceBlock } from './vectors.ts';

/**
 * squared[i n + l] = |row_i - row_l|^2 for the first n rows; NaN counts as +Infinity; the diagonal is 0. Coordinates go
 * in blocks, so each row is read from memory once per block while it is in cache.
 */
export function pairwiseSquaredDistances(rows: readonly Vector[], n: number, d: number, squared: Float64Array): void {
  for (let i = 0; i < n * n; i++) squared[i] = 0;
  for (let from = 0; from < d; from += BLOCK) {
    const to = Math.min(d, from + BLOCK);
    for (let i = 0; i < n; i++) {
      for (let l = i + 1; l < n; l++) squared[i * n + l]! += squaredDistanceBlock(rows[i]!, rows[l]!, from, to);
    }
  }
  for (let i = 0; i < n; i++) {
    for (let l = i + 1; l < n; l++) {
      const value = squared[i * n + l]!;
      const ordered = value === value ? value : Number.POSITIVE_INFINITY;
      squared[i * n + l] = ordered;
      squared[l * n + i] = ordered;
    }
  }
}

/** The sum of the `count` smallest of values[from..from+n), leaving position `skip` out; `scratch` holds n values. */
export function sumOfSmallest(values: Float64Array, from: number, n: number, skip: number, count: number, scratch: Float64Array): number {
  let length = 0;
  for (let i = 0; i < n; i++) {
    if (i === skip) continue;
    // Insertion into a sorted list: increasing values, added in that order below.
    const value = values[from + i]!;
    let at = length++;
    while (at > 0 && scratch[at - 1]! > value) {
      scratch[at] = scratch[at - 1]!;
      at--;
    }
    scratch[at] = value;
  }
  let sum = 0;
  for (let i = 0; i < count; i++) sum += scratch[i]!;
  return sum;
}

/** Positions 0..n-1 ordered by increasing key, ties by position, into the first n entries of `order`. */
export function orderByKey(keys: Float64Array, n: number, order: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const key = keys[i]!;
    let at = i;
    while (at > 0 && keys[order[at - 1]!]! > key) {
      order[at] = order[at - 1]!;
      at--;
    }
    order[at] = i;
  }
}
