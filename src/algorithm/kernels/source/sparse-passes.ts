/** Passes over all rows: slopes and losses, gathers by columns, curvatures. */
import { expOfMagnitude, log1pUnit, sigmoid } from './scalar';
import { BLOCK, double, FACTORS, int, LOGISTIC, MARGINS, margin } from './sparse-rows';

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
