/**
 * `reference/scalar.ts` on two lanes: the same polynomials, operation by operation.
 *
 * AssemblyScript, not TypeScript: `scripts/build-kernels.ts` compiles this folder. Coefficients are read from a table,
 * one instruction each where a literal takes three; two vectors at a time share them.
 */

/** Places in the table, in bytes. */
const LOG2E: usize = 0;
const LN2_HIGH: usize = 8;
const LN2_LOW: usize = 16;
/** 1.5 * 2^52: added to a small whole number it leaves that number in the low bits of the sum. */
const WHOLE: usize = 24;
const LARGEST: usize = 32;
const HALF: usize = 40;
const ONE: usize = 48;
/** 1 / k! for k = 3..13, then 1 / k for k = 3, 5, .. 33. */
const FACTORIALS: usize = 56;
const ODD: usize = FACTORIALS + 11 * 8;

/** Writes the table, 320 bytes. */
export function storeConstants(constants: usize): void {
  store<f64>(constants, 1.4426950408889634, LOG2E);
  store<f64>(constants, 0.6931471803691238, LN2_HIGH);
  store<f64>(constants, 1.9082149292705877e-10, LN2_LOW);
  store<f64>(constants, 6755399441055744.0, WHOLE);
  store<f64>(constants, 708, LARGEST);
  store<f64>(constants, 0.5, HALF);
  store<f64>(constants, 1, ONE);
  let factorial: f64 = 2;
  for (let k = 3; k <= 13; k++) {
    factorial *= k;
    store<f64>(constants + FACTORIALS + (<usize>(k - 3) << 3), 1 / factorial);
  }
  for (let k = 3; k <= 33; k += 2) store<f64>(constants + ODD + (<usize>(k - 3) << 2), 1 / <f64>k);
}

@inline
function mul(a: v128, b: v128): v128 {
  return f64x2.mul(a, b);
}

@inline
function add(a: v128, b: v128): v128 {
  return f64x2.add(a, b);
}

@inline
function inverseFactorial(constants: usize, k: usize): v128 {
  return v128.load_splat<f64>(constants + FACTORIALS + ((k - 3) << 3));
}

@inline
function inverse(constants: usize, k: usize): v128 {
  return v128.load_splat<f64>(constants + ODD + ((k - 3) << 2));
}

/**
 * Two vectors at `at`, two results in their place: exp(-|t|) with |t| taken as at most 708; NaN stays NaN.
 */
@inline
export function expOfMagnitudes(t0: v128, t1: v128, constants: usize, at: usize): void {
  let c = v128.load_splat<f64>(constants, LARGEST);
  // The smaller one is the second unless it is not smaller, so that NaN is kept.
  const n0 = f64x2.neg(f64x2.pmin(f64x2.abs(t0), c));
  const n1 = f64x2.neg(f64x2.pmin(f64x2.abs(t1), c));
  c = v128.load_splat<f64>(constants, LOG2E);
  const half = v128.load_splat<f64>(constants, HALF);
  const k0 = f64x2.floor(add(mul(n0, c), half));
  const k1 = f64x2.floor(add(mul(n1, c), half));
  c = v128.load_splat<f64>(constants, LN2_HIGH);
  const h0 = f64x2.sub(n0, mul(k0, c));
  const h1 = f64x2.sub(n1, mul(k1, c));
  c = v128.load_splat<f64>(constants, LN2_LOW);
  const r0 = f64x2.sub(h0, mul(k0, c));
  const r1 = f64x2.sub(h1, mul(k1, c));
  const s0 = mul(r0, r0);
  const s1 = mul(r1, r1);

  c = inverseFactorial(constants, 3);
  let u0 = mul(c, r0);
  let u1 = mul(c, r1);
  u0 = add(half, u0);
  u1 = add(half, u1);
  c = inverseFactorial(constants, 5);
  let v0 = mul(c, r0);
  let v1 = mul(c, r1);
  c = inverseFactorial(constants, 4);
  v0 = mul(add(c, v0), s0);
  v1 = mul(add(c, v1), s1);
  let q0 = add(u0, v0);
  let q1 = add(u1, v1);

  c = inverseFactorial(constants, 7);
  u0 = mul(c, r0);
  u1 = mul(c, r1);
  c = inverseFactorial(constants, 6);
  u0 = add(c, u0);
  u1 = add(c, u1);
  c = inverseFactorial(constants, 9);
  v0 = mul(c, r0);
  v1 = mul(c, r1);
  c = inverseFactorial(constants, 8);
  v0 = mul(add(c, v0), s0);
  v1 = mul(add(c, v1), s1);
  const f0 = mul(s0, s0);
  const f1 = mul(s1, s1);
  q0 = add(q0, mul(add(u0, v0), f0));
  q1 = add(q1, mul(add(u1, v1), f1));

  c = inverseFactorial(constants, 11);
  u0 = mul(c, r0);
  u1 = mul(c, r1);
  c = inverseFactorial(constants, 10);
  u0 = add(c, u0);
  u1 = add(c, u1);
  c = inverseFactorial(constants, 13);
  v0 = mul(c, r0);
  v1 = mul(c, r1);
  c = inverseFactorial(constants, 12);
  v0 = mul(add(c, v0), s0);
  v1 = mul(add(c, v1), s1);
  q0 = add(q0, mul(add(u0, v0), mul(f0, f0)));
  q1 = add(q1, mul(add(u1, v1), mul(f1, f1)));

  // 2^k, put together in the exponent field.
  c = v128.load_splat<f64>(constants, WHOLE);
  const bias = i64x2.splat(1023);
  const p0 = i64x2.shl(i64x2.add(add(k0, c), bias), 52);
  const p1 = i64x2.shl(i64x2.add(add(k1, c), bias), 52);
  const one = v128.load_splat<f64>(constants, ONE);
  v128.store(at, mul(add(one, add(r0, mul(s0, q0))), p0));
  v128.store(at, mul(add(one, add(r1, mul(s1, q1))), p1), 16);
}

/** Replaces `count` vectors of two lanes, one more if they are odd, by 1 / (1 + exp(-t)). */
export function sigmoids(at: usize, count: i32, constants: usize): void {
  const one = v128.load_splat<f64>(constants, ONE);
  const zero = f64x2.splat(0);
  for (const end = at + (<usize>count << 4); at < end; at += 32) {
    const t0 = v128.load(at);
    const t1 = v128.load(at, 16);
    expOfMagnitudes(t0, t1, constants, at);
    const e0 = v128.load(at);
    const e1 = v128.load(at, 16);
    v128.store(at, f64x2.div(v128.bitselect(one, e0, f64x2.ge(t0, zero)), add(one, e0)));
    v128.store(at, f64x2.div(v128.bitselect(one, e1, f64x2.ge(t1, zero)), add(one, e1)), 16);
  }
}

/** log(1 + u) for 0 <= u <= 1. */
@inline
export function log1pUnit(u: v128, constants: usize): v128 {
  const s = f64x2.div(u, add(f64x2.splat(2), u));
  const z = mul(s, s);
  const z2 = mul(z, z);
  const z4 = mul(z2, z2);
  const a = add(add(inverse(constants, 3), mul(inverse(constants, 5), z)), mul(add(inverse(constants, 7), mul(inverse(constants, 9), z)), z2));
  const b = add(add(inverse(constants, 11), mul(inverse(constants, 13), z)), mul(add(inverse(constants, 15), mul(inverse(constants, 17), z)), z2));
  const c = add(add(inverse(constants, 19), mul(inverse(constants, 21), z)), mul(add(inverse(constants, 23), mul(inverse(constants, 25), z)), z2));
  const d = add(add(inverse(constants, 27), mul(inverse(constants, 29), z)), mul(add(inverse(constants, 31), mul(inverse(constants, 33), z)), z2));
  const series = add(add(a, mul(b, z4)), mul(add(c, mul(d, z4)), mul(z4, z4)));
  const twice = add(s, s);
  return add(twice, mul(twice, mul(z, series)));
}
