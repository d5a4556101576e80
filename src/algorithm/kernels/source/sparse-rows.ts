/**
 * `reference/sparse.ts` in WebAssembly: the same additions in the same order. What full passes and batches share: a row's
 * margin, and slopes.
 *
 * Pointers are bytes into the memory; `values` and `weights` are 0 where the data have none, `rows` is 0 for the
 * identity. Margins of a block of rows come first, then all slopes of the block by SIMD, then what is done with them;
 * `scratch` points to memory that holds nothing between calls.
 */
import { sigmoid } from './scalar';

export const BLOCK: i32 = 256;

/** The parts of `scratch`: margins (pairs of them in a difference), labels, factors. */
export const MARGINS: usize = 0;
export const LABELS: usize = <usize>BLOCK * 16;
export const FACTORS: usize = <usize>BLOCK * 24;
/** Where coordinates of x and xPrevious are put side by side. */
export const PAIRS: usize = <usize>BLOCK * 32;

export const LOGISTIC: i32 = 0;

@inline
export function int(base: usize, index: i32): i32 {
  return load<i32>(base + (<usize>index << 2));
}

@inline
export function double(base: usize, index: i32): f64 {
  return load<f64>(base + (<usize>index << 3));
}

/** a_row . x, times the row's value where rows have one. */
@inline
export function margin(rowStart: usize, columnOf: usize, values: usize, rowValue: usize, row: i32, x: usize): f64 {
  let p = int(rowStart, row);
  const to = int(rowStart, row + 1);
  let even: f64 = 0;
  let odd: f64 = 0;
  if (values == 0) {
    for (; p + 2 <= to; p += 2) {
      even += double(x, int(columnOf, p));
      odd += double(x, int(columnOf, p + 1));
    }
    if (p < to) even += double(x, int(columnOf, p));
    return (even + odd) * double(rowValue, row);
  }
  for (; p + 2 <= to; p += 2) {
    even += double(values, p) * double(x, int(columnOf, p));
    odd += double(values, p + 1) * double(x, int(columnOf, p + 1));
  }
  if (p < to) even += double(values, p) * double(x, int(columnOf, p));
  return even + odd;
}

/** d/dt of the loss at two margins. */
@inline
export function slope(link: i32, t: v128, y: v128): v128 {
  if (link != LOGISTIC) return f64x2.sub(t, y);
  const minus = f64x2.neg(y);
  return f64x2.mul(minus, sigmoid(f64x2.mul(minus, t)));
}
