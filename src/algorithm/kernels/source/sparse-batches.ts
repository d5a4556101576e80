/** Gradients and differences of batches and shards, scattered row by row. */
import { BLOCK, double, FACTORS, int, LABELS, MARGINS, margin, PAIRS, slope } from './sparse-rows';

@inline
function pair(base: usize, index: i32): v128 {
  return v128.load(base + (<usize>index << 4));
}

/** out += factor * a_row, for a factor that includes the row's value where rows have one. */
@inline
function scatter(rowStart: usize, columnOf: usize, values: usize, row: i32, factor: f64, out: usize): void {
  let p = int(rowStart, row);
  const to = int(rowStart, row + 1);
  if (values == 0) {
    for (; p < to; p++) {
      const at = out + (<usize>int(columnOf, p) << 3);
      store<f64>(at, load<f64>(at) + factor);
    }
  } else {
    for (; p < to; p++) {
      const at = out + (<usize>int(columnOf, p) << 3);
      store<f64>(at, load<f64>(at) + factor * double(values, p));
    }
  }
}

/** The row of the data that entry i of a list names: directly, or as an index into a shard. */
@inline
function rowAt(rows: usize, list: usize, i: i32): i32 {
  const index = int(list, i);
  return rows == 0 ? index : int(rows, index);
}

/** out += sum over the listed rows of (slope / divisor) * multiplier * a_row. */
@inline
function addGradient(
  link: i32,
  rowStart: usize,
  columnOf: usize,
  values: usize,
  rowValue: usize,
  labels: usize,
  rows: usize,
  list: usize,
  count: i32,
  divisor: f64,
  multiplier: f64,
  x: usize,
  scratch: usize,
  out: usize,
): void {
  for (let from = 0; from < count; from += BLOCK) {
    const n = min(BLOCK, count - from);
    for (let i = 0; i < n; i++) {
      const row = rowAt(rows, list, from + i);
      const at = scratch + (<usize>i << 3);
      store<f64>(at + MARGINS, margin(rowStart, columnOf, values, rowValue, row, x));
      store<f64>(at + LABELS, double(labels, row));
    }
    for (let i = 0; i < n; i += 2) {
      const at = scratch + (<usize>i << 3);
      const s = slope(link, v128.load(at + MARGINS), v128.load(at + LABELS));
      v128.store(at + FACTORS, f64x2.mul(f64x2.div(s, f64x2.splat(divisor)), f64x2.splat(multiplier)));
    }
    for (let i = 0; i < n; i++) {
      const row = rowAt(rows, list, from + i);
      let factor = load<f64>(scratch + FACTORS + (<usize>i << 3));
      if (values == 0) factor *= double(rowValue, row);
      scatter(rowStart, columnOf, values, row, factor, out);
    }
  }
}

export function addBatchGradient(
  link: i32,
  rowStart: usize,
  columnOf: usize,
  values: usize,
  rowValue: usize,
  labels: usize,
  rows: usize,
  batch: usize,
  b: i32,
  x: usize,
  scratch: usize,
  out: usize,
): void {
  addGradient(link, rowStart, columnOf, values, rowValue, labels, rows, batch, b, <f64>b, 1, x, scratch, out);
}

export function addRowsGradient(
  link: i32,
  rowStart: usize,
  columnOf: usize,
  values: usize,
  rowValue: usize,
  labels: usize,
  rows: usize,
  count: i32,
  x: usize,
  factor: f64,
  scratch: usize,
  out: usize,
): void {
  addGradient(link, rowStart, columnOf, values, rowValue, labels, 0, rows, count, 1, factor, x, scratch, out);
}

/** Margins of a row at x (lane 0) and xPrevious (lane 1). */
@inline
function twoMargins(rowStart: usize, columnOf: usize, values: usize, rowValue: usize, row: i32, pairs: usize, x: usize, xPrevious: usize): v128 {
  let p = int(rowStart, row);
  const to = int(rowStart, row + 1);
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  if (values == 0) {
    if (pairs != 0) {
      for (; p + 2 <= to; p += 2) {
        even = f64x2.add(even, pair(pairs, int(columnOf, p)));
        odd = f64x2.add(odd, pair(pairs, int(columnOf, p + 1)));
      }
      if (p < to) even = f64x2.add(even, pair(pairs, int(columnOf, p)));
    } else {
      for (; p + 2 <= to; p += 2) {
        even = f64x2.add(even, both(x, xPrevious, int(columnOf, p)));
        odd = f64x2.add(odd, both(x, xPrevious, int(columnOf, p + 1)));
      }
      if (p < to) even = f64x2.add(even, both(x, xPrevious, int(columnOf, p)));
    }
    return f64x2.mul(f64x2.add(even, odd), v128.load_splat<f64>(rowValue + (<usize>row << 3)));
  }
  for (; p + 2 <= to; p += 2) {
    even = f64x2.add(even, f64x2.mul(f64x2.splat(double(values, p)), both(x, xPrevious, int(columnOf, p))));
    odd = f64x2.add(odd, f64x2.mul(f64x2.splat(double(values, p + 1)), both(x, xPrevious, int(columnOf, p + 1))));
  }
  if (p < to) even = f64x2.add(even, f64x2.mul(f64x2.splat(double(values, p)), both(x, xPrevious, int(columnOf, p))));
  return f64x2.add(even, odd);
}

@inline
function both(x: usize, xPrevious: usize, column: i32): v128 {
  const at = <usize>column << 3;
  return v128.load64_lane(xPrevious + at, v128.load64_zero(x + at), 1);
}

/** `interleave`: the d coordinates of x and xPrevious are put side by side first, which pays when d is small. */
export function addBatchDifference(
  link: i32,
  rowStart: usize,
  columnOf: usize,
  values: usize,
  rowValue: usize,
  labels: usize,
  rows: usize,
  batch: usize,
  b: i32,
  x: usize,
  xPrevious: usize,
  d: i32,
  interleave: bool,
  scratch: usize,
  out: usize,
): void {
  let pairs: usize = 0;
  if (interleave && values == 0) {
    pairs = scratch + PAIRS;
    for (let j = 0; j < d; j++) v128.store(pairs + (<usize>j << 4), both(x, xPrevious, j));
  }
  for (let from = 0; from < b; from += BLOCK) {
    const n = min(BLOCK, b - from);
    for (let i = 0; i < n; i++) {
      const t = twoMargins(rowStart, columnOf, values, rowValue, rowAt(rows, batch, from + i), pairs, x, xPrevious);
      v128.store(scratch + MARGINS + (<usize>i << 4), t);
    }
    for (let i = 0; i < n; i++) {
      const row = rowAt(rows, batch, from + i);
      const s = slope(link, v128.load(scratch + MARGINS + (<usize>i << 4)), v128.load_splat<f64>(labels + (<usize>row << 3)));
      let factor = (f64x2.extract_lane(s, 0) - f64x2.extract_lane(s, 1)) / <f64>b;
      if (values == 0) factor *= double(rowValue, row);
      store<f64>(scratch + FACTORS + (<usize>i << 3), factor);
    }
    for (let i = 0; i < n; i++) {
      const row = rowAt(rows, batch, from + i);
      scatter(rowStart, columnOf, values, row, load<f64>(scratch + FACTORS + (<usize>i << 3)), out);
    }
  }
}
