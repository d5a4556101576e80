/**
 * No attack: byzantine clients follow the protocol.
 *
 *   v_i = own honest vector
 *
 * @shape     out: d
 * @cost      O(1)
 * @random    none
 * @throws    none
 * @source    the control of every study
 * @deviates  none
 * @example   { own: [1, 2] } -> [1, 2]
 */
import { z } from 'zod';
import { defineAttack } from '../../shared/contracts/attack.ts';
import { behave } from './behave.ts';

export const none = defineAttack({
  name: 'none',
  summary: 'No attack: byzantine clients follow the protocol.',
  source: { cite: 'the control of every study' },
  schema: z.strictObject({}),
  traits: { knowledge: 'own', colludes: false, scaleFree: true },
  create: () => ({ needs: () => ({ own: 'message' }), craft: (view, _context, out) => behave(view, out) }),
});
