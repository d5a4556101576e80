/**
 * Centered clipping: the mean of the messages clipped around a centre, a few times over.
 *
 *   repeat L times:  v <- v + (1/n) sum_i clip_radius(m_i - v);   v starts at the previous output
 *
 * @shape     messages: n x d; out: d
 * @cost      O(L n d); 2 d doubles of scratch, d of state where it starts at the previous output
 * @random    none
 * @throws    none
 * @source    Karimireddy, He, Jaggi. ICML 2021, arXiv 2012.10333, section 4
 * @deviates  a message that is not finite is left out of the sum (its clipped difference is taken as 0)
 * @example   { messages: [[4], [0]], radius: 1, iterations: 1 } -> [0.5]
 */
import { z } from 'zod';
import { positive, positiveInt } from '../../shared/config/units.ts';
import { defineAggregator } from '../../shared/contracts/aggregator.ts';

export const centeredClipping = defineAggregator({
  name: 'centered-clipping',
  summary: 'The mean of the messages clipped around the previous output, a few times over.',
  source: { cite: 'Karimireddy, He, Jaggi. ICML 2021, arXiv 2012.10333', where: 'section 4' },
  schema: z.strictObject({
    radius: positive.default(10).describe('tau: longest difference that counts in full'),
    iterations: positiveInt.default(3).describe('L: repetitions'),
    start: z.enum(['previous', 'zero']).default('previous').describe('v before the first repetition; previous makes the rule remember'),
  }),
  traits: {
    permutationInvariant: 'rounding',
    translationEquivariant: false,
    scaleEquivariant: false,
    staysInCoordinateHull: false,
    returnsLoneMessage: false,
    nonFinite: 'survives',
    needsSpread: true,
  },
  create: ({ radius, iterations, start }) => ({
    ...(start === 'previous' ? { state: ({ d }) => ({ previous: d }) } : { boundFactor: () => 1 }),
    workspace: ({ d }) => ({ difference: d, sum: d }),
    infeasible: () => undefined,
    beyondGuarantee: (n, f) =>
      2 * f >= n ? `centered-clipping survives fewer than half of the rows: 2f < n; got f = ${f}, n = ${n}` : undefined,
    aggregate({ rows, n }, { state: { previous }, workspace: { difference, sum }, kernels }, out) {
      if (start === 'previous') out.set(previous);
      else out.fill(0);
      for (let t = 0; t < iterations; t++) {
        sum.fill(0);
        for (let i = 0; i < n; i++) {
          kernels.subtract(rows[i]!, out, difference);
          if (!kernels.isFiniteVector(difference)) continue;
          const length = kernels.norm(difference);
          kernels.axpy(length > radius ? radius / length : 1, difference, sum, sum);
        }
        kernels.axpy(1 / n, sum, out, out);
      }
      if (start === 'previous') previous.set(out);
    },
  }),
});
