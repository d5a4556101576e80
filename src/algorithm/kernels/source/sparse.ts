/**
 * `reference/sparse.ts` in WebAssembly: the same additions in the same order. Margins of a block of rows come first,
 * then all slopes of the block by SIMD, then what is done with them.
 *
 * Pointers are bytes into the memory; `values` and `weights` are 0 where the data have none, `rows` is 0 for the
 * identity. `scratch` points to `SCRATCH_BYTES` that hold nothing between calls.
 */
import { expOfMagnitude, log1pUnit, sigmoid } from './scalar';

const BLOCK: i32 = 256;

/** The parts of `scratch`: margins (pairs of them in a difference), labels, factors. */
const MARGINS: usize = 0;
const LABELS: usize = <usize>BLOCK * 16;
const FACTORS: usize = <usize>BLOCK * 24;
/** Where coordinates of x and xPrevious are put side by side. */
const PAIRS: usize = <usize>BLOCK * 32;

const LOGISTIC: i32 = 0;

@inline
function int(base: usize, index: i32): i32 {
  return load<i32>(base + (<usize>index << 2));
}

@inline
function double(base: usize, index: i32): f64 {
  return load<f64>(base + (<usize>index << 3));
}

@inline
function pair(base: usize, index: i32): v128 {
  return v128.load(base + (<usize>index << 4));
}

/** a_row . x, times the row's value where rows have one. */
@inline
function margin(rowStart: usize, columnOf: usize, values: usize, rowValue: usize, row: i32, x: usize): f64 {
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
function slope(link: i32, t: v128, y: v128): v128 {
  if (link != LOGISTIC) return f64x2.sub(t, y);
  const minus = f64x2.neg(y);
  return f64x2.mul(minus, sigmoid(f64x2.mul(minus, t)));
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

export function slopesAndLoss(
  link: i32,
  rowCount: i32,
  rowStart: usize,
  columnOf: usize,
  values: usize,
  rowValue: usize,
  labels: usize,
  weights: usize,
  x: usize,
  wantLoss: bool,
  scratch: usize,
  slopes: usize,
): f64 {
  let sum: f64 = 0;
  let lost: f64 = 0;
  const one = f64x2.splat(1);
  const zero = f64x2.splat(0);
  for (let from = 0; from < rowCount; from += BLOCK) {
    const n = min(BLOCK, rowCount - from);
    for (let i = 0; i < n; i++) {
      store<f64>(scratch + MARGINS + (<usize>i << 3), margin(rowStart, columnOf, values, rowValue, from + i, x));
    }
    for (let i = 0; i < n; i += 2) {
      // The last of an odd number of rows has no neighbour whose label and weight could be read.
      const alone = i + 1 == n;
      const at = <usize>(from + i) << 3;
      const t = v128.load(scratch + MARGINS + (<usize>i << 3));
      const y = alone ? v128.load64_zero(labels + at) : v128.load(labels + at);
      const w = weights == 0 ? one : alone ? v128.load64_zero(weights + at) : v128.load(weights + at);
      let value: v128;
      let loss = zero;
      if (link == LOGISTIC) {
        const s = f64x2.mul(y, t);
        const positive = f64x2.ge(s, zero);
        const e = expOfMagnitude(s);
        value = f64x2.mul(f64x2.mul(f64x2.neg(y), w), f64x2.div(v128.bitselect(e, one, positive), f64x2.add(one, e)));
        if (wantLoss) {
          const rest = log1pUnit(e);
          loss = v128.bitselect(rest, f64x2.sub(rest, s), positive);
        }
      } else {
        const error = f64x2.sub(t, y);
        value = f64x2.mul(error, w);
        loss = f64x2.mul(f64x2.mul(f64x2.splat(0.5), error), error);
      }
      // A row of weight 0 has slope 0, whatever its margin.
      value = v128.andnot(value, f64x2.eq(w, zero));
      if (alone) v128.store64_lane(slopes + at, value, 0);
      else v128.store(slopes + at, value);
      if (wantLoss) v128.store(scratch + FACTORS + (<usize>i << 3), f64x2.mul(w, loss));
    }
    if (!wantLoss) continue;
    for (let i = 0; i < n; i++) {
      if (weights != 0 && double(weights, from + i) == 0) continue;
      const term = load<f64>(scratch + FACTORS + (<usize>i << 3));
      const next = sum + term;
      lost += abs(sum) >= abs(term) ? sum - next + term : term - next + sum;
      sum = next;
    }
  }
  return isFinite(sum) ? sum + lost : sum;
}

export function gatherColumns(
  rowCount: i32,
  columns: i32,
  columnStart: usize,
  rowOf: usize,
  columnValues: usize,
  rowValue: usize,
  slopes: usize,
  factor: f64,
  out: usize,
): void {
  if (columnValues == 0) {
    for (let row = 0; row < rowCount; row++) {
      const at = <usize>row << 3;
      store<f64>(slopes + at, load<f64>(slopes + at) * load<f64>(rowValue + at));
    }
  }
  for (let j = 0; j < columns; j++) {
    let p = int(columnStart, j);
    const to = int(columnStart, j + 1);
    let l0: f64 = 0;
    let l1: f64 = 0;
    let l2: f64 = 0;
    let l3: f64 = 0;
    if (columnValues == 0) {
      for (; p + 4 <= to; p += 4) {
        l0 += double(slopes, int(rowOf, p));
        l1 += double(slopes, int(rowOf, p + 1));
        l2 += double(slopes, int(rowOf, p + 2));
        l3 += double(slopes, int(rowOf, p + 3));
      }
      if (p < to) l0 += double(slopes, int(rowOf, p));
      if (p + 1 < to) l1 += double(slopes, int(rowOf, p + 1));
      if (p + 2 < to) l2 += double(slopes, int(rowOf, p + 2));
    } else {
      for (; p + 4 <= to; p += 4) {
        l0 += double(slopes, int(rowOf, p)) * double(columnValues, p);
        l1 += double(slopes, int(rowOf, p + 1)) * double(columnValues, p + 1);
        l2 += double(slopes, int(rowOf, p + 2)) * double(columnValues, p + 2);
        l3 += double(slopes, int(rowOf, p + 3)) * double(columnValues, p + 3);
      }
      if (p < to) l0 += double(slopes, int(rowOf, p)) * double(columnValues, p);
      if (p + 1 < to) l1 += double(slopes, int(rowOf, p + 1)) * double(columnValues, p + 1);
      if (p + 2 < to) l2 += double(slopes, int(rowOf, p + 2)) * double(columnValues, p + 2);
    }
    store<f64>(out + (<usize>j << 3), factor * (l0 + l2 + (l1 + l3)));
  }
}

/** out_row = weight_row (a_row . x); the plain margins where `weights` is 0. */
export function weightedMargins(
  rowCount: i32,
  rowStart: usize,
  columnOf: usize,
  values: usize,
  rowValue: usize,
  weights: usize,
  x: usize,
  out: usize,
): void {
  for (let row = 0; row < rowCount; row++) {
    const t = margin(rowStart, columnOf, values, rowValue, row, x);
    store<f64>(out + (<usize>row << 3), weights == 0 ? t : double(weights, row) * t);
  }
}

export function curvatures(
  link: i32,
  rowCount: i32,
  rowStart: usize,
  columnOf: usize,
  values: usize,
  rowValue: usize,
  weights: usize,
  x: usize,
  out: usize,
): void {
  for (let row = 0; row < rowCount; row++) {
    const w: f64 = weights == 0 ? 1 : double(weights, row);
    let value = w;
    if (link == LOGISTIC) {
      const s = f64x2.extract_lane(sigmoid(f64x2.splat(margin(rowStart, columnOf, values, rowValue, row, x))), 0);
      value = w * s * (1 - s);
    }
    store<f64>(out + (<usize>row << 3), value);
  }
}
