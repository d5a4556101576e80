/**
 * RandK sparsification: keep K uniform coordinates, times d/K.
 *
 *   Q(x)_j = (d/K) x_j for j in a uniform K-subset, else 0;   omega = d/K - 1, D_Q = d/K
 *
 * @shape     vector: d, in place
 * @cost      O(d); d doubles of scratch; K (bitsPerNumber + ceil(log2 d)) bits
 * @random    a K-subset per client and ask, by Floyd's method
 * @throws    MARINADE_CONFIG_INVALID unless exactly one of k and fraction is given; MARINADE_SHAPE_DIMENSION unless given
 *            coordinates are K distinct ones
 * @source    Stich, Cordonnier, Jaggi. NeurIPS 2018, arXiv 1809.07599; arXiv 2311.14127, section 1.3
 * @deviates  from the released code of arXiv 2311.14127, which keeps about 90 % and scales by 9.46: this one is unbiased
 * @example   { vector: [1, 2], k: 1, coordinates: [1] } -> [0, 4]
 */
import { z } from 'zod';
import { keptCoordinates, keptCount } from '../../shared/config/units.ts';
import { defineCompressor } from '../../shared/contracts/compressor.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { requireDistinct } from '../random/given-draws.ts';

/** Bits that name one of d coordinates. */
export function indexBits(d: number): number {
  let bits = 0;
  while (2 ** bits < d) bits++;
  return bits;
}

export const randK = defineCompressor({
  name: 'rand-k',
  summary: 'Keep K uniform coordinates, times d/K.',
  source: { cite: 'Stich, Cordonnier, Jaggi. NeurIPS 2018, arXiv 1809.07599', where: 'Definition 2.1' },
  schema: z.strictObject(keptCoordinates),
  traits: { random: true, correlated: false },
  create(kept) {
    if ((kept.k === undefined) === (kept.fraction === undefined)) {
      throw new MarinadeError('MARINADE_CONFIG_INVALID', 'compressor rand-k needs exactly one of k and fraction');
    }
    return {
      workspace: ({ d }) => ({ kept: d }),
      infeasible: (d) =>
        kept.k !== undefined && kept.k > d ? `rand-k keeps k of d coordinates: k <= d; got k = ${kept.k}, d = ${d}` : undefined,
      constants(d) {
        const k = keptCount(kept, d);
        return { class: 'unbiased', omega: d / k - 1, bound: d / k, density: k };
      },
      bits(d, bitsPerNumber) {
        return keptCount(kept, d) * (bitsPerNumber + indexBits(d));
      },
      compress(vector, { stream, workspace, coordinates }) {
        const d = vector.length;
        const k = keptCount(kept, d);
        if (k === d && coordinates === undefined) return;
        const mask = workspace.kept;
        mask.fill(0);
        if (coordinates !== undefined) {
          requireDistinct(coordinates, d, 'the coordinates of rand-k', k);
          for (let i = 0; i < k; i++) mask[coordinates[i]!] = 1;
        } else {
          // Floyd: a candidate already taken is replaced by the newest possible coordinate.
          for (let newest = d - k; newest < d; newest++) {
            const candidate = stream.below(newest + 1);
            mask[mask[candidate] === 1 ? newest : candidate] = 1;
          }
        }
        const factor = d / k;
        for (let j = 0; j < d; j++) vector[j] = mask[j] === 1 ? factor * vector[j]! : 0;
      },
    };
  },
});
