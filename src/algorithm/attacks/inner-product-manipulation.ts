/**
 * Inner product manipulation: all liars send a negative multiple of the honest mean.
 *
 *   v = -epsilon (1/H) sum over visible honest clients of v_i
 *
 * @shape     out: d
 * @cost      O(H d), once a round
 * @random    none
 * @throws    none
 * @source    Xie, Koyejo, Gupta. UAI 2019, arXiv 1903.03936, section 3
 * @deviates  none
 * @example   { honest: [[1], [3]], epsilon: 0.5 } -> [-1]
 */
import { z } from 'zod';
import { positive } from '../../shared/config/units.ts';
import { defineAttack } from '../../shared/contracts/attack.ts';
import { behave } from './behave.ts';
import { honestOrOwn, visibility } from './visibility.ts';

export const innerProductManipulation = defineAttack({
  name: 'inner-product-manipulation',
  summary: 'A negative multiple of the honest mean.',
  source: { cite: 'Xie, Koyejo, Gupta. UAI 2019, arXiv 1903.03936', where: 'section 3' },
  schema: z.strictObject({ epsilon: positive.default(0.1).describe('factor'), ...visibility }),
  traits: ({ visibility: visible }) => ({ knowledge: 'honest-messages', colludes: visible === 'all', scaleFree: false }),
  create: ({ epsilon, visibility: visible }) => ({
    needs: (situation) => honestOrOwn(visible, situation),
    craft(view, { kernels }, out) {
      const honest = view.honest!;
      if (honest.length === 0) return behave(view, out);
      kernels.meanOfRows(honest, honest.length, out);
      kernels.scale(-epsilon, out, out);
      return 'scale';
    },
  }),
});
