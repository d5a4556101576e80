/** Quadratics: every dial is what it says, exactly up to rounding. */
import { describe, expect, it } from 'vitest';
import { solveOptimum } from '../../../src/algorithm/engine/solve-optimum.ts';
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import { problems } from '../../../src/algorithm/problems/index.ts';
import { KeyedStream } from '../../../src/algorithm/random/streams.ts';
import type { Problem } from '../../../src/shared/contracts/problem.ts';
import { instantiate } from '../../../src/shared/contracts/strategy.ts';

interface Size {
  readonly owners?: number;
  readonly honest?: number;
  readonly seed?: number;
}

function quadratic(parameters: object, { owners = 6, honest = owners, seed = 1 }: Size = {}): Problem {
  return instantiate(
    problems,
    { name: 'quadratic', ...parameters },
    { data: undefined, testData: undefined, owners, honest, stream: new KeyedStream(seed, 'problem').at(0), arena: plainArena() },
  );
}

function gradient(problem: Problem, owner: number, x: Float64Array): Float64Array {
  const out = new Float64Array(x.length);
  problem.oracle(owner, null, false).gradient(x, out);
  return out;
}

/** The curvatures: differences of a gradient along unit steps. */
function curvatures(problem: Problem): number[] {
  return Array.from({ length: problem.d }, (_, j) => {
    const at = (step: number): number => {
      const x = new Float64Array(problem.d);
      x[j] = step;
      return gradient(problem, 0, x)[j]!;
    };
    return (at(1) - at(-1)) / 2;
  });
}

const uniform = (honest: number): number[] => Array.from({ length: honest }, () => 1 / honest);
const none = (honest: number): null[] => Array.from({ length: honest }, () => null);

describe('a quadratic', () => {
  it('has curvatures log-spaced from strongConvexity to smoothness on its rank, and 0 beyond', () => {
    const found = curvatures(quadratic({ dimension: 7, smoothness: 8, strongConvexity: 0.125, rank: 4 }));
    const wanted = [0.125, 0.5, 2, 8, 0, 0, 0];
    for (let j = 0; j < 7; j++) expect(Math.abs(found[j]! - wanted[j]!)).toBeLessThan(1e-14);
    expect(curvatures(quadratic({ dimension: 2, smoothness: 3, rank: 1 }))[0]).toBeCloseTo(3, 14);
    expect(quadratic({ dimension: 5, smoothness: 3, strongConvexity: 0.5 }).constants).toEqual({
      smoothness: 3,
      clientSmoothness: 3,
      sampleSmoothness: 3,
      strongConvexity: 0.5,
    });
  });

  it.each([0.01, 1, 250])('has the heterogeneity %d over the honest clients, at every point', (zeta) => {
    const honest = 5;
    const problem = quadratic({ dimension: 11, heterogeneity: zeta, rank: 9 }, { owners: 8, honest });
    for (const scale of [0, 1, 30]) {
      const x = Float64Array.from({ length: 11 }, (_, j) => scale * Math.sin(j));
      const all = new Float64Array(11);
      problem.objective(none(honest), uniform(honest)).lossAndGradient(x, all);
      let spread = 0;
      for (let i = 0; i < honest; i++) {
        const own = gradient(problem, i, x);
        for (let j = 0; j < 11; j++) spread += (own[j]! - all[j]!) ** 2 / honest;
      }
      expect(Math.sqrt(spread) / zeta).toBeCloseTo(1, 11);
    }
  });

  it('without heterogeneity is one function for all', () => {
    const problem = quadratic({ dimension: 4 });
    const x = Float64Array.of(1, 2, 3, 4);
    for (let i = 1; i < 6; i++) expect(gradient(problem, i, x)).toEqual(gradient(problem, 0, x));
    // Their mean centre is the common one up to rounding, and f* the square of that.
    expect(solveOptimum(problem.objective(none(6), uniform(6))).value).toBeLessThan(1e-30);
    expect(solveOptimum(problem.objective(none(4), uniform(4)))).toEqual({
      value: 0,
      gradientNorm: 0,
      iterations: 0,
      method: 'closed-form',
    });
  });

  it.each([
    ['uniform', uniform(3)],
    ['other', [0.5, 0.3, 0.2]],
  ])('has its minimum in closed form with %s weights', (_what, weights) => {
    const problem = quadratic({ dimension: 6, heterogeneity: 3, strongConvexity: 0.2 }, { owners: 3 });
    const objective = problem.objective(none(3), weights);
    const curvature = curvatures(problem);
    const g = new Float64Array(6);
    objective.lossAndGradient(new Float64Array(6), g);
    // One Newton step on a quadratic ends at its minimum.
    const best = g.map((slope, j) => -slope / curvature[j]!);
    const { value } = objective.optimum!;
    expect(value).toBeGreaterThan(0.1);
    expect(Math.abs(objective.loss(best) / value - 1)).toBeLessThan(1e-13);
    // And the loss is the weighted mean of the clients' own, each of which has the minimum 0.
    const x = Float64Array.of(1, -2, 3, -4, 5, -6);
    const own = (i: number): number => problem.objective([...none(i), null], [...Array(i).fill(0), 1]).loss(x);
    expect(objective.loss(x)).toBeCloseTo(
      weights.reduce((sum, w, i) => sum + w * own(i), 0),
      10,
    );
  });

  it('has one sample per client: batches are exact', () => {
    const problem = quadratic({ dimension: 5, heterogeneity: 1 });
    const oracle = problem.oracle(2, null, false);
    expect(oracle.samples).toBe(1);
    const x = Float64Array.of(1, 2, 3, 4, 5);
    const y = Float64Array.of(0, 2, -3, 4, 1);
    const [full, batch, difference] = [new Float64Array(5), new Float64Array(5), new Float64Array(5)];
    oracle.gradient(x, full);
    oracle.batchGradient(x, Int32Array.of(0, 0), 2, batch);
    expect(batch).toEqual(full);
    oracle.batchDifference(x, y, Int32Array.of(0), 1, difference);
    const curvature = curvatures(problem);
    for (let j = 0; j < 5; j++) expect(difference[j]!).toBeCloseTo(curvature[j]! * (x[j]! - y[j]!), 12);
  });

  it('depends on the seed alone', () => {
    const x = Float64Array.of(1, 2, 3);
    const of = (seed: number): Float64Array => gradient(quadratic({ dimension: 3, heterogeneity: 1 }, { seed }), 1, x);
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });

  it('refuses a rank above the dimension and a strong convexity above the smoothness', () => {
    expect(() => quadratic({ dimension: 3, rank: 4 })).toThrow(
      '[MARINADE_CONFIG_INVALID] problem.rank must be at most problem.dimension = 3; got 4',
    );
    expect(() => quadratic({ smoothness: 1, strongConvexity: 2 })).toThrow(
      '[MARINADE_CONFIG_INVALID] problem.strongConvexity must be at most problem.smoothness = 1; got 2',
    );
  });
});
