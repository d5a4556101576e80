/** `reference/vectors.ts` in WebAssembly: its eight lanes are four two-lane vectors, its blocks are blocks here. */

const BLOCK: i32 = 4096;

@inline
export function at(base: usize, j: i32): usize {
  return base + (<usize>j << 3);
}

@inline
export function two(base: usize, j: i32): v128 {
  return v128.load(at(base, j));
}

/** The lanes of a block in their order: ((l0+l4)+(l2+l6)) + ((l1+l5)+(l3+l7)). */
@inline
export function fold(l01: v128, l23: v128, l45: v128, l67: v128): f64 {
  const sums = f64x2.add(f64x2.add(l01, l45), f64x2.add(l23, l67));
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/** Up to two coordinates at the end of a block; a missing second one counts as 0. */
@inline
export function rest(base: usize, j: i32, to: i32): v128 {
  return j + 1 < to ? two(base, j) : v128.load64_zero(at(base, j));
}

function dotBlock(a: usize, b: usize, from: i32, to: i32): f64 {
  let l01 = f64x2.splat(0);
  let l23 = f64x2.splat(0);
  let l45 = f64x2.splat(0);
  let l67 = f64x2.splat(0);
  let j = from;
  for (; j + 8 <= to; j += 8) {
    l01 = f64x2.add(l01, f64x2.mul(two(a, j), two(b, j)));
    l23 = f64x2.add(l23, f64x2.mul(two(a, j + 2), two(b, j + 2)));
    l45 = f64x2.add(l45, f64x2.mul(two(a, j + 4), two(b, j + 4)));
    l67 = f64x2.add(l67, f64x2.mul(two(a, j + 6), two(b, j + 6)));
  }
  // A lane without a coordinate gains 0 * 0, which changes no sum: lanes start at +0 and never become -0.
  if (j < to) l01 = f64x2.add(l01, f64x2.mul(rest(a, j, to), rest(b, j, to)));
  if (j + 2 < to) l23 = f64x2.add(l23, f64x2.mul(rest(a, j + 2, to), rest(b, j + 2, to)));
  if (j + 4 < to) l45 = f64x2.add(l45, f64x2.mul(rest(a, j + 4, to), rest(b, j + 4, to)));
  if (j + 6 < to) l67 = f64x2.add(l67, f64x2.mul(rest(a, j + 6, to), rest(b, j + 6, to)));
  return fold(l01, l23, l45, l67);
}

@inline
export function addSquare(sum: v128, a: v128, b: v128): v128 {
  const e = f64x2.sub(a, b);
  return f64x2.add(sum, f64x2.mul(e, e));
}

export function squaredDistanceBlock(a: usize, b: usize, from: i32, to: i32): f64 {
  let l01 = f64x2.splat(0);
  let l23 = f64x2.splat(0);
  let l45 = f64x2.splat(0);
  let l67 = f64x2.splat(0);
  let j = from;
  for (; j + 8 <= to; j += 8) {
    l01 = addSquare(l01, two(a, j), two(b, j));
    l23 = addSquare(l23, two(a, j + 2), two(b, j + 2));
    l45 = addSquare(l45, two(a, j + 4), two(b, j + 4));
    l67 = addSquare(l67, two(a, j + 6), two(b, j + 6));
  }
  if (j < to) l01 = addSquare(l01, rest(a, j, to), rest(b, j, to));
  if (j + 2 < to) l23 = addSquare(l23, rest(a, j + 2, to), rest(b, j + 2, to));
  if (j + 4 < to) l45 = addSquare(l45, rest(a, j + 4, to), rest(b, j + 4, to));
  if (j + 6 < to) l67 = addSquare(l67, rest(a, j + 6, to), rest(b, j + 6, to));
  return fold(l01, l23, l45, l67);
}

export function dot(a: usize, b: usize, d: i32): f64 {
  if (d <= BLOCK) return dotBlock(a, b, 0, d);
  let sum: f64 = 0;
  for (let from = 0; from < d; from += BLOCK) sum += dotBlock(a, b, from, min(d, from + BLOCK));
  return sum;
}

export function squaredDistance(a: usize, b: usize, d: i32): f64 {
  if (d <= BLOCK) return squaredDistanceBlock(a, b, 0, d);
  let sum: f64 = 0;
  for (let from = 0; from < d; from += BLOCK) sum += squaredDistanceBlock(a, b, from, min(d, from + BLOCK));
  return sum;
}

export function axpy(alpha: f64, x: usize, y: usize, d: i32, out: usize): void {
  const factor = f64x2.splat(alpha);
  let j = 0;
  for (; j + 2 <= d; j += 2) v128.store(at(out, j), f64x2.add(two(y, j), f64x2.mul(factor, two(x, j))));
  if (j < d) store<f64>(at(out, j), load<f64>(at(y, j)) + alpha * load<f64>(at(x, j)));
}

export function add(a: usize, b: usize, d: i32, out: usize): void {
  let j = 0;
  for (; j + 2 <= d; j += 2) v128.store(at(out, j), f64x2.add(two(a, j), two(b, j)));
  if (j < d) store<f64>(at(out, j), load<f64>(at(a, j)) + load<f64>(at(b, j)));
}

export function subtract(a: usize, b: usize, d: i32, out: usize): void {
  let j = 0;
  for (; j + 2 <= d; j += 2) v128.store(at(out, j), f64x2.sub(two(a, j), two(b, j)));
  if (j < d) store<f64>(at(out, j), load<f64>(at(a, j)) - load<f64>(at(b, j)));
}

export function scale(alpha: f64, x: usize, d: i32, out: usize): void {
  const factor = f64x2.splat(alpha);
  let j = 0;
  for (; j + 2 <= d; j += 2) v128.store(at(out, j), f64x2.mul(factor, two(x, j)));
  if (j < d) store<f64>(at(out, j), alpha * load<f64>(at(x, j)));
}

/** out = alpha (a - b) */
export function scaledDifference(alpha: f64, a: usize, b: usize, d: i32, out: usize): void {
  const factor = f64x2.splat(alpha);
  let j = 0;
  for (; j + 2 <= d; j += 2) v128.store(at(out, j), f64x2.mul(factor, f64x2.sub(two(a, j), two(b, j))));
  if (j < d) store<f64>(at(out, j), alpha * (load<f64>(at(a, j)) - load<f64>(at(b, j))));
}

export function isFiniteVector(x: usize, d: i32): bool {
  let sums = f64x2.splat(0);
  let j = 0;
  for (; j + 2 <= d; j += 2) sums = f64x2.add(sums, f64x2.sub(two(x, j), two(x, j)));
  if (j < d) sums = f64x2.add(sums, f64x2.splat(load<f64>(at(x, j)) - load<f64>(at(x, j))));
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1) == 0;
}

/** Address of row i of a table of addresses. */
@inline
export function row(table: usize, i: i32): usize {
  return load<usize>(table + (<usize>i << 2));
}

/** n >= 2. */
export function standardDeviationOfRows(table: usize, n: i32, mean: usize, d: i32, out: usize): void {
  const divisor = f64x2.splat(<f64>(n - 1));
  let j = 0;
  for (; j + 2 <= d; j += 2) {
    const m = two(mean, j);
    let sum = f64x2.splat(0);
    for (let i = 0; i < n; i++) sum = addSquare(sum, two(row(table, i), j), m);
    v128.store(at(out, j), f64x2.sqrt(f64x2.div(sum, divisor)));
  }
  if (j < d) {
    const m = load<f64>(at(mean, j));
    let sum: f64 = 0;
    for (let i = 0; i < n; i++) {
      const e = load<f64>(at(row(table, i), j)) - m;
      sum += e * e;
    }
    store<f64>(at(out, j), sqrt(sum / <f64>(n - 1)));
  }
}
