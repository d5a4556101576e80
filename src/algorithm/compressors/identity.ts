/**
 * No compression.
 *
 *   Q(x) = x
 *
 * @shape     vector: d, in place
 * @cost      O(1)
 * @random    none
 * @throws    none
 * @source    arXiv 2311.14127, section 1
 * @deviates  none
 * @example   { vector: [1, 2] } -> [1, 2]
 */
import { z } from 'zod';
import { defineCompressor } from '../../shared/contracts/compressor.ts';

export const identity = defineCompressor({
  name: 'identity',
  summary: 'No compression: every message is sent as it is.',
  source: { cite: 'folklore' },
  schema: z.strictObject({}),
  traits: { random: false, correlated: false },
  create: () => ({
    constants: (d) => ({ class: 'unbiased', omega: 0, alpha: 1, bound: 1, density: d }),
    bits: (d, bitsPerNumber) => d * bitsPerNumber,
    compress: () => {},
  }),
});
