/**
 * `synthetic-adult`: a seeded stand-in with the shape of a9a, for use without data or network. 32,561 rows, 123 one-hot
 * columns in 14 groups, labels from a planted logistic model, about 24 % positive. Fixed: its identity is a constant.
 */
import { exp, log, sigmoid } from '../kernels/reference/scalar.ts';
import { KeyedStream } from '../random/streams.ts';
import type { ParsedRows } from './parsed-rows.ts';

const ROWS = 32561;
/** Sizes of the one-hot groups, as the binarised Adult data have them. */
const GROUPS = [5, 8, 5, 16, 5, 7, 14, 6, 5, 2, 2, 2, 5, 41];
const COLUMNS = GROUPS.reduce((sum, size) => sum + size, 0);
/** Shifts the planted margins so that about 24 % of the labels are positive. */
const BIAS = -1.45;

export function syntheticAdult(): ParsedRows {
  const stream = new KeyedStream(20260101, 'data').at(0);
  const weights = Float64Array.from({ length: COLUMNS }, () => stream.normal());
  // Within a group category c has weight proportional to (c + 1)^(-1.2): a few common, many rare.
  const cumulated = GROUPS.map((size) => {
    const shares = Array.from({ length: size }, (_, c) => exp(-1.2 * log(c + 1)));
    const total = shares.reduce((sum, share) => sum + share, 0);
    let sum = 0;
    return shares.map((share) => {
      sum += share / total;
      return sum;
    });
  });
  const entries = ROWS * GROUPS.length;
  const rowStart = Int32Array.from({ length: ROWS + 1 }, (_, row) => row * GROUPS.length);
  const columnOf = new Int32Array(entries);
  const labels = new Float64Array(ROWS);
  let p = 0;
  for (let row = 0; row < ROWS; row++) {
    let margin = BIAS;
    let first = 0;
    for (let group = 0; group < GROUPS.length; group++) {
      const u = stream.uniform();
      const shares = cumulated[group]!;
      let category = 0;
      while (category < shares.length - 1 && u >= shares[category]!) category++;
      columnOf[p++] = first + category;
      margin += weights[first + category]!;
      first += GROUPS[group]!;
    }
    labels[row] = stream.uniform() < sigmoid(margin) ? 1 : -1;
  }
  const rowValue = new Float64Array(ROWS).fill(1);
  return { rows: ROWS, columns: COLUMNS, rowStart, columnOf, values: undefined, rowValue, labels };
}
