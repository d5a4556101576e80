/**
 * Kernels of linear models on sparse data: margins, losses, gradients, mini-batch differences, Hessian products.
 *
 * **Order of additions.** A margin adds the entries of a row in two lanes (even and odd positions), then lane 0 +
 * lane 1, and multiplies by the row's one value where the data are stored that way. A full gradient is gathered by
 * columns: the entries of a column, in row order, go to four lanes in turn; (l0 + l2) + (l1 + l3). A mini-batch
 * is scattered row by row in batch order onto the regulariser's part.
 */
import type { Link } from '../../../shared/contracts/kernels.ts';
import type { Dataset } from '../../../shared/contracts/problem.ts';
import type { Vector } from '../../../shared/vector.ts';
import { expInRange, log1pUnit, sigmoid } from './scalar.ts';

/** a_row . x */
export function margin(data: Dataset, row: number, x: Vector): number {
  const { columnOf, values, rowValue } = data;
  const to = data.rowStart[row + 1]!;
  let p = data.rowStart[row]!;
  let even = 0;
  let odd = 0;
  if (values === undefined) {
    for (; p + 2 <= to; p += 2) {
      even += x[columnOf[p]!]!;
      odd += x[columnOf[p + 1]!]!;
    }
    if (p < to) even += x[columnOf[p]!]!;
    return (even + odd) * rowValue![row]!;
  }
  for (; p + 2 <= to; p += 2) {
    even += values[p]! * x[columnOf[p]!]!;
    odd += values[p + 1]! * x[columnOf[p + 1]!]!;
  }
  if (p < to) even += values[p]! * x[columnOf[p]!]!;
  return even + odd;
}

/** d/dt of the loss at margin t. */
export function slope(link: Link, t: number, y: number): number {
  return link === 'logistic' ? -y * sigmoid(-y * t) : t - y;
}

/** Adds factor * a_row to `out`. */
function scatter(data: Dataset, row: number, factor: number, out: Vector): void {
  const { columnOf, values } = data;
  const from = data.rowStart[row]!;
  const to = data.rowStart[row + 1]!;
  if (values === undefined) {
    const amount = factor * data.rowValue![row]!;
    for (let p = from; p < to; p++) out[columnOf[p]!]! += amount;
    return;
  }
  for (let p = from; p < to; p++) out[columnOf[p]!]! += factor * values[p]!;
}

/** out += (1/b) sum over the batch of slope a_row; `rows` maps a shard's indices to rows of the data, null is identity. */
export function addBatchGradient(
  link: Link,
  data: Dataset,
  labels: Float64Array,
  rows: Int32Array | null,
  batch: Int32Array,
  b: number,
  x: Vector,
  out: Vector,
): void {
  for (let i = 0; i < b; i++) {
    const row = rows === null ? batch[i]! : rows[batch[i]!]!;
    scatter(data, row, slope(link, margin(data, row, x), labels[row]!) / b, out);
  }
}

/** out += (1/b) sum over the batch of (slope at x - slope at xPrevious) a_row, both margins in one pass over the row. */
export function addBatchDifference(
  link: Link,
  data: Dataset,
  labels: Float64Array,
  rows: Int32Array | null,
  batch: Int32Array,
  b: number,
  x: Vector,
  xPrevious: Vector,
  out: Vector,
): void {
  const { rowStart, columnOf, values, rowValue } = data;
  for (let i = 0; i < b; i++) {
    const row = rows === null ? batch[i]! : rows[batch[i]!]!;
    const from = rowStart[row]!;
    const to = rowStart[row + 1]!;
    let even = 0;
    let odd = 0;
    let evenPrevious = 0;
    let oddPrevious = 0;
    let p = from;
    if (values === undefined) {
      for (; p + 2 <= to; p += 2) {
        const c0 = columnOf[p]!;
        const c1 = columnOf[p + 1]!;
        even += x[c0]!;
        odd += x[c1]!;
        evenPrevious += xPrevious[c0]!;
        oddPrevious += xPrevious[c1]!;
      }
      if (p < to) {
        const c = columnOf[p]!;
        even += x[c]!;
        evenPrevious += xPrevious[c]!;
      }
      const value = rowValue![row]!;
      const y = labels[row]!;
      const amount = ((slope(link, (even + odd) * value, y) - slope(link, (evenPrevious + oddPrevious) * value, y)) / b) * value;
      for (p = from; p < to; p++) out[columnOf[p]!]! += amount;
    } else {
      for (; p + 2 <= to; p += 2) {
        const c0 = columnOf[p]!;
        const c1 = columnOf[p + 1]!;
        even += values[p]! * x[c0]!;
        odd += values[p + 1]! * x[c1]!;
        evenPrevious += values[p]! * xPrevious[c0]!;
        oddPrevious += values[p + 1]! * xPrevious[c1]!;
      }
      if (p < to) {
        const c = columnOf[p]!;
        even += values[p]! * x[c]!;
        evenPrevious += values[p]! * xPrevious[c]!;
      }
      const y = labels[row]!;
      const factor = (slope(link, even + odd, y) - slope(link, evenPrevious + oddPrevious, y)) / b;
      for (p = from; p < to; p++) out[columnOf[p]!]! += factor * values[p]!;
    }
  }
}

/**
 * Slopes of all rows into `slopes`, weighted (by 1 where `weights` is absent), and the weighted loss by compensated
 * (Neumaier) summation as the return value; the loss is 0 when `wantLoss` is false.
 */
export function slopesAndLoss(
  link: Link,
  data: Dataset,
  labels: Float64Array,
  weights: Float64Array | undefined,
  x: Vector,
  slopes: Float64Array,
  wantLoss: boolean,
): number {
  let sum = 0;
  let lost = 0;
  for (let row = 0; row < data.rows; row++) {
    const w = weights === undefined ? 1 : weights[row]!;
    if (w === 0) {
      slopes[row] = 0;
      continue;
    }
    const t = margin(data, row, x);
    const y = labels[row]!;
    let loss: number;
    if (link === 'logistic') {
      // One exponential serves slope and loss: e = exp(-|y t|).
      const s = y * t;
      const magnitude = s < 0 ? -s : s;
      const e = expInRange(magnitude > 708 ? -708 : magnitude === magnitude ? -magnitude : 0);
      const small = e / (1 + e);
      slopes[row] = magnitude === magnitude ? -y * w * (s >= 0 ? small : 1 / (1 + e)) : Number.NaN;
      if (!wantLoss) continue;
      loss = magnitude === magnitude ? (s >= 0 ? log1pUnit(e) : log1pUnit(e) - s) : Number.NaN;
    } else {
      slopes[row] = (t - y) * w;
      if (!wantLoss) continue;
      loss = 0.5 * (t - y) * (t - y);
    }
    const term = w * loss;
    const next = sum + term;
    lost += (sum < 0 ? -sum : sum) >= (term < 0 ? -term : term) ? sum - next + term : term - next + sum;
    sum = next;
  }
  // An infinite sum makes the compensation NaN; the sum itself is the answer then.
  return Number.isFinite(sum) ? sum + lost : sum;
}

/** out_j = factor * sum over rows of slopes_row a_row,j, gathered column by column. */
export function gatherColumns(data: Dataset, slopes: Float64Array, factor: number, out: Vector): void {
  const { columnStart, rowOf, columnValues, rowValue } = data;
  if (columnValues === undefined) for (let row = 0; row < data.rows; row++) slopes[row]! *= rowValue![row]!;
  for (let j = 0; j < data.columns; j++) {
    const to = columnStart[j + 1]!;
    let p = columnStart[j]!;
    let l0 = 0;
    let l1 = 0;
    let l2 = 0;
    let l3 = 0;
    if (columnValues === undefined) {
      for (; p + 4 <= to; p += 4) {
        l0 += slopes[rowOf[p]!]!;
        l1 += slopes[rowOf[p + 1]!]!;
        l2 += slopes[rowOf[p + 2]!]!;
        l3 += slopes[rowOf[p + 3]!]!;
      }
      if (p < to) l0 += slopes[rowOf[p]!]!;
      if (p + 1 < to) l1 += slopes[rowOf[p + 1]!]!;
      if (p + 2 < to) l2 += slopes[rowOf[p + 2]!]!;
    } else {
      for (; p + 4 <= to; p += 4) {
        l0 += slopes[rowOf[p]!]! * columnValues[p]!;
        l1 += slopes[rowOf[p + 1]!]! * columnValues[p + 1]!;
        l2 += slopes[rowOf[p + 2]!]! * columnValues[p + 2]!;
        l3 += slopes[rowOf[p + 3]!]! * columnValues[p + 3]!;
      }
      if (p < to) l0 += slopes[rowOf[p]!]! * columnValues[p]!;
      if (p + 1 < to) l1 += slopes[rowOf[p + 1]!]! * columnValues[p + 1]!;
      if (p + 2 < to) l2 += slopes[rowOf[p + 2]!]! * columnValues[p + 2]!;
    }
    out[j] = factor * (l0 + l2 + (l1 + l3));
  }
}

/** out += factor * sum over the listed rows of slope a_row, row by row: the full gradient of a shard. */
export function addRowsGradient(
  link: Link,
  data: Dataset,
  labels: Float64Array,
  rows: Int32Array,
  x: Vector,
  factor: number,
  out: Vector,
): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    scatter(data, row, slope(link, margin(data, row, x), labels[row]!) * factor, out);
  }
}

/** out_row = weight_row (a_row . x), or the margins alone where there are no weights. */
export function weightedMargins(data: Dataset, weights: Float64Array | undefined, x: Vector, out: Float64Array): void {
  for (let row = 0; row < data.rows; row++) {
    const t = margin(data, row, x);
    out[row] = weights === undefined ? t : weights[row]! * t;
  }
}

/** curvatures_row = w_row loss''(a_row . x); the second derivative for products with the Hessian. */
export function curvatures(link: Link, data: Dataset, weights: Float64Array | undefined, x: Vector, out: Float64Array): void {
  for (let row = 0; row < data.rows; row++) {
    const w = weights === undefined ? 1 : weights[row]!;
    if (link === 'squared') out[row] = w;
    else {
      const s = sigmoid(margin(data, row, x));
      out[row] = w * s * (1 - s);
    }
  }
}
