/** Samples of indices: against an independent implementation, distinct where they must be, uniform. */
import { describe, expect, it } from 'vitest';
import {
  permute,
  sampleSubset,
  sampleWithoutReplacement,
  sampleWithReplacement,
  seenSize,
} from '../../../src/algorithm/random/sampling.ts';
import { KeyedStream } from '../../../src/algorithm/random/streams.ts';
import golden from '../../fixtures/streams.json' with { type: 'json' };
import { chiSquare } from '../../support/chi-square.ts';

const without = (stream: KeyedStream, m: number, b: number): number[] => {
  const out = new Int32Array(b);
  sampleWithoutReplacement(stream, m, b, out, new Int32Array(seenSize(b)));
  return [...out];
};

/** Counts of the outcomes of many draws, by name. */
function tally(names: readonly string[], draws: number, draw: () => ArrayLike<number>): number[] {
  const counts = new Map(names.map((name) => [name, 0]));
  for (let i = 0; i < draws; i++) {
    const name = Array.from(draw()).join();
    expect(counts.has(name)).toBe(true);
    counts.set(name, counts.get(name)! + 1);
  }
  return [...counts.values()];
}

describe('sampling without replacement', () => {
  it.each(golden.floyd)('$b of $m agrees with the independent implementation', ({ m, b, values }) => {
    expect(without(new KeyedStream(5, 'batch').at(m, b), m, b)).toEqual(values);
  });

  it('gives distinct indices below m, whatever m and b', () => {
    const stream = new KeyedStream(47, 'batch');
    for (let m = 1; m <= 40; m++) {
      for (let b = 1; b <= m; b++) {
        const drawn = without(stream.at(m, b), m, b);
        expect(new Set(drawn).size).toBe(b);
        expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...drawn)).toBeLessThan(m);
      }
    }
    expect(new Set(without(stream.at(0), 2 ** 31 - 1, 5000)).size).toBe(5000);
  });

  it('gives every set of 3 of 6 equally often', () => {
    const stream = new KeyedStream(53, 'batch').at(0);
    const sets: string[] = [];
    for (let a = 0; a < 6; a++) for (let b = a + 1; b < 6; b++) for (let c = b + 1; c < 6; c++) sets.push([a, b, c].join());
    const { statistic, bound } = chiSquare(tally(sets, 20_000, () => without(stream, 6, 3).sort((a, b) => a - b)));
    expect(statistic).toBeLessThan(bound);
  });
});

describe('sampling with replacement', () => {
  it('is independent uniform draws', () => {
    const stream = new KeyedStream(59, 'batch').at(0);
    const pairs = Array.from({ length: 25 }, (_, i) => [Math.floor(i / 5), i % 5].join());
    const out = new Int32Array(2);
    const counts = tally(pairs, 25_000, () => {
      sampleWithReplacement(stream, 5, 2, out);
      return out;
    });
    const { statistic, bound } = chiSquare(counts);
    expect(statistic).toBeLessThan(bound);
  });
});

describe('a permutation', () => {
  it.each(golden.permutations)('of $n agrees with the independent implementation', ({ n, values }) => {
    const out = new Int32Array(n + 1).fill(-1);
    permute(new KeyedStream(6, 'partition').at(n), n, out);
    expect([...out]).toEqual([...values, -1]);
  });

  it('is each of the 24 orders of four equally often', () => {
    const stream = new KeyedStream(61, 'rule').at(0);
    const digits = [0, 1, 2, 3];
    const orders = digits.flatMap((a) => digits.flatMap((b) => digits.flatMap((c) => digits.map((d) => [a, b, c, d]))));
    const names = orders.filter((order) => new Set(order).size === 4).map((order) => order.join());
    const out = new Float64Array(4);
    const counts = tally(names, 24_000, () => {
      permute(stream, 4, out);
      return out;
    });
    const { statistic, bound } = chiSquare(counts);
    expect(statistic).toBeLessThan(bound);
  });
});

describe('a subset', () => {
  it.each(golden.subsets)('of $size of $total agrees with the independent implementation', ({ total, size, values }) => {
    const out = new Int32Array(size);
    sampleSubset(new KeyedStream(7, 'start').at(total, size), total, size, out);
    expect([...out]).toEqual(values);
  });

  it('is each set of 4 of 7 equally often, in increasing order', () => {
    const stream = new KeyedStream(67, 'cohort').at(0);
    const sets: string[] = [];
    for (let bits = 0; bits < 128; bits++) {
      const members = [0, 1, 2, 3, 4, 5, 6].filter((i) => (bits >> i) & 1);
      if (members.length === 4) sets.push(members.join());
    }
    const out = new Int32Array(4);
    const counts = tally(sets, 35_000, () => {
      sampleSubset(stream, 7, 4, out);
      return out;
    });
    const { statistic, bound } = chiSquare(counts);
    expect(statistic).toBeLessThan(bound);
  });
});
