/**
 * Shift-back: drags the iterate towards its start whenever byzantine clients are a strict majority of the cohort.
 *
 *   majority, on the estimate scale:  v = (multiplier / gamma) (x^k - x^0)   (step-size: the factor is 1)
 *   majority, on the message scale:   message = x^0 - x^k
 *   otherwise:                        the mean of the visible honest vectors, or its own honest vector
 *
 * @shape     out: d
 * @cost      O(d) in majority rounds, O(H d) otherwise
 * @random    none
 * @throws    none
 * @source    Malinovsky, Richtarik, Horvath, Gorbunov. NeurIPS 2024, arXiv 2311.14127, section 5; released code
 * @deviates  the estimate scale has the released code's sign, which drags towards x^0 under x - gamma g; the text's
 *            x^0 - x^k is the message scale, a different attack
 * @example   { honest: [[9]], liars: 2, x: [3], start: [1] } -> [2]
 */
import { z } from 'zod';
import { positive } from '../../shared/config/units.ts';
import { defineAttack, type Situation } from '../../shared/contracts/attack.ts';
import { behave } from './behave.ts';
import { honestOrOwn, seesNobody, visibility } from './visibility.ts';

function inMajority({ cohortSize, cohortByzantine }: Situation): boolean {
  return 2 * cohortByzantine > cohortSize;
}

export const shiftBack = defineAttack({
  name: 'shift-back',
  summary: 'Drags the iterate back to its start when byzantine clients are a majority of the cohort.',
  source: { cite: 'Malinovsky, Richtárik, Horváth, Gorbunov. NeurIPS 2024, arXiv 2311.14127', where: 'section 5' },
  schema: z.strictObject({
    multiplier: z
      .union([z.literal('step-size'), positive])
      .default('step-size')
      .describe('strength on the estimate scale, before division by gamma'),
    otherwise: z.enum(['honest-mean', 'honest']).default('honest-mean').describe('what is sent without a majority'),
    ...visibility,
  }),
  traits: ({ otherwise, visibility: visible }) => ({
    knowledge: 'everything',
    colludes: otherwise === 'honest-mean' && visible === 'all',
    scaleFree: false,
  }),
  create: ({ multiplier, otherwise, visibility: visible }) => ({
    needs(situation) {
      if (inMajority(situation)) return {};
      return otherwise === 'honest' ? { own: 'message' } : honestOrOwn(visible, situation);
    },
    craft(view, { kernels }, out) {
      if (inMajority(view)) {
        if (view.scale === 'message') {
          kernels.subtract(view.start!, view.x!, out);
          return 'message';
        }
        kernels.subtract(view.x!, view.start!, out);
        if (multiplier !== 'step-size') kernels.scale(multiplier / view.stepSize!, out, out);
        return 'scale';
      }
      if (otherwise === 'honest' || seesNobody(visible, view)) return behave(view, out);
      const { rows, frame } = view.equivariant!;
      kernels.meanOfRows(rows, rows.length, out);
      return frame;
    },
  }),
});
