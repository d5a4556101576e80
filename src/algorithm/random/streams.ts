/**
 * Keyed random streams: the numbers of a stream depend on (seed, purpose, phase, round, client) alone, so adding a
 * consumer never shifts anyone else's numbers, and any thread can draw any client's.
 *
 * Counter words: block within the stream, client, round, purpose + 65,536 phase. Key: the seed's low and high words.
 */
import type { Kernels, StreamKey } from '../../shared/contracts/kernels.ts';
import type { Stream } from '../../shared/vector.ts';
import { referenceKernels } from '../kernels/reference/index.ts';
import { exp, log } from '../kernels/reference/scalar.ts';
import { normalQuantile } from './normal-quantile.ts';
import { philox } from './philox.ts';

/** What a stream is for. The numbers enter every result: never renumber, only add. */
export const purposes = {
  start: 1,
  partition: 2,
  problem: 3,
  refresh: 4,
  cohort: 5,
  batch: 6,
  compressor: 7,
  rule: 8,
  attack: 9,
  identity: 10,
  availability: 11,
  measurement: 12,
  data: 13,
} as const;

export type Purpose = keyof typeof purposes;

/** Stands for "no particular client": streams that belong to the whole round. */
export const EVERYONE = 0xffffffff;

const LARGEST_BELOW_ONE = 1 - 2 ** -53;

/** A stream that can be pointed at another (round, client) without allocating. */
export class KeyedStream implements Stream, StreamKey {
  readonly key0: number;
  readonly key1: number;
  round = 0;
  client = EVERYONE;
  purpose: number;
  readonly #ownPurpose: number;
  readonly #kernels: Kernels;
  readonly #words = new Uint32Array(4);
  /** The next block to make; of the one made last, `used` words are gone. */
  #block = 0;
  #used = 4;
  /** Words of the next block that are gone already. */
  #skip = 0;

  /** `kernels` draw in bulk; arrays to fill must be theirs. */
  constructor(seed: number, purpose: Purpose, kernels: Kernels = referenceKernels) {
    this.key0 = seed % 4294967296;
    this.key1 = Math.floor(seed / 4294967296);
    this.#ownPurpose = purposes[purpose];
    this.purpose = this.#ownPurpose;
    this.#kernels = kernels;
  }

  /** Moves to the start of the stream of this round, client and phase. Returns this. */
  at(round: number, client: number = EVERYONE, phase = 0): this {
    this.round = round;
    this.client = client;
    this.purpose = this.#ownPurpose + 65536 * phase;
    this.#block = 0;
    this.#used = 4;
    this.#skip = 0;
    return this;
  }

  word(): number {
    if (this.#used === 4) {
      philox(this.#block++, this.client, this.round, this.purpose, this.key0, this.key1, this.#words);
      this.#used = this.#skip;
      this.#skip = 0;
    }
    return this.#words[this.#used++]!;
  }

  uniform(): number {
    const high = this.word() >>> 5;
    const low = this.word() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Lemire's multiply-and-reject: the high word of word * m, rejected where that would be biased. */
  below(m: number): number {
    if (m === 4294967296) return this.word();
    const high = m >>> 16;
    const low = m & 0xffff;
    for (;;) {
      const w = this.word();
      const fraction = Math.imul(w, m) >>> 0;
      if (fraction >= m || fraction >= (4294967296 - m) % m) {
        const wHigh = w >>> 16;
        const wLow = w & 0xffff;
        const p = wHigh * low + ((wLow * low) >>> 16);
        const q = wLow * high + (p & 0xffff);
        return wHigh * high + (p >>> 16) + (q >>> 16);
      }
    }
  }

  /** What `below` would give `count` times, into the first entries of `out`; m <= 2^31. */
  fillBelow(m: number, count: number, out: Int32Array): void {
    const gone = 4 * (this.#block - 1) + this.#used + this.#skip;
    const words = this.#kernels.drawBelow(this, gone, m, count, out);
    this.#block = Math.floor(words / 4);
    this.#skip = words % 4;
    this.#used = 4;
  }

  normal(): number {
    const high = this.word() >>> 5;
    const low = this.word() >>> 6;
    const p = (high * 67108864 + low + 0.5) / 9007199254740992;
    // The largest of the 2^53 values rounds to 1, whose quantile is infinite.
    return normalQuantile(p < 1 ? p : LARGEST_BELOW_ONE);
  }

  /** Marsaglia and Tsang 2000; shapes below 1 by the boost Gamma(a) = Gamma(a + 1) U^(1/a). */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * exp(log(1 - this.uniform()) / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const z = this.normal();
      const root = 1 + c * z;
      if (root <= 0) continue;
      const v = root * root * root;
      const u = 1 - this.uniform();
      if (log(u) < 0.5 * z * z + d - d * v + d * log(v)) return d * v;
    }
  }
}
