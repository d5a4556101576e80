/**
 * Coordinate-wise median.
 *
 *   [CM(m_1..m_n)]_j = median of [m_1]_j..[m_n]_j;  even n: the mean of the two middle values
 *
 * @shape     messages: n x d; out: d
 * @cost      O(d n^2) comparisons for few rows, O(d n log n) for many; 64 (n + 1) doubles of scratch
 * @random    none
 * @throws    none
 * @source    Yin, Chen, Ramchandran, Bartlett. ICML 2018, arXiv 1803.01498, Definition 1
 * @deviates  none
 * @example   { messages: [[1], [5], [1e9]], f: 1 } -> [5]
 */
import { z } from 'zod';
import { defineAggregator } from '../../shared/contracts/aggregator.ts';
import { orderScratch } from '../kernels/reference/order-statistics.ts';

export const coordinateMedian = defineAggregator({
  name: 'coordinate-median',
  summary: 'Coordinate-wise median; the mean of the two middle values for an even number of messages.',
  source: { cite: 'Yin, Chen, Ramchandran, Bartlett. ICML 2018, arXiv 1803.01498', where: 'Definition 1' },
  schema: z.strictObject({}),
  traits: {
    permutationInvariant: 'exact',
    translationEquivariant: true,
    scaleEquivariant: true,
    staysInCoordinateHull: true,
    returnsLoneMessage: true,
    nonFinite: 'survives',
  },
  create: () => ({
    workspace: ({ n }) => ({ tile: orderScratch(n) }),
    infeasible: () => undefined,
    beyondGuarantee: (n, f) =>
      2 * f >= n ? `coordinate-median survives fewer than half of the rows: 2f < n; got f = ${f}, n = ${n}` : undefined,
    boundFactor: () => Math.SQRT2,
    aggregate(messages, { workspace, kernels }, out) {
      kernels.medianOfColumns(messages.matrix, messages.n, messages.d, workspace.tile, out);
    },
  }),
});
