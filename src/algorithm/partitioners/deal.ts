/** What partitioners share: dealing rows to owners and the checks of a split. */
import { MarinadeError } from '../../shared/errors.ts';

/** @throws MARINADE_PRECONDITION_UNSUPPORTED when some owner would get no row */
export function requireRows(rows: number, owners: number): void {
  if (rows < owners) {
    throw new MarinadeError(
      'MARINADE_PRECONDITION_UNSUPPORTED',
      `a partition needs a row for each of ${owners} clients; the data have ${rows}`,
      { rows, owners },
    );
  }
}

/** @throws MARINADE_PRECONDITION_UNSUPPORTED without labels */
export function requireLabels(labels: Float64Array | undefined, name: string): Float64Array {
  if (labels !== undefined) return labels;
  throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', `partition ${name} needs labels; these data have none`);
}

/** Contiguous pieces of an order whose sizes differ by at most one, the larger ones first. */
export function cut(order: Int32Array, pieces: number): Int32Array[] {
  const small = Math.floor(order.length / pieces);
  const larger = order.length % pieces;
  let from = 0;
  return Array.from({ length: pieces }, (_, i) => {
    const to = from + small + (i < larger ? 1 : 0);
    const piece = order.slice(from, to);
    from = to;
    return piece;
  });
}

/** Rows in increasing order within each owner. */
export function sorted(parts: readonly (readonly number[] | Int32Array)[]): Int32Array[] {
  return parts.map((part) => Int32Array.from(part).sort());
}

/** Moves rows from the largest owners to empty ones: the last row of the largest part, lowest owner first on ties. */
export function fillEmpty(parts: number[][]): void {
  for (const part of parts) {
    if (part.length > 0) continue;
    let largest = 0;
    for (let i = 1; i < parts.length; i++) if (parts[i]!.length > parts[largest]!.length) largest = i;
    part.push(parts[largest]!.pop()!);
  }
}
