/**
 * Elementary functions by fixed polynomials, so that no digit depends on an engine's `Math.exp`. The order of the
 * operations here is the definition that a vectorised kernel must reproduce bit for bit.
 *
 * Accuracy against correctly rounded values, measured in `test/algorithm/kernels/scalar.test.ts`: exp and log at most
 * 2 ulp; sigmoid and softplus at most 3 ulp for |t| <= 708, and below -708 their value there, a positive number under 1e-307.
 */

const LOG2E = 1.4426950408889634;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** POWER_OF_TWO[k + 1022] = 2^k for k = -1022..1023. */
const POWER_OF_TWO = Float64Array.from({ length: 2046 }, (_, i) => 2 ** (i - 1022));

const C2 = 1 / 2;
const C3 = 1 / 6;
const C4 = 1 / 24;
const C5 = 1 / 120;
const C6 = 1 / 720;
const C7 = 1 / 5040;
const C8 = 1 / 40320;
const C9 = 1 / 362880;
const C10 = 1 / 3628800;
const C11 = 1 / 39916800;
const C12 = 1 / 479001600;
const C13 = 1 / 6227020800;

/** exp(t) for -708 <= t <= 709, without range checks: t = k ln 2 + r, a degree-13 polynomial in r by Estrin's scheme. */
export function expInRange(t: number): number {
  const k = Math.floor(t * LOG2E + 0.5);
  const r = t - k * LN2_HIGH - k * LN2_LOW;
  const r2 = r * r;
  const r4 = r2 * r2;
  const low = C2 + C3 * r + (C4 + C5 * r) * r2;
  const middle = C6 + C7 * r + (C8 + C9 * r) * r2;
  const high = C10 + C11 * r + (C12 + C13 * r) * r2;
  const q = low + middle * r4 + high * (r4 * r4);
  return (1 + (r + r2 * q)) * POWER_OF_TWO[k + 1022]!;
}

/** exp(t) for every t. */
export function exp(t: number): number {
  if (t >= -708 && t <= 709) return expInRange(t);
  if (t > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (t < -745.1332191019412) return 0;
  if (t > 0) return expInRange(t - 1) * Math.E;
  if (t < 0) return expInRange(t + 64) * 1.603810890548638e-28;
  return Number.NaN;
}

/** 1 / (1 + exp(-t)). */
export function sigmoid(t: number): number {
  if (t >= 0) return 1 / (1 + expInRange(t > 708 ? -708 : -t));
  if (t < 0) {
    const e = expInRange(t < -708 ? -708 : t);
    return e / (1 + e);
  }
  return Number.NaN;
}

/** log(1 + u) for 0 <= u <= 1, by the series of atanh at u / (2 + u) <= 1/3. */
export function log1pUnit(u: number): number {
  const s = u / (2 + u);
  const z = s * s;
  const z2 = z * z;
  const z4 = z2 * z2;
  const a = 1 / 3 + (1 / 5) * z + (1 / 7 + (1 / 9) * z) * z2;
  const b = 1 / 11 + (1 / 13) * z + (1 / 15 + (1 / 17) * z) * z2;
  const c = 1 / 19 + (1 / 21) * z + (1 / 23 + (1 / 25) * z) * z2;
  const d = 1 / 27 + (1 / 29) * z + (1 / 31 + (1 / 33) * z) * z2;
  const series = a + b * z4 + (c + d * z4) * (z4 * z4);
  return 2 * s + 2 * s * (z * series);
}

/** log(1 + exp(t)). */
export function softplus(t: number): number {
  if (t >= 0) return t + log1pUnit(expInRange(t > 708 ? -708 : -t));
  if (t < 0) return log1pUnit(expInRange(t < -708 ? -708 : t));
  return Number.NaN;
}

const doubleBits = new Float64Array(1);
const wordBits = new Uint32Array(doubleBits.buffer);
const SQRT2_HIGH = 0x3ff6a09e;

/** log(x), natural; NaN for x < 0, -Infinity for 0. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let k = 0;
  doubleBits[0] = x;
  if (x < 2.2250738585072014e-308) {
    doubleBits[0] = x * 18014398509481984;
    k = -54;
  }
  const high = wordBits[1]!;
  k += (high >>> 20) - 1023;
  let mantissaHigh = (high & 0x000fffff) | 0x3ff00000;
  if (mantissaHigh >= SQRT2_HIGH) {
    mantissaHigh -= 0x00100000;
    k += 1;
  }
  wordBits[1] = mantissaHigh;
  const s = (doubleBits[0]! - 1) / (doubleBits[0]! + 1);
  const z = s * s;
  const z2 = z * z;
  const z4 = z2 * z2;
  const a = 1 / 3 + (1 / 5) * z + (1 / 7 + (1 / 9) * z) * z2;
  const b = 1 / 11 + (1 / 13) * z + (1 / 15 + (1 / 17) * z) * z2;
  const c = 1 / 19 + (1 / 21) * z + (1 / 23 + (1 / 25) * z) * z2;
  const series = a + b * z4 + c * (z4 * z4);
  return k * LN2_HIGH + (2 * s + (2 * s * (z * series) + k * LN2_LOW));
}
