/**
 * One-level l2 quantization: each coordinate becomes 0 or plus or minus the norm.
 *
 *   Q(x)_j = |x| sign(x_j) B_j,   B_j ~ Bernoulli(|x_j| / |x|);   omega = sqrt(d) - 1, D_Q = sqrt(d)
 *
 * @shape     vector: d, in place
 * @cost      O(d); in expectation bitsPerNumber + sqrt(d) (1 + ceil(log2 d)) bits: the norm, signs and places
 * @random    one uniform per coordinate
 * @throws    none
 * @source    Alistarh, Grubic, Li, Tomioka, Vojnovic. NeurIPS 2017, arXiv 1610.02132, s = 1
 * @deviates  the size is counted with fixed-width places instead of Elias codes
 * @example   { vector: [3, 0] } -> [3, 0]
 */
import { z } from 'zod';
import { defineCompressor } from '../../shared/contracts/compressor.ts';
import { quantize } from './quantize.ts';
import { indexBits } from './rand-k.ts';

export const l2Quantization = defineCompressor({
  name: 'l2-quantization',
  summary: 'Each coordinate becomes 0 or plus or minus the norm, without bias.',
  source: { cite: 'Alistarh, Grubic, Li, Tomioka, Vojnovic. NeurIPS 2017, arXiv 1610.02132', where: 'section 3.1, s = 1' },
  schema: z.strictObject({}),
  traits: { random: true, correlated: false },
  create: () => ({
    constants: (d) => ({ class: 'unbiased', omega: Math.sqrt(d) - 1, bound: Math.sqrt(d), density: Math.sqrt(d) }),
    bits: (d, bitsPerNumber) => bitsPerNumber + Math.sqrt(d) * (1 + indexBits(d)),
    compress: (vector, { stream }) => quantize(vector, 1, stream),
  }),
});
