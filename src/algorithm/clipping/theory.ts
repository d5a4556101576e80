/**
 * The levels of the theorems, from constants of the problem and the compressor.
 *
 *   two-smoothness:      lambda = 2 max_i L_i |x^{k+1} - x^k|        any unbiased compressor
 *   bounded-compressor:  lambda = D_Q max_ij L_ij |x^{k+1} - x^k|    |Q(x)| <= D_Q |x|: honest messages are never clipped
 *
 * @shape     x, xPrevious: d
 * @cost      O(d), once a round
 * @random    none
 * @throws    MARINADE_PRECONDITION_UNKNOWN_CONSTANT when the constant is not known
 * @source    Malinovsky, Richtarik, Horvath, Gorbunov. NeurIPS 2024, arXiv 2311.14127, Theorems 4.1 and 4.2
 * @deviates  uses the lemmas' constants where the appendix statements drop a factor 2 or D_Q; where the problem knows
 *            only a bound on all L_ij (linear models), that bound stands for max_i L_i too, as in the main text: a
 *            valid level, on a9a 2.1 times the appendix' own
 * @example   { stepNorm: 2, clientSmoothness: 0.25 } -> 1
 */
import { z } from 'zod';
import { defineClipping } from '../../shared/contracts/clipping.ts';
import { MarinadeError } from '../../shared/errors.ts';

function known(value: number | undefined, what: string): number {
  if (value !== undefined) return value;
  throw new MarinadeError(
    'MARINADE_PRECONDITION_UNKNOWN_CONSTANT',
    `clipping theory needs ${what}, which is not known here; use step-proportional with a factor of your own`,
    { what },
  );
}

export const theory = defineClipping({
  name: 'theory',
  summary: 'The levels of Theorems 4.1 and 4.2, from constants of the problem and the compressor.',
  source: { cite: 'Malinovsky, Richtárik, Horváth, Gorbunov. NeurIPS 2024, arXiv 2311.14127', where: 'Theorems 4.1 and 4.2' },
  schema: z.strictObject({ bound: z.enum(['two-smoothness', 'bounded-compressor']).default('two-smoothness').describe('which theorem') }),
  create({ bound }, { clientSmoothness, sampleSmoothness, compressorBound }) {
    const alpha =
      bound === 'two-smoothness'
        ? 2 * known(clientSmoothness, 'max L_i of the clients')
        : known(compressorBound, 'a bound D_Q of the compressor') * known(sampleSmoothness, 'max L_ij of the samples');
    return { absorbingAtZero: true, level: ({ stepNorm }) => alpha * stepNorm };
  },
});
