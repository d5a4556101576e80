/**
 * A fixed level.
 *
 *   lambda = level
 *
 * @shape     messages: |S| x d
 * @cost      O(1)
 * @random    none
 * @throws    none
 * @source    folklore
 * @deviates  none
 * @example   { level: 2 } -> 2
 */
import { z } from 'zod';
import { positive } from '../../shared/config/units.ts';
import { defineClipping } from '../../shared/contracts/clipping.ts';

export const fixed = defineClipping({
  name: 'fixed',
  summary: 'A fixed level, the same in every round.',
  source: { cite: 'folklore' },
  schema: z.strictObject({ level: positive.describe('lambda') }),
  create: ({ level }) => ({ level: () => level }),
});
