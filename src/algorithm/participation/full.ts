/**
 * Every client in every round.
 *
 *   S_k = {1..n}
 *
 * @shape     cohort: n
 * @cost      O(n)
 * @random    none
 * @throws    none
 * @source    folklore
 * @deviates  none
 * @example   { total: 3 } -> [0, 1, 2]
 */
import { z } from 'zod';
import { type Cohort, defineParticipation } from '../../shared/contracts/participation.ts';

/** All clients into `out`. */
export function everyone(total: number, out: Cohort): void {
  for (let i = 0; i < total; i++) out.clients[i] = i;
  out.size = total;
}

export const full = defineParticipation({
  name: 'full',
  summary: 'Every client in every round.',
  source: { cite: 'folklore' },
  schema: z.strictObject({}),
  create: (_parameters, { total }) => ({
    smallSize: total,
    largeSize: total,
    // biome-ignore lint/correctness/useYield: samplers are generators because some ask clients; this one does not
    *small(_context, out) {
      everyone(total, out);
    },
    // biome-ignore lint/correctness/useYield: as above
    *large(_context, out) {
      everyone(total, out);
    },
  }),
});
