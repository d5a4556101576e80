/**
 * Gaussian noise.
 *
 *   v_i ~ N(mean, standardDeviation^2 I), independently for each liar and round
 *
 * @shape     out: d
 * @cost      O(d)
 * @random    d normals per liar and round, from its own stream
 * @throws    none
 * @source    Blanchard, El Mhamdi, Guerraoui, Stainer. NeurIPS 2017, section 5
 * @deviates  none
 * @example   { mean: 1, standardDeviation: 0 } -> [1, 1]
 */
import { z } from 'zod';
import { nonNegative } from '../../shared/config/units.ts';
import { defineAttack } from '../../shared/contracts/attack.ts';

export const gaussian = defineAttack({
  name: 'gaussian',
  summary: 'Gaussian noise instead of a message.',
  source: { cite: 'Blanchard, El Mhamdi, Guerraoui, Stainer. NeurIPS 2017', where: 'section 5' },
  schema: z.strictObject({
    mean: z.number().default(0).describe('mean of each coordinate'),
    standardDeviation: nonNegative.default(1).describe('standard deviation of each coordinate'),
  }),
  traits: { knowledge: 'none', colludes: false, scaleFree: false },
  create: ({ mean, standardDeviation }) => ({
    needs: () => ({}),
    craft(_view, { stream }, out) {
      for (let j = 0; j < out.length; j++) out[j] = mean + standardDeviation * stream.normal();
      return 'scale';
    },
  }),
});
