/**
 * Blow-up: a huge vector against the honest mean.
 *
 *   v = -norm mean / |mean|;   a zero mean: -norm along the first coordinate
 *
 * @shape     out: d
 * @cost      O(H d), once a round
 * @random    none
 * @throws    none
 * @source    arXiv 2311.14127, section 3: one such round ruins a method without clipping
 * @deviates  the catalogue lists it without knowledge; its direction needs the visible honest messages
 * @example   { honest: [[2]], norm: 10 } -> [-10]
 */
import { z } from 'zod';
import { positive } from '../../shared/config/units.ts';
import { defineAttack } from '../../shared/contracts/attack.ts';
import { behave } from './behave.ts';
import { honestOrOwn, visibility } from './visibility.ts';

export const blowUp = defineAttack({
  name: 'blow-up',
  summary: 'A huge vector against the honest mean.',
  source: { cite: 'Malinovsky, Richtárik, Horváth, Gorbunov. NeurIPS 2024, arXiv 2311.14127', where: 'section 3' },
  schema: z.strictObject({ norm: positive.default(1e6).describe('length of the vector'), ...visibility }),
  traits: ({ visibility: visible }) => ({ knowledge: 'honest-messages', colludes: visible === 'all', scaleFree: false }),
  create: ({ norm, visibility: visible }) => ({
    needs: (situation) => honestOrOwn(visible, situation),
    craft(view, { kernels }, out) {
      const honest = view.honest!;
      if (honest.length === 0) return behave(view, out);
      kernels.meanOfRows(honest, honest.length, out);
      const length = kernels.norm(out);
      if (length > 0) kernels.scale(-norm / length, out, out);
      else {
        out.fill(0);
        out[0] = -norm;
      }
      return 'scale';
    },
  }),
});
