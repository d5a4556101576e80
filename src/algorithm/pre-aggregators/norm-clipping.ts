/**
 * Static norm clipping of every message.
 *
 *   y_i = m_i min(1, level / |m_i|)
 *
 * @shape     messages: n x d; out: n x d
 * @cost      O(n d)
 * @random    none
 * @throws    none
 * @source    Allouah, Guerraoui, Gupta, Jellouli, Rizk, Stephan. ICLR 2025, arXiv 2405.14432, section 2 (static clipping)
 * @deviates  none; a message with a NaN stays as it is, infinite coordinates count as a direction. Note that a fixed level
 *            breaks (f, kappa)-robustness in general
 * @example   { messages: [[3, 4], [1, 0]], level: 2.5 } -> [[1.5, 2], [1, 0]]
 */
import { z } from 'zod';
import { positive } from '../../shared/config/units.ts';
import { definePreAggregator } from '../../shared/contracts/aggregator.ts';

export const normClipping = definePreAggregator({
  name: 'norm-clipping',
  summary: 'Messages longer than a fixed level are scaled down to it.',
  source: { cite: 'Allouah, Guerraoui, Gupta, Jellouli, Rizk, Stephan. ICLR 2025, arXiv 2405.14432', where: 'section 2' },
  schema: z.strictObject({ level: positive.describe('longest message that is left as it is') }),
  traits: { random: false, translationEquivariant: false },
  create: ({ level }) => ({
    rows: (n) => n,
    contaminated: (_n, f) => f,
    infeasible: () => undefined,
    beyondGuarantee: () => undefined,
    boundFactor: () => 1,
    apply({ rows, n }, { kernels }, out) {
      out.n = n;
      for (let i = 0; i < n; i++) {
        out.rows[i]!.set(rows[i]!);
        kernels.clipInPlace(out.rows[i]!, level);
      }
    },
  }),
});
