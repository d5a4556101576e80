/** What parsers make of a file: a sparse matrix in compressed rows, with labels as they stand in the file. */

export interface ParsedRows {
  readonly rows: number;
  readonly columns: number;
  /** rows + 1 offsets into columnOf. */
  readonly rowStart: Int32Array;
  readonly columnOf: Int32Array;
  /** Stored values; absent with rowValue. */
  readonly values: Float64Array | undefined;
  /** The one value of each row (1 where it has no entry), if all entries of every row are equal. */
  readonly rowValue: Float64Array | undefined;
  readonly labels: Float64Array;
}

/** Values in the order of entries, written for one row after the other: from `rowValue` what `values` would be. */
export function spreadRowValues(rowValue: Float64Array, rowStart: Int32Array, fromRow: number, toRow: number, out: Float64Array): void {
  const first = rowStart[fromRow]!;
  for (let row = fromRow; row < toRow; row++) out.fill(rowValue[row]!, rowStart[row]! - first, rowStart[row + 1]! - first);
}
