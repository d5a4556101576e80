/**
 * Products and distances between the rows of a matrix.
 *
 * **Order of additions** of a product here: blocks of 512 coordinates; inside a block coordinate j goes to lane j mod 2;
 * a block's value is l0 + l1; block values are added in order. Few lanes, so that eight products fit the registers.
 *
 * **Distances from products.** |a - b|^2 = |a|^2 + |b|^2 - 2 a.b costs half of what differences cost, and loses what
 * cancels: the rounding of the right side is a few eps (|a|^2 + |b|^2), whatever is left of it. A result is kept where
 *
 *   |a - b|^2 >= 2^-12 (|a|^2 + |b|^2),   2^-12 = 2^40 eps,
 *
 * so that 40 of its bits are beyond a rounding of one unit, and where nothing over- or underflows. All other pairs,
 * equal rows among them, are taken by differences, as are all pairs of fewer than eight rows, where they are cheaper.
 */
import type { Vector } from '../../../shared/vector.ts';
import { BLOCK, squaredDistanceBlock } from './vectors.ts';

const PRODUCT_BLOCK = 512;
/** Rows from which on products are cheaper than differences. */
const FEW_ROWS = 8;
/** A square is kept where it is at least this part of the squares it is a difference of: 2^40 eps. */
export const TRUSTED = 2 ** -12;
/** Below this, products that underflow would count. */
export const SMALLEST = 1e-290;

/** Doubles of scratch that `gramOfRows` around a centre needs for at most n rows. */
export function gramScratch(n: number): number {
  return n * PRODUCT_BLOCK;
}

function productBlock(a: Vector, b: Vector, from: number, to: number): number {
  let even = 0;
  let odd = 0;
  let j = from;
  for (; j + 2 <= to; j += 2) {
    even += a[j]! * b[j]!;
    odd += a[j + 1]! * b[j + 1]!;
  }
  if (j < to) even += a[j]! * b[j]!;
  return even + odd;
}

function addProducts(rows: readonly Vector[], n: number, from: number, to: number, gram: Float64Array): void {
  for (let i = 0; i < n; i++) for (let l = i; l < n; l++) gram[i * n + l]! += productBlock(rows[i]!, rows[l]!, from, to);
}

/**
 * gram[i n + l] = (row_i - centre) . (row_l - centre) for the first n rows; without a centre, around 0. `scratch` holds
 * gramScratch(n) doubles, with a centre.
 */
export function gramOfRows(
  rows: readonly Vector[],
  n: number,
  d: number,
  centre: Vector | null,
  scratch: Float64Array,
  gram: Float64Array,
): void {
  gram.fill(0, 0, n * n);
  if (centre === null) {
    for (let from = 0; from < d; from += PRODUCT_BLOCK) addProducts(rows, n, from, Math.min(d, from + PRODUCT_BLOCK), gram);
  } else {
    const shifted = Array.from({ length: n }, (_, i) => scratch.subarray(i * PRODUCT_BLOCK, (i + 1) * PRODUCT_BLOCK));
    for (let from = 0; from < d; from += PRODUCT_BLOCK) {
      const width = Math.min(PRODUCT_BLOCK, d - from);
      for (let i = 0; i < n; i++) {
        const [row, own] = [rows[i]!, shifted[i]!];
        for (let j = 0; j < width; j++) own[j] = row[from + j]! - centre[from + j]!;
      }
      addProducts(shifted, n, 0, width, gram);
    }
  }
  for (let i = 0; i < n; i++) for (let l = i + 1; l < n; l++) gram[l * n + i] = gram[i * n + l]!;
}

/** squared[i n + l] = |row_i - row_l|^2 for the first n rows; NaN counts as +Infinity; the diagonal is 0. */
export function pairwiseSquaredDistances(rows: readonly Vector[], n: number, d: number, squared: Float64Array): void {
  const byProducts = n >= FEW_ROWS;
  if (byProducts) gramOfRows(rows, n, d, null, squared, squared);
  let direct = 0;
  // Above the diagonal -1 marks pairs to be taken by differences; below it, where those are added up, are the results.
  for (let i = 0; i < n; i++) {
    for (let l = i + 1; l < n; l++) {
      const lengths = squared[i * n + i]! + squared[l * n + l]!;
      const value = lengths - 2 * squared[i * n + l]!;
      const trusted = byProducts && value >= TRUSTED * lengths && value >= SMALLEST && lengths < Number.POSITIVE_INFINITY;
      squared[i * n + l] = trusted ? value : -1;
      squared[l * n + i] = trusted ? value : 0;
      if (!trusted) direct++;
    }
  }
  if (direct > 0) {
    for (let from = 0; from < d; from += BLOCK) {
      const to = Math.min(d, from + BLOCK);
      for (let i = 0; i < n; i++) {
        for (let l = i + 1; l < n; l++) {
          if (squared[i * n + l] === -1) squared[l * n + i]! += squaredDistanceBlock(rows[i]!, rows[l]!, from, to);
        }
      }
    }
  }
  for (let i = 0; i < n; i++) {
    squared[i * n + i] = 0;
    for (let l = i + 1; l < n; l++) {
      const value = squared[l * n + i]!;
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
