/**
 * Each client independently with the same probability; the cohort may be empty.
 *
 *   P{ i in S_k } = probability, independently;   refresh rounds: a uniform subset of size C-hat
 *
 * @shape     cohort: random
 * @cost      O(n)
 * @random    one uniform per client, from the round's cohort stream
 * @throws    MARINADE_CONFIG_INVALID unless largeCohort <= total
 * @source    arXiv 2509.02970, section 2
 * @deviates  none
 * @example   { total: 3, probability: 1 } -> [0, 1, 2]
 */
import { z } from 'zod';
import { positiveInt, positiveProbability } from '../../shared/config/units.ts';
import { defineParticipation } from '../../shared/contracts/participation.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { uniformSubset } from './uniform.ts';

export const bernoulli = defineParticipation({
  name: 'bernoulli',
  summary: 'Each client independently with the same probability.',
  source: { cite: 'arXiv 2509.02970', where: 'section 2' },
  schema: z.strictObject({
    probability: positiveProbability.describe('probability that a client takes part'),
    largeCohort: positiveInt.optional().describe('C-hat: clients of a refresh round; default all'),
  }),
  create({ probability, largeCohort }, { total }) {
    const large = largeCohort ?? total;
    if (large > total) {
      throw new MarinadeError(
        'MARINADE_CONFIG_INVALID',
        `participation bernoulli needs largeCohort <= clients.total = ${total}; got ${large}`,
        { large, total },
      );
    }
    return {
      smallSize: undefined,
      largeSize: large,
      // biome-ignore lint/correctness/useYield: samplers are generators because some ask clients; this one does not
      *small({ stream }, out) {
        out.size = 0;
        for (let i = 0; i < total; i++) if (stream.uniform() < probability) out.clients[out.size++] = i;
      },
      // biome-ignore lint/correctness/useYield: as above
      *large({ stream }, out) {
        uniformSubset(stream, total, large, out);
      },
    };
  },
});
