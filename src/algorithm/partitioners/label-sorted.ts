/**
 * Label skew by sorting: rows ordered by label are cut into owners * shards pieces, which are dealt at random.
 *
 *   each owner holds `shards` contiguous pieces of the rows in label order
 *
 * @shape     rows: about m / owners for each owner
 * @cost      O(m log m)
 * @random    one permutation of the pieces, from the partition stream of the seed
 * @throws    MARINADE_PRECONDITION_UNSUPPORTED without labels or with fewer rows than pieces
 * @source    McMahan, Moore, Ramage, Hampson, Aguera y Arcas. AISTATS 2017, arXiv 1602.05629, section 3
 * @deviates  none
 * @example   { labels: [2, 1, 2, 1, 1], owners: 1, shards: 1 } -> { sizes: [5] }
 */
import { z } from 'zod';
import { positiveInt } from '../../shared/config/units.ts';
import { definePartitioner } from '../../shared/contracts/partitioner.ts';
import { permute } from '../random/sampling.ts';
import { cut, requireLabels, requireRows, sorted } from './deal.ts';

export const labelSorted = definePartitioner({
  name: 'label-sorted',
  summary: 'Rows sorted by label, dealt in contiguous shards.',
  source: { cite: 'McMahan, Moore, Ramage, Hampson, Agüera y Arcas. AISTATS 2017, arXiv 1602.05629', where: 'section 3' },
  schema: z.strictObject({ shards: positiveInt.max(10_000).default(2).describe('pieces per client') }),
  create: ({ shards }) => ({
    random: true,
    homogeneous: false,
    split(rows, given, owners, stream) {
      const labels = requireLabels(given, 'label-sorted');
      requireRows(rows, owners * shards);
      const order = Int32Array.from({ length: rows }, (_, row) => row).sort((a, b) => labels[a]! - labels[b]! || a - b);
      const pieces = cut(order, owners * shards);
      const dealt = new Int32Array(pieces.length);
      permute(stream, pieces.length, dealt);
      return sorted(
        Array.from({ length: owners }, (_, owner) =>
          Array.from({ length: shards }, (_s, s) => [...pieces[dealt[owner * shards + s]!]!]).flat(),
        ),
      );
    },
  }),
});
