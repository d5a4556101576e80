/** Streams: known answers, an independent implementation, and the laws of what is drawn. */
import { describe, expect, it } from 'vitest';
import { philox } from '../../../src/algorithm/random/philox.ts';
import { KeyedStream, type Purpose, purposes } from '../../../src/algorithm/random/streams.ts';
import golden from '../../fixtures/streams.json' with { type: 'json' };
import { chiSquare } from '../../support/chi-square.ts';

describe('philox', () => {
  // The known-answer vectors that come with Random123.
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [Array(4).fill(0xffffffff), [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as const)('gives the known answer to counter %j and key %j', ([c0, c1, c2, c3], [k0, k1], answer) => {
    const out = new Uint32Array(4);
    philox(c0!, c1!, c2!, c3!, k0!, k1!, out);
    expect([...out].map((word) => word.toString(16).padStart(8, '0')).join(' ')).toBe(answer);
  });
});

describe('a stream', () => {
  it.each(golden.streams)('of seed $seed for $purpose, round $round, client $client, phase $phase gives the independent words', (place) => {
    const stream = new KeyedStream(place.seed, place.purpose as Purpose).at(place.round, place.client, place.phase);
    expect(Array.from({ length: 10 }, () => stream.word())).toEqual(place.words);
    stream.at(place.round, place.client, place.phase);
    expect(Array.from({ length: 5 }, () => stream.uniform())).toEqual(place.uniforms);
  });

  it('does not depend on what was drawn elsewhere', () => {
    const stream = new KeyedStream(3, 'batch');
    const first = Array.from({ length: 7 }, () => stream.at(1, 2).word());
    expect(new Set(first).size).toBe(1);
    stream.at(9, 9).normal();
    expect(stream.at(1, 2).word()).toBe(first[0]);
  });

  it('gives everyone other numbers: no two of many streams share a first block', () => {
    const seen = new Set<string>();
    let streams = 0;
    for (const seed of [0, 1, 2 ** 32, 2 ** 32 + 1]) {
      for (const purpose of Object.keys(purposes) as Purpose[]) {
        const stream = new KeyedStream(seed, purpose);
        for (const round of [0, 1, 65536]) {
          for (const client of [0, 1, 65536, undefined]) {
            for (const phase of [0, 1]) {
              stream.at(round, client, phase);
              seen.add([stream.word(), stream.word(), stream.word(), stream.word()].join());
              streams++;
            }
          }
        }
      }
    }
    expect(seen.size).toBe(streams);
  });

  it('never renumbers a purpose', () => {
    expect(purposes).toMatchObject({
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
    });
    expect(new Set(Object.values(purposes)).size).toBe(Object.keys(purposes).length);
  });

  it('has words whose bits are fair and whose neighbours are not correlated', () => {
    const stream = new KeyedStream(17, 'rule').at(0);
    const n = 100_000;
    const ones = new Array<number>(32).fill(0);
    let previous = 0;
    let product = 0;
    for (let i = 0; i < n; i++) {
      const word = stream.word();
      for (let bit = 0; bit < 32; bit++) ones[bit]! += (word >>> bit) & 1;
      const u = word / 2 ** 32 - 0.5;
      product += u * previous;
      previous = u;
    }
    // Five standard deviations: sqrt(n) / 2 for a bit, sqrt(n) / 12 for the sum of products.
    for (const count of ones) expect(Math.abs(count - n / 2)).toBeLessThan(2.5 * Math.sqrt(n));
    expect(Math.abs(product)).toBeLessThan((5 * Math.sqrt(n)) / 12);
  });
});

describe('below', () => {
  it.each(golden.below)('$m gives the values of exact integer arithmetic', ({ m, values }) => {
    const stream = new KeyedStream(11, 'batch').at(3, 4);
    expect(values.map(() => stream.below(m))).toEqual(values);
  });

  it.each([2, 3, 7, 10, 123])('%i is uniform', (m) => {
    const stream = new KeyedStream(23, 'cohort').at(m);
    const counts = new Array<number>(m).fill(0);
    for (let i = 0; i < 20_000 * Math.sqrt(m); i++) counts[stream.below(m)]!++;
    const { statistic, bound } = chiSquare(counts);
    expect(statistic).toBeLessThan(bound);
  });

  it('has no bias where a multiple of the word does not fit: three quarters of the range', () => {
    // Without rejection the residues 0, 1, 2 modulo 3 would get 1/2, 1/4, 1/4 of the words.
    const m = 3 * 2 ** 30;
    const stream = new KeyedStream(29, 'cohort').at(1);
    const counts = new Array<number>(3).fill(0);
    const residues = new Array<number>(3).fill(0);
    for (let i = 0; i < 60_000; i++) {
      const value = stream.below(m);
      counts[Math.floor(value / 2 ** 30)]!++;
      residues[value % 3]!++;
    }
    for (const { statistic, bound } of [chiSquare(counts), chiSquare(residues)]) expect(statistic).toBeLessThan(bound);
  });
});

/** Mean, variance and standardised third and fourth moments. */
function moments(draw: () => number, n: number): { mean: number; variance: number; skewness: number; kurtosis: number } {
  const values = Float64Array.from({ length: n }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const central = (power: number): number => values.reduce((sum, value) => sum + (value - mean) ** power, 0) / n;
  const variance = central(2);
  return { mean, variance, skewness: central(3) / variance ** 1.5, kurtosis: central(4) / variance ** 2 };
}

describe('normal', () => {
  it('has the moments and the distribution of a standard normal', () => {
    const stream = new KeyedStream(31, 'attack').at(0);
    const n = 200_000;
    const { mean, variance, skewness, kurtosis } = moments(() => stream.normal(), n);
    // Five standard deviations of each estimate: 1, sqrt(2), sqrt(6), sqrt(24) over sqrt(n).
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(skewness)).toBeLessThan(5 * Math.sqrt(6 / n));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(5 * Math.sqrt(24 / n));
    // Octiles of the standard normal.
    const edges = [
      -1.1503493803760079, -0.6744897501960817, -0.31863936396437514, 0, 0.31863936396437514, 0.6744897501960817, 1.1503493803760079,
    ];
    const counts = new Array<number>(8).fill(0);
    stream.at(1);
    for (let i = 0; i < n; i++) {
      const z = stream.normal();
      counts[edges.filter((edge) => z > edge).length]!++;
    }
    const { statistic, bound } = chiSquare(counts);
    expect(statistic).toBeLessThan(bound);
  });

  it('is finite for all words, the largest included', () => {
    class Constant extends KeyedStream {
      readonly #word: number;
      constructor(word: number) {
        super(0, 'attack');
        this.#word = word;
      }
      override word(): number {
        return this.#word;
      }
    }
    expect(new Constant(0xffffffff).normal()).toBeCloseTo(8.2095361516, 9);
    expect(new Constant(0).normal()).toBeCloseTo(-8.2923610758, 9);
    expect(new Constant(0xffffffff).uniform()).toBeLessThan(1);
  });
});

describe('gamma', () => {
  it.each([0.1, 0.5, 1, 2.5, 30])('of shape %d has its moments', (shape) => {
    const stream = new KeyedStream(37, 'partition').at(0);
    const n = 100_000;
    const { mean, variance, skewness } = moments(() => stream.gamma(shape), n);
    // Mean and variance are `shape`; five standard deviations of the estimates, the fourth central moment is 3 a^2 + 6 a.
    expect(Math.abs(mean - shape)).toBeLessThan(5 * Math.sqrt(shape / n));
    expect(Math.abs(variance - shape)).toBeLessThan(5 * Math.sqrt((2 * shape ** 2 + 6 * shape) / n));
    // The skewness of a gamma is 2 / sqrt(a); the spread of its estimate was bounded by trial, 5 % here.
    expect(Math.abs(skewness * Math.sqrt(shape) - 2)).toBeLessThan(0.1 * Math.max(1, shape ** 0.5));
  });

  it('is exponential for shape 1: its distribution function is uniform', () => {
    const stream = new KeyedStream(41, 'partition').at(0);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 50_000; i++) counts[Math.floor(10 * (1 - Math.exp(-stream.gamma(1))))]!++;
    const { statistic, bound } = chiSquare(counts);
    expect(statistic).toBeLessThan(bound);
  });

  it('normalised is Dirichlet: means alpha_i / alpha_0, variances as they should be', () => {
    const alphas = [0.3, 1, 2.7];
    const total = 4;
    const stream = new KeyedStream(43, 'partition').at(0);
    const n = 50_000;
    const sums = [0, 0, 0];
    const squares = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      const shares = alphas.map((alpha) => stream.gamma(alpha));
      const sum = shares.reduce((a, b) => a + b, 0);
      shares.forEach((share, c) => {
        sums[c]! += share / sum;
        squares[c]! += (share / sum) ** 2;
      });
    }
    alphas.forEach((alpha, c) => {
      const mean = alpha / total;
      const variance = (mean * (1 - mean)) / (total + 1);
      expect(Math.abs(sums[c]! / n - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
      expect(squares[c]! / n - (sums[c]! / n) ** 2).toBeCloseTo(variance, 2);
    });
  });
});
