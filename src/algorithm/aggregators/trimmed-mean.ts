/**
 * Coordinate-wise trimmed mean: drop the `trim` smallest and largest values of every coordinate, average the rest.
 *
 *   [TM(m_1..m_n)]_j = 1/(n - 2 trim) sum_{i=trim+1}^{n-trim} sort([m_1]_j..[m_n]_j)_i
 *
 * @shape     messages: n x d; out: d
 * @cost      O(d n^2) comparisons for few rows, O(d n log n) for many; 64 (n + 1) doubles of scratch
 * @random    none
 * @throws    MARINADE_PRECONDITION_TOO_MANY_BYZANTINE when 2 trim >= n
 * @source    Yin, Chen, Ramchandran, Bartlett. ICML 2018, arXiv 1803.01498, Definition 2
 * @deviates  none
 * @example   { messages: [[1], [5], [1e9]], f: 1 } -> [5]
 */
import { z } from 'zod';
import { count } from '../../shared/config/units.ts';
import { defineAggregator } from '../../shared/contracts/aggregator.ts';
import { orderScratch } from '../kernels/reference/order-statistics.ts';

export const trimmedMean = defineAggregator({
  name: 'trimmed-mean',
  summary: 'Coordinate-wise mean without the smallest and the largest values.',
  source: { cite: 'Yin, Chen, Ramchandran, Bartlett. ICML 2018, arXiv 1803.01498', where: 'Definition 2' },
  schema: z.strictObject({ trim: count.optional().describe('values dropped at each end; default f') }),
  traits: {
    permutationInvariant: 'exact',
    translationEquivariant: true,
    scaleEquivariant: true,
    staysInCoordinateHull: true,
    returnsLoneMessage: true,
    nonFinite: 'survives',
  },
  create({ trim }) {
    /** A random cohort may be too small for the trim asked for: the round then drops as many as it can. */
    const trimmed = (n: number, f: number): number => Math.min(trim ?? f, (n - 1) >> 1);
    return {
      workspace: ({ n }) => ({ tile: orderScratch(n) }),
      infeasible: (n, f) => (2 * (trim ?? f) >= n ? `trimmed-mean needs n > 2 trim; got n = ${n}, trim = ${trim ?? f}` : undefined),
      beyondGuarantee: (n, f) =>
        (trim ?? f) < f ? `trimmed-mean with trim = ${trim} survives ${trim} byzantine rows; got f = ${f} of n = ${n}` : undefined,
      boundFactor: (n, f) => Math.sqrt(n / (n - 2 * trimmed(n, f))),
      aggregate(messages, { toleratedByzantine: f, workspace, kernels }, out) {
        kernels.trimmedMeanOfColumns(messages.matrix, messages.n, messages.d, trimmed(messages.n, f), workspace.tile, out);
      },
    };
  },
});
