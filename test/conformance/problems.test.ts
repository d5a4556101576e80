/** What every problem must do, run for each registered one with each set of parameters of `support/strategies.ts`. */
import { describe, expect, test } from 'vitest';
import { catalog } from '../../src/algorithm/catalog.ts';
import { plainArena } from '../../src/algorithm/kernels/plain-arena.ts';
import { distance, dot, norm } from '../../src/algorithm/kernels/reference/vectors.ts';
import type { Objective, Oracle, Problem, Rows } from '../../src/shared/contracts/problem.ts';
import { instantiate, type StrategyChoice } from '../../src/shared/contracts/strategy.ts';
import type { Vector } from '../../src/shared/vector.ts';
import { everyChoice, normalRows, poisoned, streamFor, testDefinitions } from '../support/strategies.ts';
import { tiny } from '../support/tiny.ts';
import { data } from '../support/transcription.ts';

const { problems } = catalog;
const OWNERS = 5;
/** Central differences of loss values of order 1 at steps of 1e-5: errors of h^2 and of rounding / h. */
const STEP = 1e-5;
const BY_DIFFERENCES = 1e-8;
const ROUNDING = 1e-13;

interface Made {
  readonly problem: Problem;
  readonly shards: readonly Rows[];
  readonly oracles: readonly Oracle[];
  readonly objective: Objective;
  readonly weights: readonly number[];
}

function made(choice: StrategyChoice): Made {
  const needsData = problems.get(choice.name).needsData;
  const problem = instantiate(problems, choice, {
    data: needsData ? data : undefined,
    testData: undefined,
    owners: OWNERS,
    honest: OWNERS,
    stream: streamFor('problem'),
    arena: plainArena(),
  });
  const shards: Rows[] = tiny.partition.rows.map((rows) => (needsData ? Int32Array.from(rows) : null));
  const weights = [0.1, 0.3, 0.2, 0.25, 0.15];
  return {
    problem,
    shards,
    weights,
    oracles: shards.map((rows, i) => problem.oracle(i, rows, false)),
    objective: problem.objective(shards, weights),
  };
}

function gradientOf(oracle: Oracle, x: Vector): Vector {
  const out = poisoned(x.length);
  oracle.gradient(x, out);
  return out;
}

function slopeOf(objective: Objective, x: Vector): Vector {
  const out = poisoned(x.length);
  objective.lossAndGradient(x, out);
  return out;
}

function batchOf(oracle: Oracle, x: Vector, batch: readonly number[]): Vector {
  const out = poisoned(x.length);
  oracle.batchGradient(x, Int32Array.from(batch), batch.length, out);
  return out;
}

function expectNear(got: Vector, wanted: ArrayLike<number>, tolerance: number): void {
  for (let j = 0; j < got.length; j++) expect(Math.abs(got[j]! - wanted[j]!)).toBeLessThanOrEqual(tolerance);
}

testDefinitions(problems, 'problems');

describe.each(everyChoice(problems))('%s', (label, choice) => {
  const { problem, oracles, objective, weights, shards } = made(choice);
  const { d } = problem;
  const points = normalRows(streamFor(label), 6, d);

  test('its gradient is the slope of its loss', () => {
    for (const x of points) {
      const slope = slopeOf(objective, x);
      for (let j = 0; j < d; j++) {
        const [left, right] = [-STEP, STEP].map((step) => objective.loss(x.map((value, i) => (i === j ? value + step : value))));
        expect(Math.abs((right! - left!) / (2 * STEP) - slope[j]!)).toBeLessThan(BY_DIFFERENCES);
      }
      expect(objective.lossAndGradient(x, poisoned(d))).toBe(objective.loss(x));
    }
  });

  test('it is the weighted mean of its clients', () => {
    for (const x of points) {
      const sum = new Float64Array(d);
      oracles.forEach((oracle, i) => {
        const own = gradientOf(oracle, x);
        for (let j = 0; j < d; j++) sum[j]! += weights[i]! * own[j]!;
      });
      expectNear(slopeOf(objective, x), sum, ROUNDING);
    }
  });

  test('a full batch is the gradient, a batch the mean of its samples, a difference that of two batches', () => {
    const [x, y] = points as [Vector, Vector];
    for (const oracle of oracles) {
      const all = Array.from({ length: oracle.samples }, (_, i) => i);
      expectNear(batchOf(oracle, x, all), gradientOf(oracle, x), ROUNDING);
      const batch = [0, oracle.samples - 1, 0];
      const singles = batch.map((row) => batchOf(oracle, x, [row]));
      expectNear(
        batchOf(oracle, x, batch),
        singles[0]!.map((_, j) => (singles[0]![j]! + singles[1]![j]! + singles[2]![j]!) / 3),
        ROUNDING,
      );
      const difference = poisoned(d);
      oracle.batchDifference(x, y, Int32Array.from(batch), 3, difference);
      const [atX, atY] = [batchOf(oracle, x, batch), batchOf(oracle, y, batch)];
      expectNear(
        difference,
        atX.map((value, j) => value - atY[j]!),
        ROUNDING,
      );
    }
  });

  test('it gives the same bits whatever was asked before, and leaves the points as they were', () => {
    const before = points.map((x) => [...x]);
    const fresh = made(choice);
    const [x, y] = points as [Vector, Vector];
    for (const [i, oracle] of oracles.entries()) {
      gradientOf(oracle, y);
      expect(gradientOf(oracle, x)).toEqual(gradientOf(fresh.oracles[i]!, x));
    }
    expect(objective.loss(x)).toBe(fresh.objective.loss(x));
    expect(points.map((point) => [...point])).toEqual(before);
  });

  test('its constants bound what they say', () => {
    const { smoothness, clientSmoothness, sampleSmoothness, strongConvexity } = problem.constants;
    for (let i = 0; i + 1 < points.length; i++) {
      const [x, y] = [points[i]!, points[i + 1]!];
      const apart = distance(x, y);
      const slopes = [slopeOf(objective, x), slopeOf(objective, y)] as const;
      if (smoothness !== undefined) expect(distance(...slopes)).toBeLessThanOrEqual(smoothness * apart * (1 + ROUNDING));
      for (const oracle of oracles) {
        const change = distance(gradientOf(oracle, x), gradientOf(oracle, y));
        if (clientSmoothness !== undefined) expect(change).toBeLessThanOrEqual(clientSmoothness * apart * (1 + ROUNDING));
        for (let row = 0; row < oracle.samples && sampleSmoothness !== undefined; row++) {
          const step = distance(batchOf(oracle, x, [row]), batchOf(oracle, y, [row]));
          expect(step).toBeLessThanOrEqual(sampleSmoothness * apart * (1 + ROUNDING));
        }
      }
      if (strongConvexity !== undefined && objective.optimum !== undefined) {
        // The PL condition, which rank-deficient quadratics have too.
        expect(dot(slopes[0], slopes[0])).toBeGreaterThanOrEqual(
          2 * strongConvexity * (objective.loss(x) - objective.optimum.value) * (1 - ROUNDING),
        );
      }
    }
  });

  test('its Hessian is the slope of its gradient, and its optimum below every loss', () => {
    const [x, v] = points as [Vector, Vector];
    if (objective.hessianAt !== undefined) {
      const product = poisoned(d);
      objective.hessianAt(x)(v, product);
      const [left, right] = [-STEP, STEP].map((step) =>
        slopeOf(
          objective,
          x.map((value, j) => value + step * v[j]!),
        ),
      );
      expectNear(
        product,
        right!.map((value, j) => (value - left![j]!) / (2 * STEP)),
        BY_DIFFERENCES,
      );
    }
    if (objective.optimum !== undefined)
      for (const point of points) expect(objective.loss(point)).toBeGreaterThanOrEqual(objective.optimum.value);
  });

  test('it is convex along segments if it says so', () => {
    if (!objective.convex) return expect(choice['nonConvex']).toBeGreaterThan(0);
    for (let i = 0; i + 1 < points.length; i++) {
      const [x, y] = [points[i]!, points[i + 1]!];
      const middle = x.map((value, j) => (value + y[j]!) / 2);
      expect(objective.loss(middle)).toBeLessThanOrEqual((objective.loss(x) + objective.loss(y)) / 2 + ROUNDING);
    }
  });

  test('its flipped labels are the others, where it has labels', () => {
    if (!problem.hasLabels) return expect(problem.rows).toBe(0);
    const [x] = points as [Vector];
    const zero = new Float64Array(d);
    const flipped = problem.oracle(0, shards[0]!, true);
    expect(norm(gradientOf(flipped, zero))).toBeGreaterThan(0);
    // At 0 the slope of either loss changes its sign with the label.
    expectNear(
      gradientOf(flipped, zero),
      gradientOf(oracles[0]!, zero).map((value) => -value),
      ROUNDING,
    );
    expect(gradientOf(flipped, x)).not.toEqual(gradientOf(oracles[0]!, x));
  });
});
