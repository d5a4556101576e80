/** The median of a few numbers: lengths and distances of messages. */

/** Median of the first n values, which are sorted in place; the mean of the two middle ones for even n. */
export function medianOfValues(values: Float64Array, n: number): number {
  const sorted = values.subarray(0, n).sort();
  return n % 2 === 1 ? sorted[n >> 1]! : (sorted[(n >> 1) - 1]! + sorted[n >> 1]!) / 2;
}
