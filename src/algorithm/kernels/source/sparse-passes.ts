/** Passes over all rows: slopes and losses, gathers by columns, curvatures. */
import { expOfMagnitudes, log1pUnit, sigmoids } from './scalar';
import { BLOCK, double, int, LOGISTIC, MARGINS, margin, RECORDS } from './sparse-rows';

export { storeConstants } from './scalar';

/** One vector of weighted slopes and, if wanted, losses, from margins t, labels y, weights w and e = exp(-|y t|). */
@inline
function finish(t: v128, y: v128, w: v128, e: v128, wantLoss: bool, constants: usize, slopes: usize, losses: usize, alone: bool): void {
  const one = f64x2.splat(1);
  const s = f64x2.mul(y, t);
  const positive = f64x2.ge(s, f64x2.splat(0));
  put(f64x2.mul(f64x2.mul(f64x2.neg(y), w), f64x2.div(v128.bitselect(e, one, positive), f64x2.add(one, e))), w, slopes, alone);
  if (!wantLoss) return;
  const rest = log1pUnit(e, constants);
  v128.store(losses, f64x2.mul(w, v128.bitselect(rest, f64x2.sub(rest, s), positive)));
}

/** A row of weight 0 has slope 0, whatever its margin. */
@inline
function put(values: v128, w: v128, slopes: usize, alone: bool): void {
  const kept = v128.andnot(values, f64x2.eq(w, f64x2.splat(0)));
  if (alone) v128.store64_lane(slopes, kept, 0);
  else v128.store(slopes, kept);
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
  constants: usize,
  scratch: usize,
  slopes: usize,
): f64 {
  let sum: f64 = 0;
  let lost: f64 = 0;
  const margins = scratch + MARGINS;
  const exponentials = scratch + MARGINS + (<usize>BLOCK << 3);
  const losses = scratch + RECORDS;
  for (let from = 0; from < rowCount; from += BLOCK) {
    const n = min(BLOCK, rowCount - from);
    for (let i = 0; i < n; i++) {
      const t = margin(rowStart, columnOf, values, rowValue, from + i, x);
      store<f64>(margins + (<usize>i << 3), t);
      if (link == LOGISTIC) store<f64>(exponentials + (<usize>i << 3), double(labels, from + i) * t);
    }
    if (link == LOGISTIC) {
      for (let at = exponentials; at < exponentials + (<usize>n << 3); at += 32) {
        expOfMagnitudes(v128.load(at), v128.load(at, 16), constants, at);
      }
    }
    for (let i = 0; i < n; i += 2) {
      // The last of an odd number of rows has no neighbour whose label and weight could be read.
      const alone = i + 1 == n;
      const at = <usize>(from + i) << 3;
      const here = <usize>i << 3;
      const t = v128.load(margins + here);
      const y = alone ? v128.load64_zero(labels + at) : v128.load(labels + at);
      const w = weights == 0 ? f64x2.splat(1) : alone ? v128.load64_zero(weights + at) : v128.load(weights + at);
      if (link == LOGISTIC) {
        finish(t, y, w, v128.load(exponentials + here), wantLoss, constants, slopes + at, losses + here, alone);
      } else {
        const error = f64x2.sub(t, y);
        put(f64x2.mul(error, w), w, slopes + at, alone);
        v128.store(losses + here, f64x2.mul(w, f64x2.mul(f64x2.mul(f64x2.splat(0.5), error), error)));
      }
    }
    if (!wantLoss) continue;
    for (let i = 0; i < n; i++) {
      if (weights != 0 && double(weights, from + i) == 0) continue;
      const term = double(losses, i);
      const next = sum + term;
      lost += abs(sum) >= abs(term) ? sum - next + term : term - next + sum;
      sum = next;
    }
  }
  return isFinite(sum) ? sum + lost : sum;
}

/** The slope of the row that a stored row number names. */
@inline
function slopeOf(slopes: usize, row: usize): f64 {
  return load<f64>(slopes + (<usize>load<i32>(row) << 3));
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
    const end = slopes + (<usize>rowCount << 3);
    let value = rowValue;
    let at = slopes;
    for (; at + 16 <= end; at += 16) {
      v128.store(at, f64x2.mul(v128.load(at), v128.load(value)));
      value += 16;
    }
    if (at < end) store<f64>(at, load<f64>(at) * load<f64>(value));
  }
  for (let j = 0; j < columns; j++) {
    const from = int(columnStart, j);
    let p = rowOf + (<usize>from << 2);
    const end = rowOf + (<usize>int(columnStart, j + 1) << 2);
    let l0: f64 = 0;
    let l1: f64 = 0;
    let l2: f64 = 0;
    let l3: f64 = 0;
    if (columnValues == 0) {
      for (; p + 16 <= end; p += 16) {
        l0 += slopeOf(slopes, p);
        l1 += slopeOf(slopes, p + 4);
        l2 += slopeOf(slopes, p + 8);
        l3 += slopeOf(slopes, p + 12);
      }
      if (p < end) l0 += slopeOf(slopes, p);
      if (p + 4 < end) l1 += slopeOf(slopes, p + 4);
      if (p + 8 < end) l2 += slopeOf(slopes, p + 8);
    } else {
      let value = columnValues + (<usize>from << 3);
      for (; p + 16 <= end; p += 16) {
        l0 += load<f64>(value) * slopeOf(slopes, p);
        l1 += load<f64>(value, 8) * slopeOf(slopes, p + 4);
        l2 += load<f64>(value, 16) * slopeOf(slopes, p + 8);
        l3 += load<f64>(value, 24) * slopeOf(slopes, p + 12);
        value += 32;
      }
      if (p < end) l0 += load<f64>(value) * slopeOf(slopes, p);
      if (p + 4 < end) l1 += load<f64>(value, 8) * slopeOf(slopes, p + 4);
      if (p + 8 < end) l2 += load<f64>(value, 16) * slopeOf(slopes, p + 8);
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
  constants: usize,
  scratch: usize,
  out: usize,
): void {
  const margins = scratch + MARGINS;
  for (let from = 0; from < rowCount; from += BLOCK) {
    const n = min(BLOCK, rowCount - from);
    if (link == LOGISTIC) {
      for (let i = 0; i < n; i++) {
        store<f64>(margins + (<usize>i << 3), margin(rowStart, columnOf, values, rowValue, from + i, x));
      }
      sigmoids(margins, (n + 1) >> 1, constants);
    }
    for (let i = 0; i < n; i++) {
      const w: f64 = weights == 0 ? 1 : double(weights, from + i);
      const s = double(margins, i);
      store<f64>(out + (<usize>(from + i) << 3), link == LOGISTIC ? w * s * (1 - s) : w);
    }
  }
}
