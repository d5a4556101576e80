/**
 * A random permutation of the rows, cut into shards whose sizes differ by at most one.
 *
 *   rows of client i = i-th piece of a uniform permutation
 *
 * @shape     rows: about m / owners for each owner
 * @cost      O(m)
 * @random    one permutation, from the partition stream of the seed
 * @throws    MARINADE_PRECONDITION_UNSUPPORTED when there are fewer rows than owners
 * @source    folklore
 * @deviates  none
 * @example   { labels: [1, 1, 1, 2, 2], owners: 2 } -> { sizes: [3, 2] }
 */
import { z } from 'zod';
import { definePartitioner } from '../../shared/contracts/partitioner.ts';
import { permute } from '../random/sampling.ts';
import { cut, requireRows, sorted } from './deal.ts';

export const iid = definePartitioner({
  name: 'iid',
  summary: 'Random shards of equal size.',
  source: { cite: 'folklore' },
  schema: z.strictObject({}),
  create: () => ({
    random: true,
    homogeneous: false,
    split(rows, _labels, owners, stream) {
      requireRows(rows, owners);
      const order = new Int32Array(rows);
      permute(stream, rows, order);
      return sorted(cut(order, owners));
    },
  }),
});
