/**
 * The plain mean of all messages.
 *
 *   A(m_1..m_n) = (1/n) sum_i m_i
 *
 * @shape     messages: n x d; out: d
 * @cost      O(d n) time, no scratch
 * @random    none
 * @throws    none
 * @source    folklore; not robust: one message moves it anywhere
 * @deviates  none
 * @example   { messages: [[1], [3]] } -> [2]
 */
import { z } from 'zod';
import { defineAggregator } from '../../shared/contracts/aggregator.ts';
import { meanOfRows } from '../kernels/reference/vectors.ts';

export const mean = defineAggregator({
  name: 'mean',
  summary: 'The plain mean of all messages; not robust.',
  source: { cite: 'folklore' },
  schema: z.strictObject({}),
  traits: {
    permutationInvariant: 'rounding',
    translationEquivariant: true,
    scaleEquivariant: true,
    staysInCoordinateHull: true,
    returnsLoneMessage: true,
    nonFinite: 'propagates',
  },
  create: () => ({
    infeasible: () => undefined,
    beyondGuarantee: (n, f) => (f > 0 ? `mean survives no byzantine row; got f = ${f} of n = ${n}` : undefined),
    boundFactor: () => 1,
    aggregate: (messages, _context, out) => {
      meanOfRows(messages.rows, messages.n, out);
    },
  }),
});
