/** What attacks that look at honest messages share: whom they see, and what they do when they see nobody. */
import { z } from 'zod';
import type { Needs, Situation } from '../../shared/contracts/attack.ts';

export const visibility = {
  visibility: z
    .enum(['all', 'cohort'])
    .default('all')
    .describe('whose messages are seen: all honest clients, as in released code, or only those sampled in the round'),
};

export type Visibility = z.output<typeof visibility.visibility>;

/** Nobody honest is visible: the attacker can only behave honestly. */
export function seesNobody(visible: Visibility, { cohortSize, cohortByzantine }: Situation): boolean {
  return visible === 'cohort' && cohortSize === cohortByzantine;
}

/** Honest messages, or its own where there are none to see. */
export function honestOrOwn(visible: Visibility, situation: Situation): Needs {
  return seesNobody(visible, situation) ? { own: 'message' } : { honest: true };
}
