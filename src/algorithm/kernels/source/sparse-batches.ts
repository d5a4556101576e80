/** Gradients and differences of batches and shards, scattered row by row. */
import { sigmoids } from './scalar';
import { BLOCK, double, int, LOGISTIC, MARGINS, margin, PAIRS, RECORDS } from './sparse-rows';

/** Adds an amount to the coordinate of `out` that a stored column number names. */
@inline
function addTo(out: usize, column: usize, amount: f64): void {
  const at = out + (<usize>load<i32>(column) << 3);
  store<f64>(at, amount + load<f64>(at));
}

/** out += factor * the entries from..to of a row, for a factor that includes the row's value where rows have one. */
@inline
function scatter(columnOf: usize, values: usize, from: i32, to: i32, factor: f64, out: usize): void {
  let p = columnOf + (<usize>from << 2);
  const end = columnOf + (<usize>to << 2);
  if (values == 0) {
    for (; p + 16 <= end; p += 16) {
      addTo(out, p, factor);
      addTo(out, p + 4, factor);
      addTo(out, p + 8, factor);
      addTo(out, p + 12, factor);
    }
    for (; p < end; p += 4) addTo(out, p, factor);
  } else {
    let value = values + (<usize>from << 3);
    for (; p < end; p += 4) {
      addTo(out, p, factor * load<f64>(value));
      value += 8;
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
  constants: usize,
  scratch: usize,
  out: usize,
): void {
  const slopes = scratch + MARGINS;
  for (let from = 0; from < count; from += BLOCK) {
    const n = min(BLOCK, count - from);
    for (let i = 0; i < n; i++) {
      const row = rowAt(rows, list, from + i);
      const t = margin(rowStart, columnOf, values, rowValue, row, x);
      const y = double(labels, row);
      store<f64>(slopes + (<usize>i << 3), link == LOGISTIC ? -y * t : t - y);
    }
    if (link == LOGISTIC) sigmoids(slopes, (n + 1) >> 1, constants);
    for (let i = 0; i < n; i++) {
      const row = rowAt(rows, list, from + i);
      let slope = double(slopes, i);
      if (link == LOGISTIC) slope *= -double(labels, row);
      let factor = (slope / divisor) * multiplier;
      if (values == 0) factor *= double(rowValue, row);
      scatter(columnOf, values, int(rowStart, row), int(rowStart, row + 1), factor, out);
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
  constants: usize,
  scratch: usize,
  out: usize,
): void {
  addGradient(link, rowStart, columnOf, values, rowValue, labels, rows, batch, b, <f64>b, 1, x, constants, scratch, out);
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
  constants: usize,
  scratch: usize,
  out: usize,
): void {
  addGradient(link, rowStart, columnOf, values, rowValue, labels, 0, rows, count, 1, factor, x, constants, scratch, out);
}

/** Coordinate j of x (lane 0) and of xPrevious (lane 1), for a stored column number j. */
@inline
function both(x: usize, xPrevious: usize, column: usize): v128 {
  const at = <usize>load<i32>(column) << 3;
  return v128.load64_lane(xPrevious + at, v128.load64_zero(x + at), 1);
}

/** The same from coordinates put side by side. */
@inline
function pair(pairs: usize, column: usize): v128 {
  return v128.load(pairs + (<usize>load<i32>(column) << 4));
}

/** What a batch needs of a row, put together: where its entries are, its value (1 where entries have their own), its label. */
const RECORD: usize = 24;

@inline
function fromOf(record: usize): i32 {
  return load<i32>(record);
}

@inline
function toOf(record: usize): i32 {
  return load<i32>(record, 4);
}

@inline
function valueOf(record: usize): f64 {
  return load<f64>(record, 8);
}

@inline
function labelOf(record: usize): f64 {
  return load<f64>(record, 16);
}

/**
 * Fills the records of n rows, then reads the ends of their entries: rows lie anywhere in memory, and loads that do not
 * wait for one another are waited for together.
 */
@inline
function collect(rowStart: usize, columnOf: usize, rowValue: usize, labels: usize, rows: usize, list: usize, n: i32, records: usize): i32 {
  let record = records;
  for (let i = 0; i < n; i++) {
    const row = <usize>rowAt(rows, list, i);
    store<u64>(record, load<u64>(rowStart + (row << 2)));
    store<f64>(record, rowValue == 0 ? 1 : load<f64>(rowValue + (row << 3)), 8);
    store<f64>(record, load<f64>(labels + (row << 3)), 16);
    record += RECORD;
  }
  let seen = 0;
  for (let at = records; at < record; at += RECORD) {
    seen += load<i32>(columnOf + (<usize>fromOf(at) << 2)) + load<i32>(columnOf + (<usize>toOf(at) << 2) - 4);
  }
  return seen;
}

/** Margins of a row at x (lane 0) and xPrevious (lane 1). */
@inline
function twoMargins(columnOf: usize, values: usize, record: usize, pairs: usize, x: usize, xPrevious: usize): v128 {
  const from = fromOf(record);
  let p = columnOf + (<usize>from << 2);
  const end = columnOf + (<usize>toOf(record) << 2);
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  if (values == 0) {
    if (pairs != 0) {
      for (; p + 16 <= end; p += 16) {
        even = f64x2.add(even, pair(pairs, p));
        odd = f64x2.add(odd, pair(pairs, p + 4));
        even = f64x2.add(even, pair(pairs, p + 8));
        odd = f64x2.add(odd, pair(pairs, p + 12));
      }
      if (p + 8 <= end) {
        even = f64x2.add(even, pair(pairs, p));
        odd = f64x2.add(odd, pair(pairs, p + 4));
        p += 8;
      }
      if (p < end) even = f64x2.add(even, pair(pairs, p));
    } else {
      for (; p + 8 <= end; p += 8) {
        even = f64x2.add(even, both(x, xPrevious, p));
        odd = f64x2.add(odd, both(x, xPrevious, p + 4));
      }
      if (p < end) even = f64x2.add(even, both(x, xPrevious, p));
    }
    return f64x2.mul(f64x2.add(even, odd), v128.load_splat<f64>(record, 8));
  }
  let value = values + (<usize>from << 3);
  for (; p + 8 <= end; p += 8) {
    even = f64x2.add(even, f64x2.mul(v128.load_splat<f64>(value), both(x, xPrevious, p)));
    odd = f64x2.add(odd, f64x2.mul(v128.load_splat<f64>(value, 8), both(x, xPrevious, p + 4)));
    value += 16;
  }
  if (p < end) even = f64x2.add(even, f64x2.mul(v128.load_splat<f64>(value), both(x, xPrevious, p)));
  return f64x2.add(even, odd);
}

/** Puts the d coordinates of x and xPrevious side by side. */
@inline
function putSideBySide(x: usize, xPrevious: usize, d: i32, pairs: usize): void {
  let at = pairs;
  const end = x + (<usize>d << 3);
  for (; x + 16 <= end; x += 16) {
    const a = v128.load(x);
    const b = v128.load(xPrevious);
    v128.store(at, i64x2.shuffle(a, b, 0, 2));
    v128.store(at, i64x2.shuffle(a, b, 1, 3), 16);
    xPrevious += 16;
    at += 32;
  }
  if (x < end) v128.store(at, v128.load64_lane(xPrevious, v128.load64_zero(x), 1));
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
  constants: usize,
  scratch: usize,
  out: usize,
): void {
  let pairs: usize = 0;
  if (interleave && values == 0) {
    pairs = scratch + PAIRS;
    putSideBySide(x, xPrevious, d, pairs);
  }
  const margins = scratch + MARGINS;
  const records = scratch + RECORDS;
  for (let from = 0; from < b; from += BLOCK) {
    const n = min(BLOCK, b - from);
    // What was read is written where margins come: without a use it would not be read.
    store<i32>(margins, collect(rowStart, columnOf, rowValue, labels, rows, batch + (<usize>from << 2), n, records));
    let at = margins;
    const end = records + <usize>n * RECORD;
    for (let record = records; record < end; record += RECORD) {
      const t = twoMargins(columnOf, values, record, pairs, x, xPrevious);
      const y = v128.load_splat<f64>(record, 16);
      v128.store(at, link == LOGISTIC ? f64x2.mul(f64x2.neg(y), t) : f64x2.sub(t, y));
      at += 16;
    }
    if (link == LOGISTIC) sigmoids(margins, n, constants);
    at = margins;
    for (let record = records; record < end; record += RECORD) {
      let slope = load<f64>(at);
      let slopePrevious = load<f64>(at, 8);
      at += 16;
      if (link == LOGISTIC) {
        const minus = -labelOf(record);
        slope *= minus;
        slopePrevious *= minus;
      }
      const factor = ((slope - slopePrevious) / <f64>b) * valueOf(record);
      scatter(columnOf, values, fromOf(record), toOf(record), factor, out);
    }
  }
}
