/**
 * `reference/order-statistics.ts` in WebAssembly: NaN becomes +Infinity and -0 becomes +0, then comparators put the
 * values of two coordinates at a time in order. Straight-line networks for few rows come from `scripts/networks.ts`,
 * Batcher's loops for many rows are here.
 */
import { clean } from './clean';
import { MOST_ROWS, medianByNetwork, trimmedMeanByNetwork } from './networks';

/** The values of one or two coordinates, sorted, into scratch: 16 bytes a row. By merge exchange, Knuth 5.2.2 M. */
function sortColumns(matrix: usize, n: i32, d: i32, j: i32, scratch: usize): void {
  const stride = <usize>d << 3;
  let from = matrix + (<usize>j << 3);
  const end = scratch + (<usize>n << 4);
  for (let to = scratch; to < end; to += 16) {
    v128.store(to, clean(j + 1 < d ? v128.load(from) : v128.load64_zero(from)));
    from += stride;
  }
  const largest = 1 << (31 - clz(n - 1));
  for (let p = largest; p > 0; p >>= 1) {
    let q = largest;
    let r = 0;
    let distance = p;
    for (;;) {
      for (let i = 0; i < n - distance; i++) {
        if ((i & p) != r) continue;
        const lower = scratch + (<usize>i << 4);
        const upper = lower + (<usize>distance << 4);
        const a = v128.load(lower);
        const b = v128.load(upper);
        v128.store(lower, f64x2.pmin(a, b));
        v128.store(upper, f64x2.pmax(a, b));
      }
      if (q == p) break;
      distance = q - p;
      q >>= 1;
      r = p;
    }
  }
}

@inline
function put(out: usize, d: i32, j: i32, value: v128): void {
  const at = out + (<usize>j << 3);
  if (j + 1 < d) v128.store(at, value);
  else v128.store64_lane(at, value, 0);
}

/** n >= 2. */
export function medianOfColumns(matrix: usize, n: i32, d: i32, scratch: usize, out: usize): void {
  const two = f64x2.splat(2);
  const stride = <usize>d << 3;
  if (n == 2) {
    const infinity = f64x2.splat(Infinity);
    for (let j = 0; j < d; j += 2) {
      const at = matrix + (<usize>j << 3);
      const pair = j + 1 < d;
      const a = pair ? v128.load(at) : v128.load64_zero(at);
      const b = pair ? v128.load(at + stride) : v128.load64_zero(at + stride);
      put(out, d, j, f64x2.div(f64x2.add(f64x2.pmin(infinity, a), f64x2.pmin(infinity, b)), two));
    }
    return;
  }
  const middle = scratch + (<usize>(n >> 1) << 4);
  for (let j = n <= MOST_ROWS ? medianByNetwork(matrix, n, d, out) : 0; j < d; j += 2) {
    sortColumns(matrix, n, d, j, scratch);
    const upper = v128.load(middle);
    put(out, d, j, n & 1 ? upper : f64x2.div(f64x2.add(v128.load(middle - 16), upper), two));
  }
}

/** n >= 2, 2 trim < n. */
export function trimmedMeanOfColumns(matrix: usize, n: i32, d: i32, trim: i32, scratch: usize, out: usize): void {
  const kept = f64x2.splat(<f64>(n - 2 * trim));
  const first = scratch + (<usize>trim << 4);
  const end = scratch + (<usize>(n - trim) << 4);
  for (let j = n <= MOST_ROWS ? trimmedMeanByNetwork(matrix, n, d, trim, scratch, out) : 0; j < d; j += 2) {
    sortColumns(matrix, n, d, j, scratch);
    let sum = f64x2.splat(0);
    for (let at = first; at < end; at += 16) sum = f64x2.add(sum, v128.load(at));
    put(out, d, j, f64x2.div(sum, kept));
  }
}
