/**
 * The geometric median, exactly: the point with the least sum of distances to the messages.
 *
 *   argmin_z sum_i |z - m_i|
 *
 * Weiszfeld's iteration as modified by Vardi and Zhang, which steps off a message that is not the minimiser. Two
 * messages make it non-unique: their mean is returned. Stops when a step is below tolerance times the spread.
 *
 * @shape     messages: n x d; out: d
 * @cost      O(iterations n d); 2 d + n doubles of scratch
 * @random    none
 * @throws    MARINADE_SHAPE_NON_FINITE from the library when a message is not finite
 * @source    Vardi, Zhang. PNAS 97 (2000), "The multivariate L1-median and associated data depth"
 * @deviates  none
 * @example   messages [0], [0], [9] -> [0]
 */
import { z } from 'zod';
import { positive, positiveInt } from '../../shared/config/units.ts';
import { defineAggregator } from '../../shared/contracts/aggregator.ts';
import type { Vector } from '../../shared/vector.ts';
import { axpy, distance, isFiniteVector, meanOfRows, norm, subtract } from '../kernels/reference/vectors.ts';

export const geometricMedian = defineAggregator({
  name: 'geometric-median',
  summary: 'The point with the least sum of distances to the messages, to a tolerance.',
  source: { cite: 'Vardi, Zhang. PNAS 97 (2000)', where: 'section 2' },
  schema: z.strictObject({
    tolerance: positive.default(1e-10).describe('stops when a step is below this times the spread of the messages'),
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
    workspace: ({ d }) => ({ pull: d, next: d }),
    infeasible: () => undefined,
    beyondGuarantee: (n, f) =>
      2 * f >= n ? `geometric-median survives fewer than half of the rows: 2f < n; got f = ${f}, n = ${n}` : undefined,
    boundFactor: () => 1,
    aggregate({ rows, n }, { workspace: { pull, next } }, out) {
      for (let i = 0; i < n; i++) {
        if (!isFiniteVector(rows[i]!)) {
          out.fill(Number.NaN);
          return;
        }
      }
      meanOfRows(rows, n, out);
      if (n <= 2) return;
      let spread = 0;
      for (let i = 0; i < n; i++) spread = Math.max(spread, distance(rows[i]!, out));
      if (spread === 0) return;
      for (let t = 0; t < maxIterations; t++) {
        step(rows, n, spread, pull, out, next);
        const moved = distance(next, out);
        out.set(next);
        if (moved <= tolerance * spread) return;
      }
    },
  }),
});

/**
 * next = z + (1 - min(1, eta / |R|)) (T - z), with T the Weiszfeld point of the messages away from z, R = sum of unit
 * vectors towards them, eta the number of messages at z.
 */
function step(rows: readonly Vector[], n: number, spread: number, pull: Vector, z: Vector, next: Vector): void {
  pull.fill(0);
  let total = 0;
  let coinciding = 0;
  for (let i = 0; i < n; i++) {
    const length = distance(rows[i]!, z);
    if (length <= 1e-15 * spread) {
      coinciding++;
      continue;
    }
    total += 1 / length;
    subtract(rows[i]!, z, next);
    axpy(1 / length, next, pull, pull);
  }
  // T - z = R / total.
  const strength = norm(pull);
  const stay = strength === 0 ? 1 : Math.min(1, coinciding / strength);
  if (total === 0) next.set(z);
  else axpy((1 - stay) / total, pull, z, next);
}
