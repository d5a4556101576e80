/**
 * The geometric median, exactly: the point with the least sum of distances to the messages.
 *
 *   argmin_z sum_i |z - m_i|
 *
 * Weiszfeld's iteration as modified by Vardi and Zhang, which steps off a message that is not the minimiser. Two
 * messages make it non-unique: their mean is returned. It starts at the coordinate-wise median and stops when a step is
 * below tolerance times the spread, the median distance of the messages from the point: both are out of reach of the
 * byzantine rows, while a step measured against their distance would end the search far from the honest rows.
 *
 * @shape     messages: n x d; out: d
 * @cost      O(n^2 d + iterations n^2) for up to 256 rows, else O(iterations n d); 2 d + n^2 + 580 n doubles of scratch
 * @random    none
 * @throws    MARINADE_SHAPE_NON_FINITE from the library when a message is not finite
 * @source    Vardi, Zhang. PNAS 97 (2000), "The multivariate L1-median and associated data depth"
 * @deviates  none
 * @example   { messages: [[0], [0], [9]], f: 1 } -> [0]
 */
import { z } from 'zod';
import { positive, positiveInt } from '../../shared/config/units.ts';
import { defineAggregator } from '../../shared/contracts/aggregator.ts';
import type { Kernels } from '../../shared/contracts/kernels.ts';
import type { Vector } from '../../shared/vector.ts';
import { gramScratch } from '../kernels/reference/geometry.ts';
import { orderScratch } from '../kernels/reference/order-statistics.ts';
import { diagonal, distancesOnCoefficients, mostOnCoefficients } from './coefficients.ts';
import { medianOfValues } from './median-of-values.ts';

/** Relative size of what rounding does to a coordinate of the point in one step. */
const ROUNDING = 4 * Number.EPSILON;

/** Steps that it takes about. */
const STEPS = 32;

export const geometricMedian = defineAggregator({
  name: 'geometric-median',
  summary: 'The point with the least sum of distances to the messages, to a tolerance.',
  source: { cite: 'Vardi, Zhang. PNAS 97 (2000)', where: 'section 2' },
  schema: z.strictObject({
    tolerance: positive.default(1e-10).describe('stops when a step is below this times the median distance of the messages'),
    maxIterations: positiveInt.default(1000).describe('steps at most'),
  }),
  traits: {
    permutationInvariant: 'rounding',
    translationEquivariant: true,
    scaleEquivariant: true,
    staysInCoordinateHull: true,
    returnsLoneMessage: true,
    nonFinite: 'rejects',
  },
  create: ({ tolerance, maxIterations }) => ({
    workspace({ n, d }) {
      const most = mostOnCoefficients(n, d, STEPS);
      return {
        pull: d,
        next: d,
        distances: n,
        sorted: n,
        coefficients: n,
        change: n,
        gram: most * most,
        blocks: gramScratch(most),
        tile: orderScratch(n),
      };
    },
    infeasible: () => undefined,
    beyondGuarantee: (n, f) =>
      2 * f >= n ? `geometric-median survives fewer than half of the rows: 2f < n; got f = ${f}, n = ${n}` : undefined,
    boundFactor: () => 1,
    aggregate({ rows, n, matrix, d }, { workspace, kernels }, out) {
      const { pull, next, distances, sorted, gram, blocks, tile } = workspace;
      const onCoefficients = n > 2 && n <= mostOnCoefficients(n, d, STEPS);
      if (onCoefficients) {
        kernels.medianOfColumns(matrix, n, d, tile, out);
        kernels.gramOfRows(rows, n, d, out, blocks, gram);
      }
      const finite = onCoefficients && diagonal(gram, n, distances);
      if (!finite && rows.slice(0, n).some((row) => !kernels.isFiniteVector(row))) {
        out.fill(Number.NaN);
        return;
      }
      if (n <= 2) {
        kernels.meanOfRows(rows, n, out);
        return;
      }
      if (!onCoefficients) kernels.medianOfColumns(matrix, n, d, tile, out);
      let t = 0;
      if (finite) {
        const { steps, done } = search(gram, n, kernels.norm(out), { tolerance, maxIterations }, workspace);
        if (steps > 0) kernels.weightedSumOfRows(rows, workspace.coefficients, n, out);
        if (done) return;
        t = steps;
      }
      for (; t < maxIterations; t++) {
        for (let i = 0; i < n; i++) distances[i] = kernels.distance(rows[i]!, out);
        sorted.set(distances);
        const near = Math.max(tolerance * medianOfValues(sorted, n), ROUNDING * kernels.norm(out));
        step(kernels, rows, distances, n, near, pull, out, next);
        const moved = kernels.distance(next, out);
        out.set(next);
        if (moved <= near) return;
      }
    },
  }),
});

/**
 * Steps on coefficients from their centre, whose length is given: each leads to the Weiszfeld point, which is what
 * `step` does where no message is near. Ends when a step is small (`done`), or when a message is near or its distance
 * cannot be trusted; the point reached is then the sum of the messages with these coefficients, if there was a step.
 */
function search(
  gram: Float64Array,
  n: number,
  length: number,
  { tolerance, maxIterations }: { readonly tolerance: number; readonly maxIterations: number },
  { distances, sorted, coefficients, change }: Readonly<Record<'distances' | 'sorted' | 'coefficients' | 'change', Float64Array>>,
): { readonly steps: number; readonly done: boolean } {
  coefficients.fill(0, 0, n);
  for (let steps = 0; steps < maxIterations; steps++) {
    // From the centre itself the distances are the diagonal, which the caller has put there.
    if (steps > 0 && !distancesOnCoefficients(gram, n, coefficients, 0, distances)) return { steps, done: false };
    for (let i = 0; i < n; i++) sorted[i] = distances[i] = Math.sqrt(distances[i]!);
    const near = Math.max(tolerance * medianOfValues(sorted, n), ROUNDING * length);
    let total = 0;
    for (let i = 0; i < n; i++) {
      if (distances[i]! <= near) return { steps, done: false };
      total += 1 / distances[i]!;
    }
    for (let i = 0; i < n; i++) {
      const c = 1 / distances[i]! / total;
      change[i] = c - coefficients[i]!;
      coefficients[i] = c;
    }
    let moved = 0;
    for (let i = 0; i < n; i++) for (let l = 0; l < n; l++) moved += change[i]! * gram[i * n + l]! * change[l]!;
    if (moved <= near * near) return { steps: steps + 1, done: true };
  }
  return { steps: maxIterations, done: true };
}

/**
 * next = z + (1 - min(1, eta / |R|)) (T - z), with T the Weiszfeld point of the messages away from z, R = sum of unit
 * vectors towards them, eta the number of messages at z: those no farther than `near`.
 */
function step(
  kernels: Kernels,
  rows: readonly Vector[],
  distances: Float64Array,
  n: number,
  near: number,
  pull: Vector,
  z: Vector,
  next: Vector,
): void {
  pull.fill(0);
  let total = 0;
  let coinciding = 0;
  for (let i = 0; i < n; i++) {
    const length = distances[i]!;
    if (length <= near) {
      coinciding++;
      continue;
    }
    total += 1 / length;
    kernels.subtract(rows[i]!, z, next);
    kernels.axpy(1 / length, next, pull, pull);
  }
  // T - z = R / total.
  const strength = kernels.norm(pull);
  const stay = strength === 0 ? 1 : Math.min(1, coinciding / strength);
  if (total === 0) next.set(z);
  else kernels.axpy((1 - stay) / total, pull, z, next);
}
