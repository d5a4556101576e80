/**
 * Nearest-neighbor mixing: each message is replaced by the mean of its n - f nearest, itself included.
 *
 *   y_i = (1/(n - f)) sum over the n - f rows nearest to m_i of m_l;   ties: lower row first; added by increasing row
 *
 * @shape     messages: n x d; out: n x d
 * @cost      O(n^2 d); 2 n^2 + n doubles of scratch
 * @random    none
 * @throws    MARINADE_PRECONDITION_TOO_MANY_BYZANTINE when f >= n
 * @source    Allouah, Farhadkhani, Guerraoui, Gupta, Pinot, Stephan. AISTATS 2023, arXiv 2302.01772, Algorithm 2
 * @deviates  none
 * @example   { messages: [[0], [1], [9]], f: 1 } -> [[0.5], [0.5], [5]]
 */
import { z } from 'zod';
import { definePreAggregator } from '../../shared/contracts/aggregator.ts';
import { orderByKey } from '../kernels/reference/geometry.ts';

export const nearestNeighborMixing = definePreAggregator({
  name: 'nearest-neighbor-mixing',
  summary: 'Each message becomes the mean of its nearest messages.',
  source: { cite: 'Allouah, Farhadkhani, Guerraoui, Gupta, Pinot, Stephan. AISTATS 2023, arXiv 2302.01772', where: 'Algorithm 2' },
  schema: z.strictObject({}),
  traits: { random: false, translationEquivariant: true },
  create: () => ({
    workspace: ({ n }) => ({ squared: n * n, order: n, nearest: n * n }),
    rows: (n) => n,
    contaminated: (_n, f) => f,
    infeasible: (n, f) => (f >= n ? `nearest-neighbor-mixing needs n > f; got n = ${n}, f = ${f}` : undefined),
    beyondGuarantee: (n, f) => (2 * f >= n ? `nearest-neighbor-mixing needs 2f < n for its guarantee; got f = ${f}, n = ${n}` : undefined),
    boundFactor: () => 1,
    apply(messages, { toleratedByzantine: f, workspace: { squared, order, nearest }, kernels }, out) {
      const { rows, n, d } = messages;
      kernels.pairwiseSquaredDistances(rows, n, d, squared);
      out.n = n;
      for (let i = 0; i < n; i++) {
        orderByKey(squared.subarray(i * n, (i + 1) * n), n, order);
        nearest.set(order.subarray(0, n - f).sort(), i * (n - f));
      }
      kernels.meansOfNeighbors(rows, nearest, n, n - f, out.rows);
    },
  }),
});
