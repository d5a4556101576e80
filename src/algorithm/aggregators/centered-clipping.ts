/**
 * Centered clipping: the mean of the messages clipped around a centre, a few times over.
 *
 *   repeat L times:  v <- v + (1/n) sum_i clip_radius(m_i - v);   v starts at the previous output
 *
 * @shape     messages: n x d; out: d
 * @cost      O(n^2 d + L n^2) for up to 8 L rows, else O(L n d); d + n^2 + 514 n doubles of scratch, d of state where it starts at the previous output
 * @random    none
 * @throws    none
 * @source    Karimireddy, He, Jaggi. ICML 2021, arXiv 2012.10333, section 4
 * @deviates  a message whose squared distance from the first v is not finite is left out of all sums (its clipped difference is taken as 0)
 * @example   { messages: [[4], [0]], radius: 1, iterations: 1 } -> [0.5]
 */
import { z } from 'zod';
import { positive, positiveInt } from '../../shared/config/units.ts';
import { defineAggregator } from '../../shared/contracts/aggregator.ts';
import type { Vector } from '../../shared/vector.ts';
import { gramScratch } from '../kernels/reference/geometry.ts';
import { allFinite, diagonal, distancesOnCoefficients, mostOnCoefficients } from './coefficients.ts';

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
    workspace({ n, d }) {
      const most = mostOnCoefficients(n, d, iterations);
      return { other: d, weights: n + 1, squared: n + 1, gram: most * most, blocks: gramScratch(most) };
    },
    infeasible: () => undefined,
    beyondGuarantee: (n, f) =>
      2 * f >= n ? `centered-clipping survives fewer than half of the rows: 2f < n; got f = ${f}, n = ${n}` : undefined,
    aggregate({ rows, n, d }, { state: { previous }, workspace, kernels }, out) {
      const { other, weights, squared, gram, blocks } = workspace;
      const first = start === 'previous' ? previous! : null;
      /** Puts the messages' squared distances from the first v into `squared`, products around it into `gram` where they are worth it. */
      const begin = (kept: readonly Vector[], m: number): boolean => {
        if (m <= mostOnCoefficients(m, d, iterations)) {
          kernels.gramOfRows(kept, m, d, first, blocks, gram);
          return diagonal(gram, m, squared);
        }
        if (first === null) out.fill(0);
        else out.set(first);
        kernels.squaredDistancesTo(kept, m, out, squared);
        return allFinite(squared, m);
      };
      let kept = rows.slice(0, n);
      if (!begin(kept, n)) {
        kept = kept.filter((_, i) => Number.isFinite(squared[i]!));
        begin(kept, kept.length);
      }
      const m = kept.length;
      // v stands among the messages, behind them: v + sum_i a_i (m_i - v) = sum_i a_i m_i + (1 - sum_i a_i) v.
      let v = out;
      let next = other;
      let t = 0;
      if (m <= mostOnCoefficients(m, d, iterations)) {
        weights.fill(0, 0, m);
        weights[m] = 1;
        do {
          clip(squared, m, radius, n, weights);
          t++;
        } while (t < iterations && distancesOnCoefficients(gram, m, weights, radius * radius, squared));
        if (first !== null) kept[m] = first;
        if (t < iterations) kernels.weightedSumAndDistances(kept, weights, kept.length, v, squared);
        else kernels.weightedSumOfRows(kept, weights, kept.length, v);
      }
      for (; t < iterations; t++) {
        weights.fill(0, 0, m);
        weights[m] = 1;
        clip(squared, m, radius, n, weights);
        kept[m] = v;
        if (t + 1 < iterations) kernels.weightedSumAndDistances(kept, weights, m + 1, next, squared);
        else kernels.weightedSumOfRows(kept, weights, m + 1, next);
        [v, next] = [next, v];
      }
      if (v !== out) out.set(v);
      if (start === 'previous') previous.set(out);
    },
  }),
});

/**
 * One repetition on the coefficients of the m messages and, behind them, of the first v, which add up to 1:
 * c <- (1 - sum_i a_i) c, c_i += a_i, with a_i the part of a difference that clipping leaves, over n.
 */
function clip(squared: Float64Array, m: number, radius: number, n: number, coefficients: Float64Array): void {
  let total = 0;
  for (let i = 0; i < m; i++) {
    const length = Math.sqrt(squared[i]!);
    const part = (length > radius ? radius / length : 1) / n;
    squared[i] = part;
    total += part;
  }
  for (let i = 0; i <= m; i++) coefficients[i]! *= 1 - total;
  for (let i = 0; i < m; i++) coefficients[i]! += squared[i]!;
}
