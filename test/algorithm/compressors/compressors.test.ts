/** What single compressors promise beyond the conformance suite. */
import { describe, expect, test } from 'vitest';
import { compressors } from '../../../src/algorithm/compressors/index.ts';
import { norm, squaredDistance, squaredNorm } from '../../../src/algorithm/kernels/reference/vectors.ts';
import { arraysFor } from '../../../src/shared/contracts/memory.ts';
import { instantiate } from '../../../src/shared/contracts/strategy.ts';
import { expectCounts } from '../../support/chances.ts';
import { codeThrownBy, expectClose, normalRows, poisoned, streamFor } from '../../support/strategies.ts';

const compressorOf = (choice: object) => instantiate(compressors, compressors.schema.parse(choice), undefined);

/** Q(vector) with K given coordinates or drawn ones. */
function sparsify(choice: object, vector: ArrayLike<number>, stream = streamFor('rand-k'), coordinates?: ArrayLike<number>): Float64Array {
  const out = Float64Array.from(vector);
  compressorOf({ name: 'rand-k', ...choice }).compress(out, { stream, workspace: arraysFor({ kept: out.length }, poisoned), coordinates });
  return out;
}

const subsets = Array.from({ length: 5 }, (_, i) => Array.from({ length: 5 - i - 1 }, (_j, j) => [i, i + 1 + j] as const)).flat();

describe('rand-k', () => {
  test('it is unbiased with error omega |x|^2 exactly, over all subsets', () => {
    const vector = normalRows(streamFor('enumerated'), 1, 5)[0]!;
    const mean = new Float64Array(5);
    let squaredError = 0;
    for (const subset of subsets) {
      const drawn = sparsify({ k: 2 }, vector, undefined, subset);
      for (let j = 0; j < 5; j++) mean[j]! += drawn[j]! / subsets.length;
      squaredError += squaredDistance(drawn, vector) / subsets.length;
    }
    const { omega } = compressorOf({ name: 'rand-k', k: 2 }).constants(5);
    expectClose(mean, vector, 1e-14);
    expect(squaredError).toBeCloseTo(omega! * squaredNorm(vector), 12);
  });

  test('it draws every subset equally often', () => {
    const stream = streamFor('subsets');
    const counts = new Map(subsets.map((subset) => [subset.join(), 0]));
    for (let i = 0; i < 20_000; i++) {
      const kept = [...sparsify({ k: 2 }, [1, 1, 1, 1, 1], stream)].flatMap((value, j) => (value === 0 ? [] : [j])).join();
      counts.set(kept, counts.get(kept)! + 1);
    }
    expectCounts([...counts.values()], Array(10).fill(2000));
  });

  test('it reaches its bound D_Q = d / K on a single coordinate', () => {
    const drawn = sparsify({ k: 2 }, [0, 3, 0, 0, 0], undefined, [1, 4]);
    expect(norm(drawn)).toBe(3 * compressorOf({ name: 'rand-k', k: 2 }).constants(5).bound!);
  });

  test('it takes K from a fraction as decimal arithmetic would, at least one and at most d', () => {
    const kept = (choice: object, d: number): number => compressorOf({ name: 'rand-k', ...choice }).constants(d).density;
    expect([
      kept({ fraction: 0.1 }, 123),
      kept({ fraction: 0.07 }, 100),
      kept({ fraction: 0.29 }, 100),
      kept({ fraction: 0.3 }, 10),
    ]).toEqual([13, 7, 29, 3]);
    expect([kept({ fraction: 1e-9 }, 10), kept({ fraction: 1 }, 10), kept({ k: 40 }, 10)]).toEqual([1, 10, 10]);
    expect(compressorOf({ name: 'rand-k', k: 40 }).constants(10).omega).toBe(0);
  });

  test('it refuses both of k and fraction, neither, and coordinates that are not K distinct ones', () => {
    expect(codeThrownBy(() => compressorOf({ name: 'rand-k' }))).toBe('MARINADE_CONFIG_INVALID');
    expect(codeThrownBy(() => compressorOf({ name: 'rand-k', k: 1, fraction: 0.5 }))).toBe('MARINADE_CONFIG_INVALID');
    for (const coordinates of [[0], [0, 1, 2], [1, 1], [0, 5], [-1, 0], [0.5, 1]]) {
      expect(codeThrownBy(() => sparsify({ k: 2 }, [1, 2, 3, 4, 5], undefined, coordinates))).toBe('MARINADE_SHAPE_DIMENSION');
    }
  });
});

describe('quantisers', () => {
  test('their declared density and error are attained by equal coordinates', () => {
    const equal = new Float64Array(16).fill(2);
    for (const choice of [{ name: 'l2-quantization' }, { name: 'qsgd', levels: 1 }]) {
      const compressor = compressorOf(choice);
      const stream = streamFor(choice.name);
      let nonZeros = 0;
      let squaredError = 0;
      for (let i = 0; i < 4000; i++) {
        const drawn = equal.slice();
        compressor.compress(drawn, { stream, workspace: {} });
        nonZeros += drawn.filter((value) => value !== 0).length / 4000;
        squaredError += squaredDistance(drawn, equal) / 4000;
      }
      const { omega, density } = compressor.constants(16);
      // 4,000 draws of 16 coins: within three per cent.
      expect(Math.abs(nonZeros / density - 1)).toBeLessThan(0.03);
      if (choice.name === 'l2-quantization') expect(Math.abs(squaredError / (omega! * squaredNorm(equal)) - 1)).toBeLessThan(0.03);
    }
  });

  test('natural compression never leaves the doubles', () => {
    const compressor = compressorOf({ name: 'natural' });
    const vector = Float64Array.of(Number.MAX_VALUE, 2 ** 1023, -1.5e308, 5e-324, 3e-310, -0, Number.NEGATIVE_INFINITY);
    const drawn = vector.slice();
    for (let i = 0; i < 50; i++) compressor.compress(drawn, { stream: streamFor('natural'), workspace: {} });
    expect(drawn).toEqual(vector);
  });
});

describe('bits of a message', () => {
  test('they are those of the formulas in the doc blocks', () => {
    const bits = (choice: object, d: number, perNumber: number): number => compressorOf(choice).bits(d, perNumber);
    expect(bits({ name: 'identity' }, 123, 64)).toBe(123 * 64);
    expect(bits({ name: 'rand-k', k: 10 }, 123, 64)).toBe(10 * (64 + 7));
    expect(bits({ name: 'rand-k', k: 10 }, 128, 32)).toBe(10 * (32 + 7));
    expect(bits({ name: 'l2-quantization' }, 144, 32)).toBe(32 + 12 * (1 + 8));
    expect(bits({ name: 'qsgd', levels: 4 }, 100, 64)).toBe(64 + 100 * (1 + 3));
    expect([bits({ name: 'natural' }, 10, 32), bits({ name: 'natural' }, 10, 64)]).toEqual([90, 120]);
  });
});
