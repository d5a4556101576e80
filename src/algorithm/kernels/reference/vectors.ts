/**
 * Dense vector kernels. Outputs come last and may be an input where the operation is element-wise.
 *
 * **Order of additions**, the same in every reduction over coordinates: blocks of 4,096 coordinates; inside a block
 * coordinate j goes to lane j mod 8; a block's value is ((l0+l4)+(l2+l6)) + ((l1+l5)+(l3+l7)); block values are added
 * in order. Four two-lane vectors compute exactly this.
 */
import type { Vector } from '../../../shared/vector.ts';

export const BLOCK = 4096;

/** sum_j a_j b_j over j in [from, to), one block: at most BLOCK coordinates. */
export function dotBlock(a: Vector, b: Vector, from: number, to: number): number {
  let l0 = 0;
  let l1 = 0;
  let l2 = 0;
  let l3 = 0;
  let l4 = 0;
  let l5 = 0;
  let l6 = 0;
  let l7 = 0;
  let j = from;
  for (; j + 8 <= to; j += 8) {
    l0 += a[j]! * b[j]!;
    l1 += a[j + 1]! * b[j + 1]!;
    l2 += a[j + 2]! * b[j + 2]!;
    l3 += a[j + 3]! * b[j + 3]!;
    l4 += a[j + 4]! * b[j + 4]!;
    l5 += a[j + 5]! * b[j + 5]!;
    l6 += a[j + 6]! * b[j + 6]!;
    l7 += a[j + 7]! * b[j + 7]!;
  }
  if (j < to) l0 += a[j]! * b[j]!;
  if (j + 1 < to) l1 += a[j + 1]! * b[j + 1]!;
  if (j + 2 < to) l2 += a[j + 2]! * b[j + 2]!;
  if (j + 3 < to) l3 += a[j + 3]! * b[j + 3]!;
  if (j + 4 < to) l4 += a[j + 4]! * b[j + 4]!;
  if (j + 5 < to) l5 += a[j + 5]! * b[j + 5]!;
  if (j + 6 < to) l6 += a[j + 6]! * b[j + 6]!;
  return l0 + l4 + (l2 + l6) + (l1 + l5 + (l3 + l7));
}

/** sum_j (a_j - b_j)^2 over one block. */
export function squaredDistanceBlock(a: Vector, b: Vector, from: number, to: number): number {
  let l0 = 0;
  let l1 = 0;
  let l2 = 0;
  let l3 = 0;
  let l4 = 0;
  let l5 = 0;
  let l6 = 0;
  let l7 = 0;
  let j = from;
  let e = 0;
  for (; j + 8 <= to; j += 8) {
    const d0 = a[j]! - b[j]!;
    const d1 = a[j + 1]! - b[j + 1]!;
    const d2 = a[j + 2]! - b[j + 2]!;
    const d3 = a[j + 3]! - b[j + 3]!;
    const d4 = a[j + 4]! - b[j + 4]!;
    const d5 = a[j + 5]! - b[j + 5]!;
    const d6 = a[j + 6]! - b[j + 6]!;
    const d7 = a[j + 7]! - b[j + 7]!;
    l0 += d0 * d0;
    l1 += d1 * d1;
    l2 += d2 * d2;
    l3 += d3 * d3;
    l4 += d4 * d4;
    l5 += d5 * d5;
    l6 += d6 * d6;
    l7 += d7 * d7;
  }
  if (j < to) {
    e = a[j]! - b[j]!;
    l0 += e * e;
  }
  if (j + 1 < to) {
    e = a[j + 1]! - b[j + 1]!;
    l1 += e * e;
  }
  if (j + 2 < to) {
    e = a[j + 2]! - b[j + 2]!;
    l2 += e * e;
  }
  if (j + 3 < to) {
    e = a[j + 3]! - b[j + 3]!;
    l3 += e * e;
  }
  if (j + 4 < to) {
    e = a[j + 4]! - b[j + 4]!;
    l4 += e * e;
  }
  if (j + 5 < to) {
    e = a[j + 5]! - b[j + 5]!;
    l5 += e * e;
  }
  if (j + 6 < to) {
    e = a[j + 6]! - b[j + 6]!;
    l6 += e * e;
  }
  return l0 + l4 + (l2 + l6) + (l1 + l5 + (l3 + l7));
}

/** a . b */
export function dot(a: Vector, b: Vector): number {
  const d = a.length;
  if (d <= BLOCK) return dotBlock(a, b, 0, d);
  let sum = 0;
  for (let from = 0; from < d; from += BLOCK) sum += dotBlock(a, b, from, Math.min(d, from + BLOCK));
  return sum;
}

/** |a|^2 */
export function squaredNorm(a: Vector): number {
  return dot(a, a);
}

/** |a| */
export function norm(a: Vector): number {
  return Math.sqrt(dot(a, a));
}

/** |a - b|^2 */
export function squaredDistance(a: Vector, b: Vector): number {
  const d = a.length;
  if (d <= BLOCK) return squaredDistanceBlock(a, b, 0, d);
  let sum = 0;
  for (let from = 0; from < d; from += BLOCK) sum += squaredDistanceBlock(a, b, from, Math.min(d, from + BLOCK));
  return sum;
}

/** |a - b| */
export function distance(a: Vector, b: Vector): number {
  return Math.sqrt(squaredDistance(a, b));
}

/** out = y + alpha x; returns out. */
export function axpy(alpha: number, x: Vector, y: Vector, out: Vector): Vector {
  for (let j = 0; j < out.length; j++) out[j] = y[j]! + alpha * x[j]!;
  return out;
}

/** out = a + b; returns out. */
export function add(a: Vector, b: Vector, out: Vector): Vector {
  for (let j = 0; j < out.length; j++) out[j] = a[j]! + b[j]!;
  return out;
}

/** out = a - b; returns out. */
export function subtract(a: Vector, b: Vector, out: Vector): Vector {
  for (let j = 0; j < out.length; j++) out[j] = a[j]! - b[j]!;
  return out;
}

/** out = alpha x; returns out. */
export function scale(alpha: number, x: Vector, out: Vector): Vector {
  for (let j = 0; j < out.length; j++) out[j] = alpha * x[j]!;
  return out;
}

/** out = alpha (a - b); returns out. */
export function scaledDifference(alpha: number, a: Vector, b: Vector, out: Vector): Vector {
  for (let j = 0; j < out.length; j++) out[j] = alpha * (a[j]! - b[j]!);
  return out;
}

/** Every coordinate is finite. */
export function isFiniteVector(x: Vector): boolean {
  // A sum of x - x is 0 exactly when all are finite, and needs no branch inside the loop.
  let sum = 0;
  for (let j = 0; j < x.length; j++) sum += x[j]! - x[j]!;
  return sum === 0;
}

/** out = (1/n) sum of the first n rows, added in row order; returns out. */
export function meanOfRows(rows: readonly Vector[], n: number, out: Vector): Vector {
  const d = out.length;
  if (n === 1) {
    out.set(rows[0]!);
    return out;
  }
  for (let from = 0; from < d; from += BLOCK) {
    const to = Math.min(d, from + BLOCK);
    const first = rows[0]!;
    for (let j = from; j < to; j++) out[j] = first[j]!;
    for (let i = 1; i < n; i++) {
      const row = rows[i]!;
      for (let j = from; j < to; j++) out[j] = out[j]! + row[j]!;
    }
    for (let j = from; j < to; j++) out[j] = out[j]! / n;
  }
  return out;
}

/** out = sum_i w_i row_i over the first n rows, added in row order; returns out. */
export function weightedSumOfRows(rows: readonly Vector[], weights: ArrayLike<number>, n: number, out: Vector): Vector {
  const d = out.length;
  for (let from = 0; from < d; from += BLOCK) {
    const to = Math.min(d, from + BLOCK);
    for (let j = from; j < to; j++) out[j] = 0;
    for (let i = 0; i < n; i++) {
      const row = rows[i]!;
      const w = weights[i]!;
      for (let j = from; j < to; j++) out[j] = out[j]! + w * row[j]!;
    }
  }
  return out;
}

/**
 * Standard deviation of each coordinate over the first n rows, divisor n - 1; 0 for fewer than two rows.
 *
 *   out_j = sqrt( (1/(n-1)) sum_i (row_ij - mean_j)^2 )
 */
export function standardDeviationOfRows(rows: readonly Vector[], n: number, mean: Vector, out: Vector): Vector {
  const d = out.length;
  out.fill(0);
  if (n < 2) return out;
  for (let i = 0; i < n; i++) {
    const row = rows[i]!;
    for (let j = 0; j < d; j++) {
      const e = row[j]! - mean[j]!;
      out[j] = out[j]! + e * e;
    }
  }
  for (let j = 0; j < d; j++) out[j] = Math.sqrt(out[j]! / (n - 1));
  return out;
}

/** clip(v, level) = v min(1, level / |v|), in place; a zero vector stays zero, NaN stays NaN. Returns |v| before clipping. */
export function clipInPlace(v: Vector, level: number): number {
  const length = norm(v);
  if (length > level) {
    if (length === Number.POSITIVE_INFINITY) shrink(v);
    scale(level / (length === Number.POSITIVE_INFINITY ? norm(v) : length), v, v);
  }
  return length;
}

/** A vector whose squares overflow becomes one of the same direction that has a length; infinite coordinates outweigh finite ones. */
export function shrink(v: Vector): void {
  let largest = 0;
  for (let j = 0; j < v.length; j++) largest = Math.max(largest, Math.abs(v[j]!));
  if (largest < Number.POSITIVE_INFINITY) for (let j = 0; j < v.length; j++) v[j] = v[j]! / largest;
  else for (let j = 0; j < v.length; j++) v[j] = Math.abs(v[j]!) === largest ? Math.sign(v[j]!) : 0;
}
