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
 * @deviates  a message of NaN or infinite norm becomes zero: it has no direction. A fixed level breaks (f, kappa)-robustness in general
 * @example   message [3, 4], level 1 -> [0.6, 0.8]
 */
import { z } from 'zod';
import { positive } from '../../shared/config/units.ts';
import { definePreAggregator } from '../../shared/contracts/aggregator.ts';
import { norm, scale } from '../kernels/reference/vectors.ts';

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
    apply({ rows, n }, _context, out) {
      out.n = n;
      for (let i = 0; i < n; i++) {
        const length = norm(rows[i]!);
        if (length <= level) out.rows[i]!.set(rows[i]!);
        else if (length < Number.POSITIVE_INFINITY) scale(level / length, rows[i]!, out.rows[i]!);
        else out.rows[i]!.fill(0);
      }
    },
  }),
});
