/** Random numbers in bulk. */
import type { StreamKey } from '../../../shared/contracts/kernels.ts';
import { philox } from '../../random/philox.ts';

const words = new Uint32Array(4);

/** The high word of the 64-bit product of two unsigned words. */
export function highProduct(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const p = aHigh * bLow + ((aLow * bLow) >>> 16);
  const q = aLow * bHigh + (p & 0xffff);
  return (aHigh * bHigh + (p >>> 16) + (q >>> 16)) >>> 0;
}

/**
 * `count` uniform integers below m, each by Lemire's multiply-and-reject: the high word of word * m, rejected where
 * that would be biased. Begins after `used` words of the stream and returns the words used then.
 */
export function drawBelow(stream: StreamKey, used: number, m: number, count: number, out: Int32Array): number {
  const { client, round, purpose, key0, key1 } = stream;
  const least = (4294967296 - m) % m;
  let word = used;
  if (word % 4 !== 0) philox(word >>> 2, client, round, purpose, key0, key1, words);
  for (let i = 0; i < count; ) {
    if (word % 4 === 0) philox(word >>> 2, client, round, purpose, key0, key1, words);
    const random = words[word++ % 4]!;
    if (Math.imul(random, m) >>> 0 < least) continue;
    out[i++] = highProduct(random, m);
  }
  return word;
}
