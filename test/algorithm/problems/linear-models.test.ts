/** Logistic regression and least squares against NumPy: losses, gradients, Hessian products, minima. */
import { describe, expect, it } from 'vitest';
import { buildDataset, distinctLabels } from '../../../src/algorithm/data/build-dataset.ts';
import { parseLibsvm } from '../../../src/algorithm/data/parse-libsvm.ts';
import { solveOptimum } from '../../../src/algorithm/engine/solve-optimum.ts';
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import { squaredNorm } from '../../../src/algorithm/kernels/reference/vectors.ts';
import { problems } from '../../../src/algorithm/problems/index.ts';
import type { Dataset, Problem, Rows } from '../../../src/shared/contracts/problem.ts';
import { instantiate, type StrategyChoice } from '../../../src/shared/contracts/strategy.ts';
import golden from '../../fixtures/problems.json' with { type: 'json' };
import { dataDirectory } from '../../support/data.ts';
import { load } from '../../worker/data/support.ts';

/** Sums of 40 terms of order 1 in another order. */
const ROUNDING = 1e-14;

type Normalize = 'none' | 'rows';

function dataOf(text: string, targets: 'classes' | 'real', normalize: Normalize = 'none'): Dataset {
  const parsed = parseLibsvm(new TextEncoder().encode(text), 'small', 9);
  const labelValues = distinctLabels(parsed, targets, 'small');
  return buildDataset(parsed, { name: 'small', normalize, targets, labelValues, rowsOnly: false, owned: false }, plainArena());
}

function problemOf(choice: object, data: Dataset | undefined, owners = 1): Problem {
  return instantiate(problems, choice as StrategyChoice, {
    data,
    testData: undefined,
    owners,
    honest: owners,
    stream: { word: () => 0, uniform: () => 0, below: () => 0, normal: () => 0, gamma: () => 0 },
    arena: plainArena(),
  });
}

function weightsOf(parts: readonly (readonly number[])[], kind: string): number[] {
  const total = parts.reduce((sum, rows) => sum + rows.length, 0);
  return parts.map((rows) => (kind === 'samples' ? rows.length / total : 1 / parts.length));
}

function expectNear(got: ArrayLike<number>, wanted: readonly number[]): void {
  for (let j = 0; j < wanted.length; j++) expect(Math.abs(got[j]! - wanted[j]!)).toBeLessThan(ROUNDING);
}

describe.each(golden.small.map((facts, i) => ({ ...facts, name: `${JSON.stringify(facts.problem)} ${i}, weights ${facts.weights}` })))(
  '$name',
  (facts) => {
    const data = dataOf(facts.text, facts.targets as 'classes');
    const problem = problemOf(facts.problem, data, facts.parts.length);
    // All rows with one client are said both ways: as null and as a list.
    const shards: Rows[] = facts.parts.map((rows) => (facts.parts.length === 1 ? null : Int32Array.from(rows)));
    const objective = problem.objective(shards, weightsOf(facts.parts, facts.weights));
    const oracle = problem.oracle(0, shards[0]!, false);
    const x = Float64Array.from(facts.x);
    const v = Float64Array.from(facts.v);
    const out = (): Float64Array => new Float64Array(9).fill(Number.NaN);

    it('has the loss, the gradient and the Hessian of NumPy', () => {
      const gradient = out();
      expect(Math.abs(objective.loss(x) - facts.loss)).toBeLessThan(ROUNDING);
      expect(objective.lossAndGradient(x, gradient)).toBe(objective.loss(x));
      expectNear(gradient, facts.gradient);
      const product = out();
      objective.hessianAt!(x)(v, product);
      expectNear(product, facts.hessianProduct);
    });

    it('has the client gradients of NumPy: full, batch, difference, flipped', () => {
      const batch = Int32Array.from(facts.batch);
      for (const [compute, wanted] of [
        [(to: Float64Array) => oracle.gradient(x, to), facts.clientGradient],
        [(to: Float64Array) => oracle.batchGradient(x, batch, batch.length, to), facts.batchGradient],
        [(to: Float64Array) => oracle.batchDifference(x, v, batch, batch.length, to), facts.batchDifference],
      ] as const) {
        const got = out();
        compute(got);
        expectNear(got, wanted);
      }
      expect(oracle.samples).toBe(facts.parts[0]!.length);
      expect(problem.hasLabels).toBe(facts.flippedGradient !== null);
      if (facts.flippedGradient === null) return;
      const got = out();
      problem.oracle(0, shards[0]!, true).gradient(x, got);
      expectNear(got, facts.flippedGradient);
    });

    it('has the minimum of NumPy, where it has one', () => {
      if (facts.minimum === undefined) {
        expect(() => solveOptimum(objective)).toThrow(/MARINADE_PRECONDITION_UNKNOWN_CONSTANT.*convex/);
        return;
      }
      const { value, gradientNorm } = solveOptimum(objective);
      for (const wanted of [facts.minimum, facts.lstsq ?? facts.minimum]) expect(Math.abs(value - wanted)).toBeLessThan(1e-15);
      expect(gradientNorm).toBeLessThan(1e-14);
    });
  },
);

describe('a linear model', () => {
  const text = '1 1:1 2:2\n-1 2:1\n1 1:-1 3:0.5\n-1 1:2\n';

  it('is the same on a shard of all rows given as a list, up to the order of additions', () => {
    const problem = problemOf({ name: 'logistic-regression', l2: 0.1 }, dataOf(text, 'classes'));
    const x = Float64Array.from({ length: 9 }, (_, j) => 0.1 * j - 0.3);
    const [asNull, asList] = [new Float64Array(9), new Float64Array(9)];
    problem.oracle(0, null, false).gradient(x, asNull);
    problem.oracle(0, Int32Array.of(0, 1, 2, 3), false).gradient(x, asList);
    expectNear(asList, [...asNull]);
  });

  it('has the constants of its longest row: curvature of the loss times |a|^2, plus those of the regularisers', () => {
    const data = dataOf(text, 'classes');
    expect(problemOf({ name: 'logistic-regression', l2: 0.1 }, data).constants).toEqual({
      smoothness: 0.25 * 5 + 0.1,
      clientSmoothness: 0.25 * 5 + 0.1,
      sampleSmoothness: 0.25 * 5 + 0.1,
      strongConvexity: 0.1,
    });
    const nonConvex = problemOf({ name: 'logistic-regression', l2: 0.1, nonConvex: 0.5 }, data).constants;
    expect(nonConvex.sampleSmoothness).toBe(0.25 * 5 + 0.1 + 2 * 0.5);
    expect(nonConvex.strongConvexity).toBeUndefined();
    expect(problemOf({ name: 'least-squares' }, data).constants).toEqual({ smoothness: 5, clientSmoothness: 5, sampleSmoothness: 5 });
  });

  it('needs data, and logistic regression two classes', () => {
    for (const name of ['logistic-regression', 'least-squares']) {
      expect(() => problemOf({ name }, undefined)).toThrow('[MARINADE_PRECONDITION_UNSUPPORTED] this problem needs data');
    }
    const three = dataOf('1 1:1\n2 1:2\n3 1:1\n', 'classes');
    const one = dataOf('1 1:1\n1 1:2\n', 'classes');
    const real = dataOf('1 1:1\n2 1:2\n', 'real');
    const refusal = (data: Dataset): unknown => {
      try {
        return problemOf({ name: 'logistic-regression' }, data);
      } catch (thrown) {
        return (thrown as Error).message;
      }
    };
    const begin = "[MARINADE_PRECONDITION_UNSUPPORTED] logistic-regression needs two classes; 'small' has";
    expect([three, one, real].map(refusal)).toEqual([`${begin} 3 classes`, `${begin} 1 class`, `${begin} real targets`]);
    expect(problemOf({ name: 'least-squares' }, three).hasLabels).toBe(false);
    expect(problemOf({ name: 'least-squares' }, real).hasLabels).toBe(false);
  });

  it('goes through overflow as IEEE numbers do: what is not finite is seen, not hidden', () => {
    const data = dataOf(text, 'classes');
    for (const name of ['logistic-regression', 'least-squares']) {
      const objective = problemOf({ name, l2: 0.1 }, data).objective([null], [1]);
      const g = new Float64Array(9);
      expect(objective.lossAndGradient(new Float64Array(9).fill(Number.NaN), g)).toBeNaN();
      expect(g[0]).toBeNaN();
      expect(objective.loss(new Float64Array(9).fill(1e200))).toBe(Number.POSITIVE_INFINITY);
      expect(objective.loss(new Float64Array(9).fill(Number.POSITIVE_INFINITY))).not.toBeLessThan(Number.POSITIVE_INFINITY);
    }
    // Without a regulariser a margin of 2e200 is a loss of as much, or none at all.
    const plain = problemOf({ name: 'logistic-regression' }, dataOf('1 1:1\n-1 1:1\n', 'classes')).objective([null], [1]);
    expect(plain.loss(Float64Array.of(1e200, 0, 0, 0, 0, 0, 0, 0, 0))).toBe(5e199);
  });
});

describe('f*', () => {
  const logistic = (text: string, l2: number) =>
    problemOf({ name: 'logistic-regression', l2 }, dataOf(text, 'classes')).objective([null], [1]);

  it('is refused on separable data without l2, where the minimum is not attained, and found with it', () => {
    const separable = '1 1:1\n1 1:2 2:1\n-1 1:-1\n-1 1:-1 2:0.5\n';
    expect(() => solveOptimum(logistic(separable, 0))).toThrow(/MARINADE_PRECONDITION_UNKNOWN_CONSTANT.*the minimum may not be attained/);
    expect(solveOptimum(logistic(separable, 1e-4)).gradientNorm).toBeLessThan(1e-15);
  });

  it('is the infimum to rounding where one coefficient alone goes to infinity', () => {
    const rest = '1 1:1\n-1 1:1\n1 1:-1 2:1\n-1 1:-0.5\n1 2:-1\n-1 1:-2 2:1\n';
    const { value } = solveOptimum(logistic(`${rest}1 3:1\n`, 0));
    expect(Math.abs(value - (6 / 7) * solveOptimum(logistic(rest, 0)).value)).toBeLessThan(1e-15);
  });

  it('is found where columns depend on each other or are empty, by a factorisation if need be', () => {
    const text = '1 1:1 3:1 4:1\n-1 2:1 3:1 5:1\n1 1:1 4:1 5:0.001\n-1 1:1 3:1 4:1\n3 2:1 3:1 4:1 5:2\n';
    const objective = problemOf({ name: 'least-squares' }, dataOf(text, 'real')).objective([null], [1]);
    const { value, gradientNorm } = solveOptimum(objective);
    expect(gradientNorm).toBeLessThan(1e-15);
    // Rows 0 and 3 contradict each other by 2: (1 + 1) / 2 / 5; the others can be fitted exactly.
    expect(Math.abs(value - 0.2)).toBeLessThan(1e-15);
  });

  it('is 0 to rounding where the data can be fitted', () => {
    const objective = problemOf({ name: 'least-squares' }, dataOf('1 1:1\n2 2:1\n', 'real')).objective([null], [1]);
    expect(solveOptimum(objective).value).toBeLessThan(1e-30);
  });
});

describe.skipIf(dataDirectory() === undefined)('on real data', () => {
  const folder = dataDirectory()!;

  it.each(golden.large)('f* of $problem on $data is that of NumPy', async ({ data: name, normalize, problem: choice, minimum, parts }) => {
    const { data } = await load({ name, normalize }, { dataDirectory: folder });
    const problem = problemOf(choice, data, parts?.length ?? 1);
    const range = (from: number, to: number): Int32Array => Int32Array.from({ length: to - from }, (_, i) => from + i);
    const shards: Rows[] = parts === undefined ? [null] : parts.map(([from, to]) => range(from!, to!));
    const { value, gradientNorm } = solveOptimum(
      problem.objective(
        shards,
        shards.map(() => 1 / shards.length),
      ),
    );
    expect(Math.abs(value - minimum)).toBeLessThan(3e-16);
    expect(gradientNorm).toBeLessThan(1e-15);
  });

  it('a9a with unit rows has f* = 0.487100159001288, L_ij at most 0.26, which bounds L = 0.1232', async () => {
    const { data } = await load({ name: 'a9a', normalize: 'rows' }, { dataDirectory: folder });
    const problem = problemOf({ name: 'logistic-regression', l2: 0.01 }, data);
    const objective = problem.objective([null], [1]);
    expect(solveOptimum(objective).value.toFixed(15)).toBe('0.487100159001288');
    const { smoothness, sampleSmoothness } = golden.large[0]!;
    expect(Math.abs(problem.constants.sampleSmoothness! - sampleSmoothness!)).toBeLessThan(1e-15);
    // Power iteration on the Hessian at 0, where every curvature is 1/4: L of f is the largest eigenvalue there.
    const product = objective.hessianAt!(new Float64Array(123));
    let v = new Float64Array(123).fill(1);
    let largest = 0;
    for (let i = 0; i < 100; i++) {
      const image = new Float64Array(123);
      product(v, image);
      largest = Math.sqrt(squaredNorm(image) / squaredNorm(v));
      v = image.map((value) => value / Math.sqrt(squaredNorm(image)));
    }
    expect(Math.abs(largest - smoothness!)).toBeLessThan(1e-14);
    expect(largest).toBeLessThan(problem.constants.smoothness!);
  });

  it('logistic regression refuses the ten classes of MNIST', async () => {
    const { data } = await load({ name: 'mnist' }, { dataDirectory: folder });
    expect(() => problemOf({ name: 'logistic-regression' }, data)).toThrow("'mnist' has 10 classes");
  }, 60_000);

  it('the stand-in for a9a is as hard: classes and f* are alike', async () => {
    const { data } = await load({ name: 'synthetic-adult', normalize: 'rows' });
    const { value, gradientNorm } = solveOptimum(problemOf({ name: 'logistic-regression', l2: 0.01 }, data).objective([null], [1]));
    expect(gradientNorm).toBeLessThan(1e-15);
    expect(value).toBeGreaterThan(0.4);
    expect(value).toBeLessThan(0.6);
  });
});
