/**
 * Adaptive robust clipping (ARC): the k longest messages are scaled down to the next length.
 *
 *   k = floor(2 (f/n) (n - f)),   level = the (k+1)-th largest norm,   y_i = m_i min(1, level / |m_i|)
 *
 * @shape     messages: n x d; out: n x d
 * @cost      O(n d + n log n); 2 n doubles of scratch
 * @random    none
 * @throws    MARINADE_PRECONDITION_TOO_MANY_BYZANTINE when f >= n
 * @source    Allouah, Guerraoui, Gupta, Jellouli, Rizk, Stephan. ICLR 2025, arXiv 2405.14432, Algorithm 2
 * @deviates  none; a message with a NaN is longer than any other and becomes zero where it must be scaled: it has no direction
 * @example   { messages: [[1], [2], [9]], f: 1 } -> [[1], [2], [2]]
 */
import { z } from 'zod';
import { definePreAggregator } from '../../shared/contracts/aggregator.ts';

/** floor(2 f (n - f) / n), in integers. */
export function clippedCount(n: number, f: number): number {
  return Math.floor((2 * f * (n - f)) / n);
}

export const adaptiveClipping = definePreAggregator({
  name: 'adaptive-clipping',
  summary: 'The longest messages are scaled down to the length of the next: adaptive robust clipping.',
  source: { cite: 'Allouah, Guerraoui, Gupta, Jellouli, Rizk, Stephan. ICLR 2025, arXiv 2405.14432', where: 'Algorithm 2' },
  schema: z.strictObject({}),
  traits: { random: false, translationEquivariant: false },
  create: () => ({
    workspace: ({ n }) => ({ norms: n, sorted: n }),
    rows: (n) => n,
    contaminated: (_n, f) => f,
    infeasible: (n, f) => (f >= n ? `adaptive-clipping needs n > f; got n = ${n}, f = ${f}` : undefined),
    beyondGuarantee: (n, f) => (2 * f >= n ? `adaptive-clipping needs 2f < n for its guarantee; got f = ${f}, n = ${n}` : undefined),
    boundFactor: () => 1,
    apply({ rows, n }, { toleratedByzantine: f, workspace: { norms, sorted }, kernels }, out) {
      for (let i = 0; i < n; i++) {
        const length = kernels.norm(rows[i]!);
        norms[i] = Number.isNaN(length) ? Number.POSITIVE_INFINITY : length;
        sorted[i] = norms[i]!;
      }
      sorted.subarray(0, n).sort();
      const level = sorted[n - 1 - clippedCount(n, f)]!;
      out.n = n;
      for (let i = 0; i < n; i++) {
        const length = norms[i]!;
        out.rows[i]!.set(rows[i]!);
        if (length <= level) continue;
        kernels.clipInPlace(out.rows[i]!, level);
        if (length === Number.POSITIVE_INFINITY && Number.isNaN(kernels.norm(out.rows[i]!))) out.rows[i]!.fill(0);
      }
    },
  }),
});
