/**
 * Label flip: the honest computation on flipped labels.
 *
 *   v_i = own honest vector with labels y -> -y (two classes), y -> classes - 1 - y (more)
 *
 * @shape     out: d
 * @cost      that of an honest message
 * @random    none of its own
 * @throws    MARINADE_PRECONDITION_UNSUPPORTED where there are no labels
 * @source    Allen-Zhu, Ebrahimianghazani, Li, Alistarh. ICLR 2021; released code of arXiv 2206.00529 (gradient)
 * @deviates  none
 * @example   { flipped: [1, 2] } -> [1, 2]
 */
import { z } from 'zod';
import { defineAttack } from '../../shared/contracts/attack.ts';
import { behave } from './behave.ts';

export const labelFlip = defineAttack({
  name: 'label-flip',
  summary: 'The honest computation on flipped labels.',
  source: { cite: 'Allen-Zhu, Ebrahimianghazani, Li, Alistarh. ICLR 2021', where: 'section 5' },
  schema: z.strictObject({
    of: z.enum(['own', 'gradient']).default('own').describe('its message, or its plain stochastic gradient, on flipped labels'),
  }),
  traits: ({ of }) => ({ knowledge: 'own', colludes: false, scaleFree: of === 'own', needsLabels: true }),
  create: ({ of }) => ({
    needs: () => ({ own: of === 'own' ? 'flipped-message' : 'flipped-gradient' }),
    craft(view, _context, out) {
      if (of === 'own') return behave(view, out);
      if (view.own !== out) out.set(view.own!);
      return 'scale';
    },
  }),
});
