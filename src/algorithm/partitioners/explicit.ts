/**
 * Rows as given: one array of 0-based rows for each client that owns data.
 *
 *   rows of client i = rows[i]
 *
 * @shape     rows: as given
 * @cost      O(m)
 * @random    none
 * @throws    MARINADE_CONFIG_INVALID unless there is one non-empty array of existing rows per owner
 * @source    for comparisons with other implementations
 * @deviates  none
 * @example   { labels: [1, 1, 1], owners: 2, rows: [[0, 2], [1]] } -> { sizes: [2, 1] }
 */
import { z } from 'zod';
import { count } from '../../shared/config/units.ts';
import { definePartitioner } from '../../shared/contracts/partitioner.ts';
import { MarinadeError } from '../../shared/errors.ts';

export const explicit = definePartitioner({
  name: 'explicit',
  summary: 'Rows as given, one array for each client that owns data.',
  source: { cite: 'for comparisons with other implementations' },
  schema: z.strictObject({ rows: z.array(z.array(count).min(1)).min(1).describe('0-based rows of each owner, in their order') }),
  create: ({ rows: given }) => ({
    random: false,
    homogeneous: false,
    split(rows, _labels, owners) {
      if (given.length !== owners)
        throw new MarinadeError(
          'MARINADE_CONFIG_INVALID',
          `partition explicit needs rows for each of ${owners} owners; got ${given.length}`,
        );
      return given.map((part, owner) => {
        const bad = part.find((row) => row >= rows);
        if (bad !== undefined)
          throw new MarinadeError('MARINADE_CONFIG_INVALID', `partition explicit: rows[${owner}] names row ${bad}; the data have ${rows}`);
        return Int32Array.from(part);
      });
    },
  }),
});
