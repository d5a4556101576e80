/**
 * Bit flip (sign flip): minus an honest vector.
 *
 *   v_i = -scale own vector  (of: own),  -scale own plain stochastic gradient  (gradient),  -scale honest mean  (mean)
 *
 * @shape     out: d
 * @cost      O(d); for the mean O(H d), once a round
 * @random    none of its own
 * @throws    none
 * @source    Li, Xu, Chen, Giannakis, Ling. AAAI 2019, arXiv 1811.03761; released code of arXiv 2206.00529 (gradient)
 * @deviates  none
 * @example   { own: [1, -2] } -> [-1, 2]
 */
import { z } from 'zod';
import { positive } from '../../shared/config/units.ts';
import { defineAttack } from '../../shared/contracts/attack.ts';
import { behave } from './behave.ts';
import { honestOrOwn, visibility } from './visibility.ts';

export const bitFlip = defineAttack({
  name: 'bit-flip',
  summary: 'Minus an honest vector: its own, its plain gradient, or the honest mean.',
  source: { cite: 'Li, Xu, Chen, Giannakis, Ling. AAAI 2019, arXiv 1811.03761', where: 'section 5' },
  schema: z.strictObject({
    scale: positive.default(1).describe('factor'),
    of: z.enum(['own', 'gradient', 'mean']).default('own').describe('what is negated'),
    ...visibility,
  }),
  traits: ({ of, visibility: visible }) => ({
    knowledge: of === 'mean' ? 'honest-messages' : 'own',
    colludes: of === 'mean' && visible === 'all',
    scaleFree: false,
  }),
  create: ({ scale, of, visibility: visible }) => ({
    needs: (situation) => (of === 'mean' ? honestOrOwn(visible, situation) : { own: of === 'own' ? 'message' : 'gradient' }),
    craft(view, { kernels }, out) {
      if (of === 'mean') {
        const honest = view.honest!;
        if (honest.length === 0) return behave(view, out);
        kernels.meanOfRows(honest, honest.length, out);
        kernels.scale(-scale, out, out);
      } else kernels.scale(-scale, view.own!, out);
      return 'scale';
    },
  }),
});
