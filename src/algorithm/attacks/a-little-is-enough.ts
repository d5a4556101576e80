/**
 * A little is enough: the honest mean shifted by a few standard deviations in every coordinate.
 *
 *   v = mean + sign z sd,   sd over visible honest clients with divisor H - 1
 *   z = auto: Phi^{-1}((n - B - s) / (n - B)),  s = floor(n/2 + 1) - B,  n and B of all clients
 *
 * @shape     out: d
 * @cost      O(H d), once a round; 2 d doubles of scratch
 * @random    none
 * @throws    none
 * @source    Baruch, Baruch, Goldberg. NeurIPS 2019, arXiv 1902.06156, Algorithm 3
 * @deviates  where the auto quotient leaves (0, 1) (no liars to hide behind, or a majority) z is 0
 * @example   { honest: [[0], [2], [4]], z: 0.5 } -> [1]
 */
import { z } from 'zod';
import { defineAttack } from '../../shared/contracts/attack.ts';
import { normalQuantile } from '../random/normal-quantile.ts';
import { behave } from './behave.ts';
import { honestOrOwn, visibility } from './visibility.ts';

/** The largest shift that still hides among the honest: z of the paper. */
export function hiddenShift(n: number, byzantine: number): number {
  const supporters = Math.floor(n / 2 + 1) - byzantine;
  const quotient = (n - byzantine - supporters) / (n - byzantine);
  return quotient > 0 && quotient < 1 ? normalQuantile(quotient) : 0;
}

/** What is to be said where the formula gives no shift that harms. */
function cautionOf(n: number, byzantine: number): string | undefined {
  const honest = n - byzantine;
  const shift = hiddenShift(n, byzantine);
  if (byzantine === 0 || shift > 0) return undefined;
  const argument = honest - Math.floor(n / 2 + 1) + byzantine;
  const quotient = `its formula's argument is ${argument}/${honest}`;
  const effect = shift === 0 ? 'liars send the honest mean' : `it is ${shift.toFixed(2)}, a shift the other way`;
  const why =
    argument >= honest
      ? `${quotient}, not below 1: so many need no honest supporters to hide behind`
      : `${quotient}, not above 1/2: so few would have to hide in the inner half`;
  return `a-little-is-enough with z: auto among ${byzantine} of ${n} byzantine clients: ${effect} (${why}); give z a number`;
}

export const aLittleIsEnough = defineAttack({
  name: 'a-little-is-enough',
  summary: 'The honest mean shifted by a few standard deviations.',
  source: { cite: 'Baruch, Baruch, Goldberg. NeurIPS 2019, arXiv 1902.06156', where: 'Algorithm 3' },
  schema: z.strictObject({
    z: z
      .union([z.literal('auto'), z.number()])
      .default('auto')
      .describe('standard deviations of the shift'),
    sign: z
      .union([z.literal(-1), z.literal(1)])
      .default(-1)
      .describe('its direction'),
    ...visibility,
  }),
  traits: ({ visibility: visible }) => ({ knowledge: 'honest-messages', colludes: visible === 'all', scaleFree: true }),
  create: ({ z: shift, sign, visibility: visible }) => ({
    workspace: ({ d }) => ({ mean: d, deviation: d }),
    ...(shift === 'auto' ? { caution: ({ total, byzantineCount }) => cautionOf(total, byzantineCount) } : {}),
    needs: (situation) => honestOrOwn(visible, situation),
    craft(view, { workspace: { mean, deviation }, kernels }, out) {
      const { rows, frame } = view.equivariant!;
      if (rows.length === 0) return behave(view, out);
      const size = shift === 'auto' ? hiddenShift(view.total, view.byzantineCount) : shift;
      kernels.meanOfRows(rows, rows.length, mean!);
      kernels.standardDeviationOfRows(rows, rows.length, mean!, deviation!);
      kernels.axpy(sign * size, deviation!, mean!, out);
      return frame;
    },
  }),
});
