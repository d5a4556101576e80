/**
 * No clipping.
 *
 *   lambda = infinity
 *
 * @shape     messages: |S| x d, unchanged
 * @cost      O(1)
 * @random    none
 * @throws    none
 * @source    arXiv 2206.00529: the method without partial participation
 * @deviates  none
 * @example   { stepNorm: 3 } -> .inf
 */
import { z } from 'zod';
import { defineClipping } from '../../shared/contracts/clipping.ts';

export const none = defineClipping({
  name: 'none',
  summary: 'No clipping: every message is used as it came.',
  source: { cite: 'Gorbunov, Horváth, Richtárik, Gidel. ICLR 2023, arXiv 2206.00529' },
  schema: z.strictObject({}),
  create: () => ({ disabled: true, level: () => Number.POSITIVE_INFINITY }),
});
