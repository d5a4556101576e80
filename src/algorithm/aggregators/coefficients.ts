/**
 * Points held as coefficients of the messages: z = p + sum_i c_i y_i, with y_i = m_i - p and p any fixed point.
 *
 * With the products G_il = y_i . y_l, taken once, a step of a rule costs n^2 operations instead of n d:
 *
 *   |m_i - z|^2 = G_ii - 2 (G c)_i + c' G c
 *
 * **What it may cost in accuracy.** The right side is a difference; its rounding is some eps (|y_i| + s)^2, with
 * s = sum_l |c_l| |y_l|, whatever is left of it. A distance is trusted where
 *
 *   |m_i - z|^2 >= 2^-12 (|y_i| + s)^2,   2^-12 = 2^40 eps,
 *
 * so that 40 of its bits are beyond a rounding of one unit, and where it is surely below a length that hides it (a
 * smoothing, a radius). As soon as one is not, z is written out and the rule goes on with differences.
 */
import { SMALLEST, TRUSTED } from '../kernels/reference/geometry.ts';

/** Above what rounding does to a square, in parts of (|y_i| + s)^2: n and d of some millions included. */
const ROUNDING = 2 ** -40;

/** Products cost n^2 d / 2, a step with all coordinates about n d: measured, they are worth it below so many rows for each step. */
const ROWS_PER_STEP = 8;

/** A step on coefficients costs n^2 without the speed of a kernel: d must be so many times n. */
const COORDINATES_PER_ROW = 16;

/** The most rows for which a rule that takes so many steps, of at most n rows of d coordinates, takes them on coefficients. */
export function mostOnCoefficients(n: number, d: number, steps: number): number {
  return Math.min(n, ROWS_PER_STEP * steps, Math.floor(d / COORDINATES_PER_ROW));
}

/**
 * squared_i = |m_i - z|^2 for the first n messages; false when one is neither trusted nor surely below `hidden`, a
 * squared length. The diagonal of `gram` is finite.
 */
export function distancesOnCoefficients(
  gram: Float64Array,
  n: number,
  coefficients: Float64Array,
  hidden: number,
  squared: Float64Array,
): boolean {
  let reach = 0;
  let own = 0;
  for (let i = 0; i < n; i++) {
    const c = coefficients[i]!;
    let product = 0;
    for (let l = 0; l < n; l++) product += gram[i * n + l]! * coefficients[l]!;
    squared[i] = product;
    own += c * product;
    reach += Math.abs(c) * Math.sqrt(gram[i * n + i]!);
  }
  for (let i = 0; i < n; i++) {
    const value = gram[i * n + i]! - 2 * squared[i]! + own;
    const scale = (Math.sqrt(gram[i * n + i]!) + reach) ** 2;
    const trusted = (value >= TRUSTED * scale && value >= SMALLEST) || value + ROUNDING * scale < hidden;
    if (!(trusted && scale < Number.POSITIVE_INFINITY)) return false;
    squared[i] = Math.max(value, 0);
  }
  return true;
}

/** The diagonal of an n x n matrix, here the squared distances from p; false when one is not finite. */
export function diagonal(gram: Float64Array, n: number, squared: Float64Array): boolean {
  for (let i = 0; i < n; i++) squared[i] = gram[i * n + i]!;
  return allFinite(squared, n);
}

/** The first n values are finite. */
export function allFinite(values: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) if (!Number.isFinite(values[i]!)) return false;
  return true;
}
