/**
 * The identity of data: a hash of the canonical parsed form, before normalisation. Files that differ in bytes only,
 * and one file packed or not, have one identity.
 *
 *   part     = sha256( "marinade-rows-1", rows u32, columns u32, entries u32,
 *                      row starts i32, columns i32, values f64, labels f64 ), all little-endian
 *   identity = sha256( "marinade-data-1", part of the training set, part of the test set where the set has one )
 */
import { createHash } from 'node:crypto';
import { type ParsedRows, spreadRowValues } from '../../algorithm/data/parsed-rows.ts';
import { sha256Hex } from '../../shared/hash.ts';

/** Rows whose values are written out at a time. */
const SPREAD_ROWS = 1024;

/** The hash of one part, as 64 hexadecimal digits. */
export function partDigest({ rows, columns, rowStart, columnOf, values, rowValue, labels }: ParsedRows): string {
  const hash = createHash('sha256')
    .update('marinade-rows-1')
    .update(Uint32Array.of(rows, columns, columnOf.length));
  hash.update(rowStart).update(columnOf);
  if (values !== undefined) hash.update(values);
  else {
    let written = new Float64Array(0);
    for (let from = 0; from < rows; from += SPREAD_ROWS) {
      const to = Math.min(rows, from + SPREAD_ROWS);
      const entries = rowStart[to]! - rowStart[from]!;
      if (entries > written.length) written = new Float64Array(entries);
      spreadRowValues(rowValue!, rowStart, from, to, written);
      hash.update(written.subarray(0, entries));
    }
  }
  return hash.update(labels).digest('hex');
}

export function identityOf(train: string, test: string | undefined): string {
  return sha256Hex(Buffer.concat([Buffer.from('marinade-data-1'), Buffer.from(train, 'hex'), Buffer.from(test ?? '', 'hex')]));
}
