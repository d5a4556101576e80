/** `reference/rows.ts` in WebAssembly, and the weighted sum of `reference/vectors.ts`. */
import { addSquare, at, fold, rest, row, two } from './vectors';

/** Coordinates done at a time: a block of every row stays in the second cache, where it is used again; long runs of few rows. */
const LONG_BLOCK: i32 = 2048;
const SHORT_BLOCK: i32 = 512;
const FEW_ROWS: i32 = 40;
/** As in vectors.ts: where the lanes of a distance are folded. */
const FOLD: i32 = 4096;
/** Fewer, where every row is used for every output: the block of all rows stays in the first cache. */
const MEAN_BLOCK: i32 = 256;

/** out += sum of four weighted rows over coordinates from..to, or = where they are the first. */
@inline
function addFourRows(table: usize, weights: usize, i: i32, from: i32, to: i32, first: bool, out: usize): void {
  const a = row(table, i);
  const b = row(table, i + 1);
  const c = row(table, i + 2);
  const e = row(table, i + 3);
  const u = v128.load_splat<f64>(at(weights, i));
  const v = v128.load_splat<f64>(at(weights, i + 1));
  const w = v128.load_splat<f64>(at(weights, i + 2));
  const x = v128.load_splat<f64>(at(weights, i + 3));
  for (let j = from; j < to; j += 4) {
    let s = first ? f64x2.splat(0) : two(out, j);
    let t = first ? f64x2.splat(0) : two(out, j + 2);
    s = f64x2.add(s, f64x2.mul(u, two(a, j)));
    t = f64x2.add(t, f64x2.mul(u, two(a, j + 2)));
    s = f64x2.add(s, f64x2.mul(v, two(b, j)));
    t = f64x2.add(t, f64x2.mul(v, two(b, j + 2)));
    s = f64x2.add(s, f64x2.mul(w, two(c, j)));
    t = f64x2.add(t, f64x2.mul(w, two(c, j + 2)));
    s = f64x2.add(s, f64x2.mul(x, two(e, j)));
    t = f64x2.add(t, f64x2.mul(x, two(e, j + 2)));
    v128.store(at(out, j), s);
    v128.store(at(out, j + 2), t);
  }
}

/** Rows go in groups of four: few streams from memory, sums in the first cache. */
function weightedSumBlock(table: usize, weights: usize, n: i32, from: i32, to: i32, out: usize): void {
  const whole = from + ((to - from) & -4);
  let i = 0;
  if (n >= 4) {
    addFourRows(table, weights, 0, from, whole, true, out);
    for (i = 4; i + 4 <= n; i += 4) addFourRows(table, weights, i, from, whole, false, out);
  } else {
    memory.fill(at(out, from), 0, <usize>(whole - from) << 3);
  }
  for (; i < n; i++) {
    const next = row(table, i);
    const w = v128.load_splat<f64>(at(weights, i));
    for (let j = from; j < whole; j += 2) v128.store(at(out, j), f64x2.add(two(out, j), f64x2.mul(w, two(next, j))));
  }
  for (let j = whole; j < to; j++) {
    let sum: f64 = 0;
    for (let l = 0; l < n; l++) sum += load<f64>(at(weights, l)) * load<f64>(at(row(table, l), j));
    store<f64>(at(out, j), sum);
  }
}

@inline
function blockOf(n: i32): i32 {
  return n <= FEW_ROWS ? LONG_BLOCK : SHORT_BLOCK;
}

export function weightedSumOfRows(table: usize, weights: usize, n: i32, d: i32, out: usize): void {
  const block = blockOf(n);
  for (let from = 0; from < d; from += block) weightedSumBlock(table, weights, n, from, min(d, from + block), out);
}

/** The eight lanes of |a - b|^2, in memory, gain the coordinates from..to. */
function addSquares(a: usize, b: usize, from: i32, to: i32, lanes: usize): void {
  let l01 = v128.load(lanes);
  let l23 = v128.load(lanes, 16);
  let l45 = v128.load(lanes, 32);
  let l67 = v128.load(lanes, 48);
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
  v128.store(lanes, l01);
  v128.store(lanes, l23, 16);
  v128.store(lanes, l45, 32);
  v128.store(lanes, l67, 48);
}

/** `lanes` holds eight doubles a row. */
export function weightedSumAndDistances(table: usize, weights: usize, n: i32, d: i32, out: usize, lanes: usize, squared: usize): void {
  const block = blockOf(n);
  memory.fill(squared, 0, <usize>n << 3);
  for (let start = 0; start < d; start += FOLD) {
    const end = min(d, start + FOLD);
    memory.fill(lanes, 0, <usize>n << 6);
    for (let from = start; from < end; from += block) {
      const to = min(end, from + block);
      weightedSumBlock(table, weights, n, from, to, out);
      for (let i = 0; i < n; i++) addSquares(row(table, i), out, from, to, lanes + (<usize>i << 6));
    }
    for (let i = 0; i < n; i++) {
      const own = lanes + (<usize>i << 6);
      const value = fold(v128.load(own), v128.load(own, 16), v128.load(own, 32), v128.load(own, 48));
      store<f64>(at(squared, i), load<f64>(at(squared, i)) + value);
    }
  }
}

/** The mean of `count` rows over coordinates from..to; count >= 1. */
function meanBlock(table: usize, count: i32, from: i32, to: i32, out: usize): void {
  const first = row(table, 0);
  const divisor = f64x2.splat(<f64>count);
  let j = from;
  for (; j + 16 <= to; j += 16) {
    let a = two(first, j);
    let b = two(first, j + 2);
    let c = two(first, j + 4);
    let e = two(first, j + 6);
    let f = two(first, j + 8);
    let g = two(first, j + 10);
    let h = two(first, j + 12);
    let k = two(first, j + 14);
    for (let i = 1; i < count; i++) {
      const next = at(row(table, i), j);
      a = f64x2.add(a, v128.load(next));
      b = f64x2.add(b, v128.load(next, 16));
      c = f64x2.add(c, v128.load(next, 32));
      e = f64x2.add(e, v128.load(next, 48));
      f = f64x2.add(f, v128.load(next, 64));
      g = f64x2.add(g, v128.load(next, 80));
      h = f64x2.add(h, v128.load(next, 96));
      k = f64x2.add(k, v128.load(next, 112));
    }
    a = f64x2.div(a, divisor);
    b = f64x2.div(b, divisor);
    c = f64x2.div(c, divisor);
    e = f64x2.div(e, divisor);
    f = f64x2.div(f, divisor);
    g = f64x2.div(g, divisor);
    h = f64x2.div(h, divisor);
    k = f64x2.div(k, divisor);
    const target = at(out, j);
    v128.store(target, a);
    v128.store(target, b, 16);
    v128.store(target, c, 32);
    v128.store(target, e, 48);
    v128.store(target, f, 64);
    v128.store(target, g, 80);
    v128.store(target, h, 96);
    v128.store(target, k, 112);
  }
  for (; j + 2 <= to; j += 2) {
    let a = two(first, j);
    for (let i = 1; i < count; i++) a = f64x2.add(a, two(row(table, i), j));
    v128.store(at(out, j), f64x2.div(a, divisor));
  }
  if (j < to) {
    let sum = load<f64>(at(first, j));
    for (let i = 1; i < count; i++) sum += load<f64>(at(row(table, i), j));
    store<f64>(at(out, j), sum / <f64>count);
  }
}

/** n >= 2. */
export function meanOfRows(table: usize, n: i32, d: i32, out: usize): void {
  meanBlock(table, n, 0, d, out);
}

/** `table` holds the `count` addresses for the first output, then those for the second; `outs` the n outputs. */
export function meansOfNeighbors(table: usize, n: i32, count: i32, d: i32, outs: usize): void {
  for (let from = 0; from < d; from += MEAN_BLOCK) {
    const to = min(d, from + MEAN_BLOCK);
    for (let i = 0; i < n; i++) meanBlock(table + (<usize>(i * count) << 2), count, from, to, row(outs, i));
  }
}
