/**
 * Natural compression: stochastic rounding of each coordinate to a neighbouring power of two.
 *
 *   |x_j| in [2^e, 2^(e+1)):  2^e with probability 2 - |x_j| / 2^e, else 2^(e+1);   omega = 1/8, D_Q = 2
 *
 * @shape     vector: d, in place
 * @cost      O(d); sign and exponent: 9 bits a coordinate for 32-bit numbers, 12 for 64-bit
 * @random    one uniform per coordinate
 * @throws    none
 * @source    Horvath, Ho, Horvath, Sahu, Canini, Richtarik. MSML 2022, arXiv 1905.10988, Definition 1
 * @deviates  subnormal numbers, zeros, numbers from 2^1023 on (which would round to infinity), infinities and NaN stay as they are
 * @example   { vector: [4, -0.5] } -> [4, -0.5]
 */
import { z } from 'zod';
import { defineCompressor } from '../../shared/contracts/compressor.ts';

const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);

export const natural = defineCompressor({
  name: 'natural',
  summary: 'Stochastic rounding of each coordinate to a neighbouring power of two.',
  source: { cite: 'Horváth, Ho, Horváth, Sahu, Canini, Richtárik. MSML 2022, arXiv 1905.10988', where: 'Definition 1' },
  schema: z.strictObject({}),
  traits: { random: true, correlated: false },
  create: () => ({
    constants: (d) => ({ class: 'unbiased', omega: 1 / 8, bound: 2, density: d }),
    bits: (d, bitsPerNumber) => d * (bitsPerNumber === 32 ? 9 : 12),
    compress(vector, { stream }) {
      for (let j = 0; j < vector.length; j++) {
        const value = vector[j]!;
        bits[0] = value;
        const exponent = (words[1]! >>> 20) & 0x7ff;
        const uniform = stream.uniform();
        if (exponent === 0 || exponent >= 0x7fe) continue;
        // Clearing the mantissa leaves plus or minus 2^e.
        words[0] = 0;
        words[1]! &= 0xfff00000;
        const power = bits[0]!;
        vector[j] = uniform < value / power - 1 ? 2 * power : power;
      }
    },
  }),
});
