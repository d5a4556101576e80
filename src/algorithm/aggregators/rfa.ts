/**
 * Robust federated averaging: the smoothed geometric median by a fixed number of Weiszfeld steps.
 *
 *   repeat T times:  w_i = (1/n) / max(|z - m_i|, nu),   z = sum_i w_i m_i / sum_i w_i
 *
 * @shape     messages: n x d; out: d
 * @cost      O(n^2 d + T n^2) for up to 8 T rows, else O(T n d); d + n^2 + 578 n doubles of scratch, n d more to start at the median of finite messages
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
import type { Vector } from '../../shared/vector.ts';
import { gramScratch } from '../kernels/reference/geometry.ts';
import { orderScratch } from '../kernels/reference/order-statistics.ts';
import { allFinite, diagonal, distancesOnCoefficients, mostOnCoefficients } from './coefficients.ts';
import { medianOfValues } from './median-of-values.ts';

/** Times that products are taken anew, around the point reached: from a start far away it takes one step to come near. */
const RECENTRED = 2;

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
    workspace({ n, d }) {
      const most = mostOnCoefficients(n, d, iterations);
      return {
        z: d,
        weights: n,
        squared: n,
        norms: smoothingScale === 'relative' ? n : 0,
        gram: most * most,
        blocks: gramScratch(most),
        tile: start === 'coordinate-median' ? orderScratch(n) : 0,
        kept: nonFinite === 'ignore' && start === 'coordinate-median' ? n * d : 0,
      };
    },
    infeasible: () => undefined,
    beyondGuarantee: (n, f) => (2 * f >= n ? `rfa survives fewer than half of the rows: 2f < n; got f = ${f}, n = ${n}` : undefined),
    boundFactor: () => 1,
    aggregate({ rows, n, matrix, d }, { workspace, kernels }, out) {
      const { z: point, squared, norms, gram, blocks, tile, kept: keptMatrix } = workspace;
      if (n === 1 && kernels.isFiniteVector(rows[0]!)) {
        out.set(rows[0]!);
        return;
      }
      /** Puts the start into `point` and the messages' distances from it into `squared`; false when one is not finite. */
      const begin = (kept: readonly Vector[], m: number): boolean => {
        if (start === 'zero') point.fill(0);
        else if (start === 'mean') kernels.meanOfRows(kept, m, point);
        else if (m === n) kernels.medianOfColumns(matrix, n, d, tile, point);
        else {
          for (let i = 0; i < m; i++) keptMatrix.set(kept[i]!, i * d);
          kernels.medianOfColumns(keptMatrix, m, d, tile, point);
        }
        if (m <= mostOnCoefficients(m, d, iterations)) {
          kernels.gramOfRows(kept, m, d, start === 'zero' ? null : point, blocks, gram);
          return diagonal(gram, m, squared);
        }
        kernels.squaredDistancesTo(kept, m, point, squared);
        return allFinite(squared, m);
      };
      let kept = rows;
      let m = n;
      if (!begin(rows, n)) {
        kept = rows.slice(0, n).filter((row) => kernels.isFiniteVector(row));
        m = kept.length;
        if (m < n && (nonFinite === 'reject' || m === 0)) {
          out.fill(Number.NaN);
          return;
        }
        if (m < n) begin(kept, m);
      }
      let nu = smoothing;
      if (smoothingScale === 'relative') {
        for (let i = 0; i < m; i++) norms[i] = start === 'zero' ? Math.sqrt(squared[i]!) : kernels.norm(kept[i]!);
        nu *= medianOfValues(norms, m);
      }
      weiszfeld(kernels, { rows: kept, m, d, nu, iterations }, workspace, out);
    },
  }),
});

/**
 * `iterations` steps from z, `squared` holding the distances from it; on coefficients as long as they are worth it and
 * trusted, `gram` holding the products around z.
 */
function weiszfeld(
  kernels: Kernels,
  {
    rows,
    m,
    d,
    nu,
    iterations,
  }: { readonly rows: readonly Vector[]; readonly m: number; readonly d: number; readonly nu: number; readonly iterations: number },
  { z, weights, squared, gram, blocks }: Readonly<Record<'z' | 'weights' | 'squared' | 'gram' | 'blocks', Float64Array>>,
  out: Vector,
): void {
  let t = 0;
  for (let recentred = 0; m <= mostOnCoefficients(m, d, iterations - t) && recentred <= RECENTRED; recentred++) {
    if (recentred > 0) kernels.gramOfRows(rows, m, d, z, blocks, gram);
    if (!diagonal(gram, m, squared)) break;
    do {
      if (!weigh(squared, m, nu, weights)) {
        out.set(z);
        return;
      }
      t++;
    } while (t < iterations && distancesOnCoefficients(gram, m, weights, nu * nu, squared));
    if (t === iterations) {
      kernels.weightedSumOfRows(rows, weights, m, out);
      return;
    }
    kernels.weightedSumAndDistances(rows, weights, m, z, squared);
  }
  for (; t < iterations; t++) {
    if (!weigh(squared, m, nu, weights)) break;
    if (t + 1 === iterations) {
      kernels.weightedSumOfRows(rows, weights, m, out);
      return;
    }
    kernels.weightedSumAndDistances(rows, weights, m, z, squared);
  }
  out.set(z);
}

/** Weights of one step, adding up to 1; false when nothing moves: no distance is finite, or nu has no inverse. */
function weigh(squared: Float64Array, n: number, nu: number, weights: Float64Array): boolean {
  let total = 0;
  for (let i = 0; i < n; i++) {
    const w = 1 / n / Math.max(Math.sqrt(squared[i]!), nu);
    weights[i] = w;
    total += w;
  }
  if (!(total > 0) || total === Number.POSITIVE_INFINITY) return false;
  for (let i = 0; i < n; i++) weights[i]! /= total;
  return true;
}
