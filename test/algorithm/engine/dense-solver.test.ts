/** The dense solver: consistent systems, of full rank or not, at any scale of the columns. */
import { describe, expect, it } from 'vitest';
import { denseSolver } from '../../../src/algorithm/engine/dense-solver.ts';
import { norm } from '../../../src/algorithm/kernels/reference/vectors.ts';
import { KeyedStream } from '../../../src/algorithm/random/streams.ts';
import type { Vector } from '../../../src/shared/vector.ts';

const stream = new KeyedStream(71, 'measurement');

/** v -> A^T A v for a random m x d matrix with columns of given scales. */
function gram(m: number, d: number, scales: readonly number[]): (v: Vector, out: Vector) => void {
  stream.at(m, d);
  const a = Array.from({ length: m }, () => Float64Array.from({ length: d }, (_, j) => stream.normal() * scales[j % scales.length]!));
  return (v, out) => {
    out.fill(0);
    for (const row of a) {
      const t = row.reduce((sum, value, j) => sum + value * v[j]!, 0);
      for (let j = 0; j < d; j++) out[j]! += t * row[j]!;
    }
  };
}

describe('the dense solver', () => {
  it.each([
    ['full rank', 20, 8, [1]],
    ['full rank, columns of other scales', 20, 8, [1e-6, 1, 1e5]],
    ['rank 5 of 12', 5, 12, [1]],
    ['rank 5 of 12, columns of other scales', 5, 12, [1e-4, 1, 1e3]],
    ['an empty column', 20, 8, [1, 0]],
    ['rank 1', 1, 6, [1]],
  ] as const)('solves systems of %s', (_what, m, d, scales) => {
    const product = gram(m, d, scales);
    const solve = denseSolver(product, d);
    for (let i = 0; i < 5; i++) {
      const [g, p, image] = [new Float64Array(d), new Float64Array(d).fill(Number.NaN), new Float64Array(d)];
      // A right side in the range.
      product(
        Float64Array.from({ length: d }, () => stream.normal()),
        g,
      );
      solve(g, p);
      product(p, image);
      // The condition of a random Gram matrix of this size is below 1e5, and the scaling takes the columns' own away.
      expect(norm(image.map((value, j) => value + g[j]!)) / norm(g)).toBeLessThan(1e-10);
      // Dependent columns take no part.
      expect(p.filter((value) => value !== 0).length).toBeLessThanOrEqual(m);
    }
  });
});
