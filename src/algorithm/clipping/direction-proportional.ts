/**
 * A level proportional to the length of the estimator: the released code's convention.
 *
 *   lambda_{k+1} = factor |g^k|
 *
 * With x^{k+1} = x^k - gamma g^k this is step-proportional with a factor 1/gamma times larger.
 *
 * @shape     g: d
 * @cost      O(d), once a round
 * @random    none
 * @throws    none
 * @source    released code of arXiv 2311.14127, branch partial_participation
 * @deviates  from the paper's text, on purpose: the same number means a radius 1/gamma times larger
 * @example   { g: [3, 4], factor: 2 } -> 10
 */
import { z } from 'zod';
import { positive } from '../../shared/config/units.ts';
import { defineClipping } from '../../shared/contracts/clipping.ts';
import { norm } from '../kernels/reference/vectors.ts';

export const directionProportional = defineClipping({
  name: 'direction-proportional',
  summary: "A level proportional to the length of the estimator, the released code's convention.",
  source: { cite: 'Malinovsky, Richtárik, Horváth, Gorbunov. NeurIPS 2024, released code', where: 'branch partial_participation' },
  schema: z.strictObject({ factor: positive.describe('clip_mult: multiplies |g^k|') }),
  create: ({ factor }) => ({ absorbingAtZero: true, level: ({ g }) => factor * norm(g) }),
});
