/**
 * Multi-Krum: the mean of the messages with the best Krum scores.
 *
 *   out = (1/m) sum over the m = `select` least scores of m_i; added by increasing row, first on ties
 *
 * @shape     messages: n x d; out: d
 * @cost      O(n^2 d); n^2 + 4 n doubles of scratch
 * @random    none
 * @throws    MARINADE_PRECONDITION_TOO_MANY_BYZANTINE as krum, or when more are selected than there are
 * @source    Blanchard, El Mhamdi, Guerraoui, Stainer. NeurIPS 2017, section 6
 * @deviates  none
 * @example   { messages: [[0], [1], [2], [3], [100]], f: 1 } -> [1.5]
 */
import { z } from 'zod';
import { positiveInt } from '../../shared/config/units.ts';
import { defineAggregator } from '../../shared/contracts/aggregator.ts';
import { orderByKey } from '../kernels/reference/geometry.ts';
import { krumInfeasible, krumScores, neighborCount, neighbors } from './krum-scores.ts';

export const multiKrum = defineAggregator({
  name: 'multi-krum',
  summary: 'The mean of the messages with the best Krum scores.',
  source: { cite: 'Blanchard, El Mhamdi, Guerraoui, Stainer. NeurIPS 2017', where: 'section 6' },
  schema: z.strictObject({ neighbors, select: positiveInt.optional().describe('m: messages averaged; default n - f') }),
  traits: {
    permutationInvariant: false,
    translationEquivariant: true,
    scaleEquivariant: true,
    staysInCoordinateHull: true,
    returnsLoneMessage: true,
    nonFinite: 'survives',
  },
  create: ({ neighbors: rule, select }) => ({
    workspace: ({ n }) => ({ squared: n * n, scratch: n, scores: n, order: n, weights: n }),
    infeasible: (n, f) =>
      krumInfeasible('multi-krum', rule, n, f) ??
      (select !== undefined && select > n ? `multi-krum selects at most n; got select = ${select}, n = ${n}` : undefined),
    beyondGuarantee: (n, f) =>
      select !== undefined && select > n - f
        ? `multi-krum averages byzantine rows when select > n - f; got select = ${select}, n = ${n}, f = ${f}`
        : undefined,
    boundFactor: () => 1,
    aggregate(messages, { toleratedByzantine: f, workspace: { squared, scratch, scores, order, weights }, kernels }, out) {
      const { rows, n } = messages;
      if (n === 1) {
        out.set(rows[0]!);
        return;
      }
      // A random cohort may have fewer rows than are selected: the round then averages all of them.
      const m = Math.min(select ?? n - f, n);
      krumScores(kernels, messages, neighborCount(rule, n, f), squared, scratch, scores);
      orderByKey(scores, n, order);
      // The chosen rows, by increasing row number: a row left out must not enter even as 0 times NaN.
      const chosen = weights.subarray(0, m);
      for (let i = 0; i < m; i++) chosen[i] = order[i]!;
      chosen.sort();
      const picked = Array.from(chosen, (row) => rows[row]!);
      chosen.fill(1 / m);
      kernels.weightedSumOfRows(picked, chosen, m, out);
    },
  }),
});
