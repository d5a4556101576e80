/**
 * Order statistics of each coordinate over the rows of an n x d matrix.
 *
 * **Non-finite values.** Before sorting, NaN becomes +Infinity; so NaN and +Infinity are the largest values, -Infinity
 * the smallest. What is computed from the sorted values follows IEEE rules. Of three values and more, -0 counts as +0, so
 * that equal values are equal in their bits and any way of sorting gives the same.
 *
 * Coordinates are treated in tiles of 64: a tile of every row is copied to scratch, so rows are read in order.
 */
import type { Vector } from '../../../shared/vector.ts';

export const TILE = 64;

/** Doubles of scratch that a call with at most n rows needs. */
export function orderScratch(n: number): number {
  return (n + 1) * TILE;
}

/** Sorts the n values at scratch[from..from+n), insertion for few and heap sort for many. */
function sortRun(values: Float64Array, from: number, n: number): void {
  if (n > 48) {
    values.subarray(from, from + n).sort();
    return;
  }
  for (let i = from + 1; i < from + n; i++) {
    const value = values[i]!;
    let j = i - 1;
    while (j >= from && values[j]! > value) {
      values[j + 1] = values[j]!;
      j--;
    }
    values[j + 1] = value;
  }
}

/** Copies a tile of columns so that the n values of a coordinate lie together; NaN becomes +Infinity, -0 becomes +0. */
function loadTile(matrix: Float64Array, n: number, d: number, from: number, width: number, scratch: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const row = i * d + from;
    for (let j = 0; j < width; j++) {
      const value = matrix[row + j]!;
      scratch[j * n + i] = value === value ? value + 0 : Number.POSITIVE_INFINITY;
    }
  }
}

/** out_j = median over the first n rows; the mean (a + b) / 2 of the two middle values for even n. */
export function medianOfColumns(matrix: Float64Array, n: number, d: number, scratch: Float64Array, out: Vector): void {
  if (n === 1) {
    out.set(matrix.subarray(0, d));
    return;
  }
  if (n === 2) {
    for (let j = 0; j < d; j++) {
      const a = matrix[j]!;
      const b = matrix[d + j]!;
      out[j] = ((a === a ? a : Number.POSITIVE_INFINITY) + (b === b ? b : Number.POSITIVE_INFINITY)) / 2;
    }
    return;
  }
  const middle = n >> 1;
  for (let from = 0; from < d; from += TILE) {
    const width = Math.min(TILE, d - from);
    loadTile(matrix, n, d, from, width, scratch);
    for (let j = 0; j < width; j++) {
      const at = j * n;
      sortRun(scratch, at, n);
      out[from + j] = n % 2 === 1 ? scratch[at + middle]! : (scratch[at + middle - 1]! + scratch[at + middle]!) / 2;
    }
  }
}

/** out_j = mean of the values of rank trim..n-trim-1, added in increasing order. */
export function trimmedMeanOfColumns(matrix: Float64Array, n: number, d: number, trim: number, scratch: Float64Array, out: Vector): void {
  if (n === 1) {
    out.set(matrix.subarray(0, d));
    return;
  }
  const kept = n - 2 * trim;
  for (let from = 0; from < d; from += TILE) {
    const width = Math.min(TILE, d - from);
    loadTile(matrix, n, d, from, width, scratch);
    for (let j = 0; j < width; j++) {
      const at = j * n;
      sortRun(scratch, at, n);
      let sum = 0;
      for (let i = trim; i < n - trim; i++) sum += scratch[at + i]!;
      out[from + j] = sum / kept;
    }
  }
}
