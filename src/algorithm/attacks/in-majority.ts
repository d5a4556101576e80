/**
 * In-majority: any attack, only in cohorts where byzantine clients exceed a share.
 *
 *   byzantine clients of the cohort > threshold |S|:  the inner attack;   otherwise its own honest vector
 *
 * @shape     out: d
 * @cost      that of the inner attack
 * @random    that of the inner attack
 * @throws    MARINADE_CONFIG_INVALID when attacks are nested more than three deep: the schema of the registry ends there
 * @source    arXiv 2311.14127, section 5: the condition of shift-back, for any attack
 * @deviates  none
 * @example   { honest: [[0], [0]], liars: 2, own: [1], attack: { name: bit-flip } } -> [1]
 */
import { z } from 'zod';
import { probability } from '../../shared/config/units.ts';
import { type AttackTraits, defineAttack, type Situation } from '../../shared/contracts/attack.ts';
import { behave } from './behave.ts';

export const inMajority = defineAttack({
  name: 'in-majority',
  summary: 'Any attack, only in cohorts the liars control.',
  source: { cite: 'Malinovsky, Richtárik, Horváth, Gorbunov. NeurIPS 2024, arXiv 2311.14127', where: 'section 5' },
  schema: z.strictObject({
    // The registry puts the schemas of all attacks here.
    attack: z.looseObject({ name: z.string() }).describe('the inner attack, with its parameters'),
    threshold: probability.default(0.5).describe('active when byzantine clients are strictly more than this share of the cohort'),
    otherwise: z.enum(['honest']).default('honest').describe('what is sent in other rounds'),
  }),
  // Liars send their own messages in quiet rounds, so the lies of a round differ even where the inner attack colludes.
  traits: ({ attack }, { createInner }): AttackTraits => {
    const { traits } = createInner(attack);
    return { ...traits, knowledge: traits.knowledge === 'none' ? 'own' : traits.knowledge, colludes: false };
  },
  create({ attack: choice, threshold }, { createInner }) {
    const { attack } = createInner(choice);
    // A quotient rounds to the very double the threshold is where both are the same decimal; a product may not.
    const active = ({ cohortSize, cohortByzantine }: Situation): boolean => cohortByzantine / cohortSize > threshold;
    return {
      ...(attack.state === undefined ? {} : { state: attack.state }),
      ...(attack.workspace === undefined ? {} : { workspace: attack.workspace }),
      ...(attack.caution === undefined ? {} : { caution: attack.caution }),
      needs: (situation) => (active(situation) ? attack.needs(situation) : { own: 'message' }),
      craft: (view, context, out) => (active(view) ? attack.craft(view, context, out) : behave(view, out)),
    };
  },
});
