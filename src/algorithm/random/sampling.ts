/** Sampling of indices from a stream: with replacement, without replacement, permutations. O(b) time, no allocation. */
import type { Stream } from '../../shared/vector.ts';
import type { KeyedStream } from './streams.ts';

/** b independent uniform indices below m. */
export function sampleWithReplacement(stream: KeyedStream, m: number, b: number, out: Int32Array): void {
  stream.fillBelow(m, b, out);
}

/**
 * b distinct uniform indices below m, in the order drawn, by Floyd's method: a candidate already taken is replaced by
 * the newest possible index. `seen` is a hash set of at least 2 b entries, a power of two; it is cleared here.
 */
export function sampleWithoutReplacement(stream: Stream, m: number, b: number, out: Int32Array, seen: Int32Array): void {
  const mask = seen.length - 1;
  seen.fill(-1);
  for (let i = 0; i < b; i++) {
    const newest = m - b + i;
    const candidate = stream.below(newest + 1);
    const chosen = insert(seen, mask, candidate) ? candidate : newest;
    if (chosen === newest && chosen !== candidate) insert(seen, mask, newest);
    out[i] = chosen;
  }
}

/** Adds a value to an open-addressing set; false if it was there. */
function insert(seen: Int32Array, mask: number, value: number): boolean {
  let slot = Math.imul(value, 0x9e3779b1) >>> 7;
  for (;;) {
    slot &= mask;
    const found = seen[slot]!;
    if (found === -1) {
      seen[slot] = value;
      return true;
    }
    if (found === value) return false;
    slot++;
  }
}

/** Size of the `seen` set for b draws. */
export function seenSize(b: number): number {
  let size = 4;
  while (size < 2 * b) size *= 2;
  return size;
}

/** A uniform permutation of 0..n-1 into the first n entries of `out`, by Fisher and Yates. */
export function permute(stream: Stream, n: number, out: Int32Array | Float64Array): void {
  for (let i = 0; i < n; i++) out[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    const kept = out[i]!;
    out[i] = out[j]!;
    out[j] = kept;
  }
}

/** A uniform subset of {0..total-1} of the given size, in increasing order, into the first entries of `out`. */
export function sampleSubset(stream: Stream, total: number, size: number, out: Int32Array): void {
  // Selection sampling: client i joins with probability (still wanted) / (still to come).
  let wanted = size;
  let position = 0;
  for (let i = 0; i < total && wanted > 0; i++) {
    if (stream.below(total - i) < wanted) {
      out[position++] = i;
      wanted--;
    }
  }
}
