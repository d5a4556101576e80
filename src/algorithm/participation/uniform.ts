/**
 * A uniform subset of fixed size, without replacement: the paper's sampling.
 *
 *   S_k ~ uniform over subsets of {1..n} of size C, of size C-hat in refresh rounds
 *
 * @shape     cohort: C or C-hat
 * @cost      O(n)
 * @random    one subset a round, from the round's cohort stream
 * @throws    MARINADE_CONFIG_INVALID unless cohort <= largeCohort <= total
 * @source    Malinovsky, Richtarik, Horvath, Gorbunov. NeurIPS 2024, arXiv 2311.14127, Algorithm 1
 * @deviates  none
 * @example   { total: 3, cohort: 3 } -> [0, 1, 2]
 */
import { z } from 'zod';
import { positiveInt } from '../../shared/config/units.ts';
import { type Cohort, defineParticipation } from '../../shared/contracts/participation.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { Stream } from '../../shared/vector.ts';
import { sampleSubset } from '../random/sampling.ts';

/** A uniform subset of the given size into `out`. */
export function uniformSubset(stream: Stream, total: number, size: number, out: Cohort): void {
  sampleSubset(stream, total, size, out.clients);
  out.size = size;
}

export const uniform = defineParticipation({
  name: 'uniform',
  summary: 'A uniform subset of fixed size without replacement, larger in refresh rounds.',
  source: { cite: 'Malinovsky, Richtárik, Horváth, Gorbunov. NeurIPS 2024, arXiv 2311.14127', where: 'Algorithm 1' },
  schema: z.strictObject({
    cohort: positiveInt.describe('C: clients of a usual round'),
    largeCohort: positiveInt.optional().describe('C-hat: clients of a refresh round; default all'),
  }),
  create({ cohort, largeCohort }, { total }) {
    const large = largeCohort ?? total;
    if (!(cohort <= large && large <= total)) {
      throw new MarinadeError(
        'MARINADE_CONFIG_INVALID',
        `participation uniform needs cohort <= largeCohort <= clients.total = ${total}; got cohort = ${cohort}, largeCohort = ${large}`,
        {
          cohort,
          large,
          total,
        },
      );
    }
    return {
      smallSize: cohort,
      largeSize: large,
      // biome-ignore lint/correctness/useYield: samplers are generators because some ask clients; this one does not
      *small({ stream }, out) {
        uniformSubset(stream, total, cohort, out);
      },
      // biome-ignore lint/correctness/useYield: as above
      *large({ stream }, out) {
        uniformSubset(stream, total, large, out);
      },
    };
  },
});
