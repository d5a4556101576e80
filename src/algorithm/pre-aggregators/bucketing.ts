/**
 * Bucketing: a random permutation of the messages, then the mean of each group of `size` consecutive ones.
 *
 *   y_b = (1/|B_b|) sum over positions p in bucket b of m_{pi(p)};   the last bucket may be smaller
 *
 * @shape     messages: n x d; out: ceil(n / size) x d
 * @cost      O(n d); n doubles of scratch
 * @random    one permutation a round, from the rule's stream
 * @throws    MARINADE_SHAPE_DIMENSION when a permutation is given that is none of the rows
 * @source    Karimireddy, He, Jaggi. ICLR 2022, arXiv 2006.09365, Algorithm 1
 * @deviates  none
 * @example   { messages: [[1], [3], [8]], size: 2, permutation: [0, 1, 2] } -> [[2], [8]]
 */
import { z } from 'zod';
import { positiveInt } from '../../shared/config/units.ts';
import { definePreAggregator } from '../../shared/contracts/aggregator.ts';
import { requirePermutation } from '../random/given-draws.ts';
import { permute } from '../random/sampling.ts';

export const bucketing = definePreAggregator({
  name: 'bucketing',
  summary: 'Means of random groups of messages.',
  source: { cite: 'Karimireddy, He, Jaggi. ICLR 2022, arXiv 2006.09365', where: 'Algorithm 1' },
  schema: z.strictObject({ size: positiveInt.default(2).describe('s: messages per bucket') }),
  traits: { random: true, translationEquivariant: true },
  create({ size }) {
    const rows = (n: number): number => Math.ceil(n / size);
    return {
      workspace: ({ n }) => ({ order: n }),
      rows,
      contaminated: (n, f) => Math.min(f, rows(n)),
      infeasible: () => undefined,
      beyondGuarantee: (n, f) =>
        f > 0 && 2 * Math.min(f, rows(n)) >= rows(n)
          ? `bucketing(${size}) may contaminate ${Math.min(f, rows(n))} of ${rows(n)} buckets; a guarantee needs fewer than half: size * f / n < 1/2`
          : undefined,
      boundFactor: () => 1,
      apply(messages, { workspace: { order }, kernels, stream, permutation }, out) {
        const { n } = messages;
        if (permutation === undefined) permute(stream, n, order);
        else {
          requirePermutation(permutation, n, 'the permutation of bucketing');
          order.set(permutation);
        }
        out.n = rows(n);
        for (let b = 0; b < out.n; b++) {
          const members = Math.min(size, n - b * size);
          for (let i = 0; i < members; i++) bucket[i] = messages.rows[order[b * size + i]!]!;
          kernels.meanOfRows(bucket, members, out.rows[b]!);
        }
      },
    };
  },
});

/** The rows of the bucket being averaged; refilled before every use. */
const bucket: Float64Array[] = [];
