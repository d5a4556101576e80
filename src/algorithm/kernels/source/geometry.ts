/**
 * `reference/geometry.ts` in WebAssembly. Products are taken for tiles of four rows by two: eight sums in registers.
 */
import { row, squaredDistanceBlock } from './vectors';

const BLOCK: i32 = 512;
const DISTANCE_BLOCK: i32 = 4096;
const FEW_ROWS: i32 = 8;
const TRUSTED: f64 = 1 / 4096.;
const SMALLEST: f64 = 1e-290;

@inline
function entry(matrix: usize, n: i32, i: i32, l: i32): usize {
  return matrix + (<usize>(i * n + l) << 3);
}

/** Adds the product of rows i and l to its place in the upper triangle, where the tile's rows exist. */
@inline
function addProduct(gram: usize, n: i32, i: i32, l: i32, lanes: v128): void {
  if (i > l || l >= n) return;
  const at = entry(gram, n, i, l);
  store<f64>(at, load<f64>(at) + (f64x2.extract_lane(lanes, 0) + f64x2.extract_lane(lanes, 1)));
}

@inline
function addPair(at: usize, left: v128, right: v128): void {
  const sums = f64x2.add(v128.shuffle<f64>(left, right, 0, 2), v128.shuffle<f64>(left, right, 1, 3));
  v128.store(at, f64x2.add(v128.load(at), sums));
}

/** The products of rows i..i+3 with rows l, l+1 over one block, `bytes` long; rows beyond the last are the last. */
function addTile(table: usize, n: i32, i: i32, l: i32, offset: usize, bytes: usize, gram: usize): void {
  const last = n - 1;
  const a0 = row(table, i) + offset;
  const a1 = row(table, min(i + 1, last)) + offset;
  const a2 = row(table, min(i + 2, last)) + offset;
  const a3 = row(table, min(i + 3, last)) + offset;
  const b0 = row(table, l) + offset;
  const b1 = row(table, min(l + 1, last)) + offset;
  let s00 = f64x2.splat(0);
  let s01 = f64x2.splat(0);
  let s10 = f64x2.splat(0);
  let s11 = f64x2.splat(0);
  let s20 = f64x2.splat(0);
  let s21 = f64x2.splat(0);
  let s30 = f64x2.splat(0);
  let s31 = f64x2.splat(0);
  const pairs = bytes & -16;
  let j: usize = 0;
  for (; j < pairs; j += 16) {
    const x = v128.load(b0 + j);
    const y = v128.load(b1 + j);
    let a = v128.load(a0 + j);
    s00 = f64x2.add(s00, f64x2.mul(a, x));
    s01 = f64x2.add(s01, f64x2.mul(a, y));
    a = v128.load(a1 + j);
    s10 = f64x2.add(s10, f64x2.mul(a, x));
    s11 = f64x2.add(s11, f64x2.mul(a, y));
    a = v128.load(a2 + j);
    s20 = f64x2.add(s20, f64x2.mul(a, x));
    s21 = f64x2.add(s21, f64x2.mul(a, y));
    a = v128.load(a3 + j);
    s30 = f64x2.add(s30, f64x2.mul(a, x));
    s31 = f64x2.add(s31, f64x2.mul(a, y));
  }
  if (j < bytes) {
    // The lane without a coordinate gains 0 * 0, which changes no sum.
    const x = v128.load64_zero(b0 + j);
    const y = v128.load64_zero(b1 + j);
    let a = v128.load64_zero(a0 + j);
    s00 = f64x2.add(s00, f64x2.mul(a, x));
    s01 = f64x2.add(s01, f64x2.mul(a, y));
    a = v128.load64_zero(a1 + j);
    s10 = f64x2.add(s10, f64x2.mul(a, x));
    s11 = f64x2.add(s11, f64x2.mul(a, y));
    a = v128.load64_zero(a2 + j);
    s20 = f64x2.add(s20, f64x2.mul(a, x));
    s21 = f64x2.add(s21, f64x2.mul(a, y));
    a = v128.load64_zero(a3 + j);
    s30 = f64x2.add(s30, f64x2.mul(a, x));
    s31 = f64x2.add(s31, f64x2.mul(a, y));
  }
  if (i + 3 <= l && l + 1 < n) {
    addPair(entry(gram, n, i, l), s00, s01);
    addPair(entry(gram, n, i + 1, l), s10, s11);
    addPair(entry(gram, n, i + 2, l), s20, s21);
    addPair(entry(gram, n, i + 3, l), s30, s31);
    return;
  }
  addProduct(gram, n, i, l, s00);
  addProduct(gram, n, i, l + 1, s01);
  addProduct(gram, n, i + 1, l, s10);
  addProduct(gram, n, i + 1, l + 1, s11);
  addProduct(gram, n, i + 2, l, s20);
  addProduct(gram, n, i + 2, l + 1, s21);
  addProduct(gram, n, i + 3, l, s30);
  addProduct(gram, n, i + 3, l + 1, s31);
}

function addProducts(table: usize, n: i32, offset: usize, bytes: usize, gram: usize): void {
  for (let i = 0; i < n; i += 4) {
    for (let l = i; l < n; l += 2) addTile(table, n, i, l, offset, bytes, gram);
  }
}

/** The rows' coordinates from..to less the centre's, where `shifted` says. */
function shift(table: usize, n: i32, centre: usize, from: i32, to: i32, shifted: usize): void {
  const end = <usize>to << 3;
  for (let i = 0; i < n; i++) {
    const source = row(table, i);
    const target = row(shifted, i) - (<usize>from << 3);
    let j = <usize>from << 3;
    for (; j + 16 <= end; j += 16) v128.store(target + j, f64x2.sub(v128.load(source + j), v128.load(centre + j)));
    if (j < end) store<f64>(target + j, load<f64>(source + j) - load<f64>(centre + j));
  }
}

function upperGram(table: usize, n: i32, d: i32, gram: usize): void {
  memory.fill(gram, 0, <usize>(n * n) << 3);
  for (let from = 0; from < d; from += BLOCK) {
    addProducts(table, n, <usize>from << 3, <usize>min(BLOCK, d - from) << 3, gram);
  }
}

/** `shifted` is a table of the addresses of n blocks; centre = 0 is the origin. */
export function gramOfRows(table: usize, n: i32, d: i32, centre: usize, shifted: usize, gram: usize): void {
  if (centre == 0) upperGram(table, n, d, gram);
  else {
    memory.fill(gram, 0, <usize>(n * n) << 3);
    for (let from = 0; from < d; from += BLOCK) {
      const to = min(d, from + BLOCK);
      shift(table, n, centre, from, to, shifted);
      addProducts(shifted, n, 0, <usize>(to - from) << 3, gram);
    }
  }
  for (let i = 0; i < n; i++) {
    for (let l = i + 1; l < n; l++) store<f64>(entry(gram, n, l, i), load<f64>(entry(gram, n, i, l)));
  }
}

/** Direct differences for the pairs whose entry in the upper triangle is negative. */
function addDirectDistances(table: usize, n: i32, d: i32, squared: usize): void {
  for (let from = 0; from < d; from += DISTANCE_BLOCK) {
    const to = min(d, from + DISTANCE_BLOCK);
    for (let i = 0; i < n; i++) {
      const one = row(table, i);
      for (let l = i + 1; l < n; l++) {
        if (!(load<f64>(entry(squared, n, i, l)) < 0)) continue;
        const at = entry(squared, n, l, i);
        store<f64>(at, load<f64>(at) + squaredDistanceBlock(one, row(table, l), from, to));
      }
    }
  }
}

export function pairwiseSquaredDistances(table: usize, n: i32, d: i32, squared: usize): void {
  const byProducts = n >= FEW_ROWS;
  if (byProducts) upperGram(table, n, d, squared);
  let direct = 0;
  for (let i = 0; i < n; i++) {
    const own = load<f64>(entry(squared, n, i, i));
    for (let l = i + 1; l < n; l++) {
      const upper = entry(squared, n, i, l);
      const lengths = own + load<f64>(entry(squared, n, l, l));
      const value = lengths - 2 * load<f64>(upper);
      const trusted = byProducts && value >= TRUSTED * lengths && value >= SMALLEST && lengths < Infinity;
      store<f64>(upper, trusted ? value : -1);
      store<f64>(entry(squared, n, l, i), trusted ? value : 0);
      if (!trusted) direct++;
    }
  }
  if (direct > 0) addDirectDistances(table, n, d, squared);
  for (let i = 0; i < n; i++) {
    store<f64>(entry(squared, n, i, i), 0);
    for (let l = i + 1; l < n; l++) {
      const value = load<f64>(entry(squared, n, l, i));
      const ordered = value == value ? value : Infinity;
      store<f64>(entry(squared, n, i, l), ordered);
      store<f64>(entry(squared, n, l, i), ordered);
    }
  }
}
