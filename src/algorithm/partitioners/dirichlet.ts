/**
 * Label skew: the rows of each label are split over the owners in proportions drawn from a Dirichlet distribution.
 *
 *   for each label:  p ~ Dirichlet(alpha, ..., alpha);  owner i gets rows floor(m c_{i-1})..floor(m c_i), c = cumulated p
 *
 * Every owner gets at least one row: an empty one takes the last row of the owner that has most, lowest first.
 *
 * @shape     rows: random sizes that sum to m
 * @cost      O(m log m)
 * @random    a permutation and `owners` gammas per label, from the partition stream of the seed
 * @throws    MARINADE_PRECONDITION_UNSUPPORTED without labels or with fewer rows than owners
 * @source    Hsu, Qi, Brown. 2019, arXiv 1909.06335, section 2
 * @deviates  proportions over owners for each label, as is usual, not over labels for each owner
 * @example   { labels: [1, 2], owners: 2, alpha: 1 } -> { sizes: [1, 1] }
 */
import { z } from 'zod';
import { positive } from '../../shared/config/units.ts';
import { definePartitioner } from '../../shared/contracts/partitioner.ts';
import { permute } from '../random/sampling.ts';
import { fillEmpty, requireLabels, requireRows, sorted } from './deal.ts';

export const dirichlet = definePartitioner({
  name: 'dirichlet',
  summary: 'Label skew with Dirichlet proportions; small alpha means strong skew.',
  source: { cite: 'Hsu, Qi, Brown. 2019, arXiv 1909.06335', where: 'section 2' },
  schema: z.strictObject({ alpha: positive.describe('concentration of the Dirichlet distribution') }),
  create: ({ alpha }) => ({
    random: true,
    homogeneous: false,
    split(rows, given, owners, stream) {
      requireRows(rows, owners);
      const labels = requireLabels(given, 'dirichlet');
      const parts: number[][] = Array.from({ length: owners }, () => []);
      for (const label of [...new Set(labels)].sort((a, b) => a - b)) {
        const members: number[] = [];
        for (let row = 0; row < rows; row++) if (labels[row] === label) members.push(row);
        const order = new Int32Array(members.length);
        permute(stream, members.length, order);
        const shares = Array.from({ length: owners }, () => stream.gamma(alpha));
        const total = shares.reduce((sum, share) => sum + share, 0);
        // Tiny alphas may underflow to all-zero shares; the largest of them, nearly 1, is anyone's with equal probability.
        const only = total > 0 ? -1 : stream.below(owners);
        let cumulated = 0;
        let from = 0;
        for (let owner = 0; owner < owners; owner++) {
          cumulated += total > 0 ? shares[owner]! / total : owner === only ? 1 : 0;
          const to = owner === owners - 1 ? members.length : Math.min(members.length, Math.floor(cumulated * members.length));
          for (let i = from; i < to; i++) parts[owner]!.push(members[order[i]!]!);
          from = Math.max(from, to);
        }
      }
      fillEmpty(parts);
      return sorted(parts);
    },
  }),
});
