/**
 * Every client holds all rows.
 *
 *   rows of client i = {0..m-1}
 *
 * @shape     rows: m for each owner
 * @cost      O(1)
 * @random    none
 * @throws    none
 * @source    arXiv 2311.14127, section 5: the a9a experiments
 * @deviates  none
 * @example   { labels: [1, 1, 2], owners: 2 } -> { sizes: [3, 3] }
 */
import { z } from 'zod';
import { definePartitioner } from '../../shared/contracts/partitioner.ts';

export const homogeneous = definePartitioner({
  name: 'homogeneous',
  summary: 'Every client holds all rows.',
  source: { cite: 'Malinovsky, Richtárik, Horváth, Gorbunov. NeurIPS 2024, arXiv 2311.14127', where: 'section 5' },
  schema: z.strictObject({}),
  create: () => ({
    random: false,
    homogeneous: true,
    split: (_rows, _labels, owners) => Array.from({ length: owners }, () => null),
  }),
});
