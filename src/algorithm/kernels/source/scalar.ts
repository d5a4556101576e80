/**
 * `reference/scalar.ts` on two lanes: the same polynomials, operation by operation.
 *
 * AssemblyScript, not TypeScript: `scripts/build-kernels.ts` compiles this folder.
 */

const LOG2E: f64 = 1.4426950408889634;
const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;

const C2: f64 = 1.0 / 2.0;
const C3: f64 = 1.0 / 6.0;
const C4: f64 = 1.0 / 24.0;
const C5: f64 = 1.0 / 120.0;
const C6: f64 = 1.0 / 720.0;
const C7: f64 = 1.0 / 5040.0;
const C8: f64 = 1.0 / 40320.0;
const C9: f64 = 1.0 / 362880.0;
const C10: f64 = 1.0 / 3628800.0;
const C11: f64 = 1.0 / 39916800.0;
const C12: f64 = 1.0 / 479001600.0;
const C13: f64 = 1.0 / 6227020800.0;

/** 1.5 * 2^52: added to a small whole number it leaves that number in the low bits of the sum. */
const WHOLE: f64 = 6755399441055744.0;

@inline
function mul(a: v128, b: v128): v128 {
  return f64x2.mul(a, b);
}

@inline
function add(a: v128, b: v128): v128 {
  return f64x2.add(a, b);
}

@inline
function times(c: f64, a: v128): v128 {
  return f64x2.mul(f64x2.splat(c), a);
}

@inline
function plus(c: f64, a: v128): v128 {
  return f64x2.add(f64x2.splat(c), a);
}

/** exp(t) for -708 <= t <= 709; NaN stays NaN. */
@inline
export function expInRange(t: v128): v128 {
  const k = f64x2.floor(plus(0.5, times(LOG2E, t)));
  const r = f64x2.sub(f64x2.sub(t, times(LN2_HIGH, k)), times(LN2_LOW, k));
  const r2 = mul(r, r);
  const r4 = mul(r2, r2);
  const low = add(plus(C2, times(C3, r)), mul(plus(C4, times(C5, r)), r2));
  const middle = add(plus(C6, times(C7, r)), mul(plus(C8, times(C9, r)), r2));
  const high = add(plus(C10, times(C11, r)), mul(plus(C12, times(C13, r)), r2));
  const q = add(add(low, mul(middle, r4)), mul(high, mul(r4, r4)));
  // 2^k, put together in the exponent field.
  const power = i64x2.shl(i64x2.add(plus(WHOLE, k), i64x2.splat(1023)), 52);
  return mul(plus(1, add(r, mul(r2, q))), power);
}

/** exp(-|t|), |t| taken as at most 708; NaN stays NaN. */
@inline
export function expOfMagnitude(t: v128): v128 {
  return expInRange(f64x2.neg(f64x2.min(f64x2.abs(t), f64x2.splat(708))));
}

/** 1 / (1 + exp(-t)). */
@inline
export function sigmoid(t: v128): v128 {
  const e = expOfMagnitude(t);
  const one = f64x2.splat(1);
  return f64x2.div(v128.bitselect(one, e, f64x2.ge(t, f64x2.splat(0))), add(one, e));
}

/** log(1 + u) for 0 <= u <= 1. */
@inline
export function log1pUnit(u: v128): v128 {
  const s = f64x2.div(u, plus(2, u));
  const z = mul(s, s);
  const z2 = mul(z, z);
  const z4 = mul(z2, z2);
  const a = add(plus(1.0 / 3.0, times(1.0 / 5.0, z)), mul(plus(1.0 / 7.0, times(1.0 / 9.0, z)), z2));
  const b = add(plus(1.0 / 11.0, times(1.0 / 13.0, z)), mul(plus(1.0 / 15.0, times(1.0 / 17.0, z)), z2));
  const c = add(plus(1.0 / 19.0, times(1.0 / 21.0, z)), mul(plus(1.0 / 23.0, times(1.0 / 25.0, z)), z2));
  const d = add(plus(1.0 / 27.0, times(1.0 / 29.0, z)), mul(plus(1.0 / 31.0, times(1.0 / 33.0, z)), z2));
  const series = add(add(a, mul(b, z4)), mul(add(c, mul(d, z4)), mul(z4, z4)));
  return add(times(2, s), mul(times(2, s), mul(z, series)));
}
