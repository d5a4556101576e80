/**
 * QSGD: stochastic rounding of each coordinate, relative to the norm, to `levels` levels.
 *
 *   Q(x)_j = |x| sign(x_j) xi_j,   xi_j rounds |x_j| / |x| to a neighbouring multiple of 1/s without bias
 *   omega = min(d / s^2, sqrt(d) / s),   D_Q <= 1 + sqrt(d) / s,   density sup_x sum_j min(1, s |x_j| / |x|) = min(d, s sqrt(d))
 *
 * @shape     vector: d, in place
 * @cost      O(d); bitsPerNumber + d (1 + ceil(log2(s + 1))) bits: the norm, then sign and level of each coordinate
 * @random    one uniform per coordinate
 * @throws    none
 * @source    Alistarh, Grubic, Li, Tomioka, Vojnovic. NeurIPS 2017, arXiv 1610.02132, section 3.1
 * @deviates  the size is counted with fixed-width levels instead of Elias codes
 * @example   { vector: [3, 0], levels: 4 } -> [3, 0]
 */
import { z } from 'zod';
import { positiveInt } from '../../shared/config/units.ts';
import { defineCompressor } from '../../shared/contracts/compressor.ts';
import { quantize } from './quantize.ts';
import { indexBits } from './rand-k.ts';

export const qsgd = defineCompressor({
  name: 'qsgd',
  summary: 'Stochastic rounding of each coordinate, relative to the norm, to a number of levels.',
  source: { cite: 'Alistarh, Grubic, Li, Tomioka, Vojnovic. NeurIPS 2017, arXiv 1610.02132', where: 'section 3.1' },
  schema: z.strictObject({ levels: positiveInt.max(2 ** 31).describe('s: positive levels') }),
  traits: { random: true, correlated: false },
  create: ({ levels: s }) => ({
    constants: (d) => ({
      class: 'unbiased',
      omega: Math.min(d / (s * s), Math.sqrt(d) / s),
      bound: 1 + Math.sqrt(d) / s,
      density: Math.min(d, s * Math.sqrt(d)),
    }),
    bits: (d, bitsPerNumber) => bitsPerNumber + d * (1 + indexBits(s + 1)),
    compress: (vector, { stream }) => quantize(vector, s, stream),
  }),
});
