/**
 * Krum: the message with the least sum of squared distances to its nearest others.
 *
 *   score_i = sum over the n - f - 2 nearest others of |m_i - m_l|^2;   out = m_i with the least score, first on ties
 *
 * @shape     messages: n x d; out: d
 * @cost      O(n^2 d); n^2 + 2 n doubles of scratch
 * @random    none
 * @throws    MARINADE_PRECONDITION_TOO_MANY_BYZANTINE when n <= 2f + 2 (n <= 2f with neighbors: n-f-1)
 * @source    Blanchard, El Mhamdi, Guerraoui, Stainer. NeurIPS 2017, section 4
 * @deviates  none
 * @example   { messages: [[0], [1], [2], [3], [100]], f: 1 } -> [1]
 */
import { z } from 'zod';
import { defineAggregator } from '../../shared/contracts/aggregator.ts';
import { krumInfeasible, krumScores, neighborCount, neighbors } from './krum-scores.ts';

export const krum = defineAggregator({
  name: 'krum',
  summary: 'The message with the least sum of squared distances to its nearest others.',
  source: { cite: 'Blanchard, El Mhamdi, Guerraoui, Stainer. NeurIPS 2017', where: 'section 4' },
  schema: z.strictObject({ neighbors }),
  traits: {
    permutationInvariant: false,
    translationEquivariant: true,
    scaleEquivariant: true,
    staysInCoordinateHull: true,
    returnsLoneMessage: true,
    nonFinite: 'survives',
  },
  create: ({ neighbors: rule }) => ({
    workspace: ({ n }) => ({ squared: n * n, scratch: n, scores: n }),
    infeasible: (n, f) => krumInfeasible('krum', rule, n, f),
    beyondGuarantee: () => undefined,
    boundFactor: () => 1,
    aggregate(messages, { toleratedByzantine: f, workspace: { squared, scratch, scores }, kernels }, out) {
      const { rows, n } = messages;
      let best = 0;
      if (n > 1) {
        krumScores(kernels, messages, neighborCount(rule, n, f), squared, scratch, scores);
        for (let i = 1; i < n; i++) if (scores[i]! < scores[best]!) best = i;
      }
      out.set(rows[best]!);
    },
  }),
});
