/**
 * Philox4x32-10: 128 random bits as a function of a 128-bit counter and a 64-bit key.
 *
 * @source Salmon, Moraes, Dror, Shaw. SC 2011, "Parallel random numbers: as easy as 1, 2, 3"
 */

const A_LOW = 0xd2511f53 & 0xffff;
const A_HIGH = 0xd2511f53 >>> 16;
const B_LOW = 0xcd9e8d57 & 0xffff;
const B_HIGH = 0xcd9e8d57 >>> 16;

/** Writes the four words of one block into `out`. */
export function philox(c0: number, c1: number, c2: number, c3: number, key0: number, key1: number, out: Uint32Array): void {
  let x0 = c0 | 0;
  let x1 = c1 | 0;
  let x2 = c2 | 0;
  let x3 = c3 | 0;
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  for (let round = 0; round < 10; round++) {
    let low = x0 & 0xffff;
    let high = x0 >>> 16;
    let p = A_HIGH * low + ((A_LOW * low) >>> 16);
    let q = A_LOW * high + (p & 0xffff);
    const high0 = (A_HIGH * high + (p >>> 16) + (q >>> 16)) | 0;
    const low0 = Math.imul(0xd2511f53, x0);
    low = x2 & 0xffff;
    high = x2 >>> 16;
    p = B_HIGH * low + ((B_LOW * low) >>> 16);
    q = B_LOW * high + (p & 0xffff);
    const high1 = (B_HIGH * high + (p >>> 16) + (q >>> 16)) | 0;
    const low1 = Math.imul(0xcd9e8d57, x2);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}
