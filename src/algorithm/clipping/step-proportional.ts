/**
 * A level proportional to the length of the last step: the paper's text.
 *
 *   lambda_{k+1} = factor |x^{k+1} - x^k|
 *
 * @shape     x, xPrevious: d
 * @cost      O(d), once a round
 * @random    none
 * @throws    none
 * @source    Malinovsky, Richtarik, Horvath, Gorbunov. NeurIPS 2024, arXiv 2311.14127, Algorithm 1
 * @deviates  none
 * @example   { stepNorm: 3, factor: 2 } -> 6
 */
import { z } from 'zod';
import { positive } from '../../shared/config/units.ts';
import { defineClipping } from '../../shared/contracts/clipping.ts';

export const stepProportional = defineClipping({
  name: 'step-proportional',
  summary: 'A level proportional to the length of the last step, as in the paper.',
  source: { cite: 'Malinovsky, Richtárik, Horváth, Gorbunov. NeurIPS 2024, arXiv 2311.14127', where: 'Algorithm 1' },
  schema: z.strictObject({ factor: positive.describe('alpha: multiplies |x^{k+1} - x^k|') }),
  create: ({ factor: alpha }) => ({ absorbingAtZero: true, level: ({ stepNorm }) => alpha * stepNorm }),
});
