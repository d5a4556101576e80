/**
 * Robust federated averaging: the smoothed geometric median by a fixed number of Weiszfeld steps.
 *
 *   repeat T times:  w_i = (1/n) / max(|z - m_i|, nu),   z = sum_i w_i m_i / sum_i w_i
 *
 * @shape     messages: n x d; out: d
 * @cost      O(T n d); d + 2 n + 64 (n + 1) doubles of scratch, n d more to start at the median of finite messages
 * @random    none
 * @throws    MARINADE_SHAPE_NON_FINITE from the library when a message is not finite and nonFinite is reject
 * @source    Pillutla, Kakade, Harchaoui. IEEE TSP 2022, arXiv 1912.13445, Algorithm 2; start at 0 as in released code
 * @deviates  the smoothing is absolute by default, as in released code: messages that differ by less than nu are averaged
 * @example   { messages: [[1], [3]], smoothing: 10 } -> [2]
 */
import { z } from 'zod';
import { positive, positiveInt } from '../../shared/config/units.ts';
import { defineAggregator } from '../../shared/contracts/aggregator.ts';
import type { Kernels } from '../../shared/contracts/kernels.ts';
import type { Messages, Vector } from '../../shared/vector.ts';
import { orderScratch } from '../kernels/reference/order-statistics.ts';
import { medianOfValues } from './median-of-values.ts';

/** Median of the norms of the messages; NaN-free for finite messages. */
function medianNorm(kernels: Kernels, { rows, n }: Messages, norms: Float64Array): number {
  for (let i = 0; i < n; i++) norms[i] = kernels.norm(rows[i]!);
  return medianOfValues(norms, n);
}

export const rfa = defineAggregator({
  name: 'rfa',
  summary: 'Smoothed geometric median by a fixed number of Weiszfeld steps.',
  source: { cite: 'Pillutla, Kakade, Harchaoui. IEEE TSP 2022, arXiv 1912.13445', where: 'Algorithm 2' },
  schema: z.strictObject({
    iterations: positiveInt.default(8).describe('T: Weiszfeld steps'),
    smoothing: positive.default(0.1).describe('nu: smallest distance that counts'),
    smoothingScale: z.enum(['absolute', 'relative']).default('absolute').describe('relative multiplies nu by the median message norm'),
    start: z
      .enum(['zero', 'mean', 'coordinate-median'])
      .default('zero')
      .describe('z before the first step; T steps may not lead back from the mean, which one message moves anywhere'),
    nonFinite: z.enum(['reject', 'ignore']).default('reject').describe('ignore drops messages that are not finite'),
  }),
  traits: {
    permutationInvariant: 'rounding',
    translationEquivariant: false,
    scaleEquivariant: false,
    staysInCoordinateHull: true,
    returnsLoneMessage: true,
    nonFinite: 'rejects',
  },
  create: ({ iterations, smoothing, smoothingScale, start, nonFinite }) => ({
    workspace: ({ n, d }) => ({
      z: d,
      weights: n,
      norms: n,
      tile: orderScratch(n),
      kept: nonFinite === 'ignore' && start === 'coordinate-median' ? n * d : 0,
    }),
    infeasible: () => undefined,
    beyondGuarantee: (n, f) => (2 * f >= n ? `rfa survives fewer than half of the rows: 2f < n; got f = ${f}, n = ${n}` : undefined),
    boundFactor: () => 1,
    aggregate(messages, { workspace: { z: point, weights, norms, tile, kept: keptMatrix }, kernels }, out) {
      const { rows, n, matrix, d } = messages;
      if (n === 1 && kernels.isFiniteVector(rows[0]!)) {
        out.set(rows[0]!);
        return;
      }
      let finite = 0;
      for (let i = 0; i < n; i++) {
        weights[i] = kernels.isFiniteVector(rows[i]!) ? 1 : 0;
        finite += weights[i]!;
      }
      if (finite < n && (nonFinite === 'reject' || finite === 0)) {
        out.fill(Number.NaN);
        return;
      }
      const kept = finite === n ? rows : rows.slice(0, n).filter((_, i) => weights[i] === 1);
      const nu = smoothingScale === 'absolute' ? smoothing : smoothing * medianNorm(kernels, { ...messages, rows: kept, n: finite }, norms);
      if (start === 'zero') point.fill(0);
      else if (start === 'mean') kernels.meanOfRows(kept, finite, point);
      else if (finite === n) kernels.medianOfColumns(matrix, n, d, tile, point);
      else {
        for (let i = 0; i < finite; i++) keptMatrix.set(kept[i]!, i * d);
        kernels.medianOfColumns(keptMatrix, finite, d, tile, point);
      }
      for (let t = 0; t < iterations; t++) weiszfeldStep(kernels, kept, finite, nu, weights, point, out);
      out.set(point);
    },
  }),
});

/** One step from z; the new point replaces z. */
function weiszfeldStep(
  kernels: Kernels,
  rows: readonly Vector[],
  n: number,
  nu: number,
  weights: Float64Array,
  z: Vector,
  next: Vector,
): void {
  let total = 0;
  for (let i = 0; i < n; i++) {
    const w = 1 / n / Math.max(kernels.distance(z, rows[i]!), nu);
    weights[i] = w;
    total += w;
  }
  // All messages equal to z with nu = 0: nothing moves.
  if (!(total > 0) || total === Number.POSITIVE_INFINITY) return;
  for (let i = 0; i < n; i++) weights[i]! /= total;
  kernels.weightedSumOfRows(rows, weights, n, next);
  z.set(next);
}
