/** What single attacks promise beyond the conformance suite. */
import { describe, expect, test } from 'vitest';
import { attacks } from '../../../src/algorithm/attacks/index.ts';
import { createCatalog } from '../../../src/algorithm/catalog.ts';
import type { AttackDefinition } from '../../../src/shared/contracts/attack.ts';
import { attackOf, type LyingRound, lies } from '../../support/lies.ts';
import { codeThrownBy, golden } from '../../support/strategies.ts';

const { rounds } = golden<{ rounds: readonly LyingRound[] }>('attacks');

describe('gaussian', () => {
  const choice = { name: 'gaussian', mean: 2, standardDeviation: 0.5 };
  const sent = (k: number, seed = 1): number[][] => lies(choice, 'message', { ...rounds[4]!, k, seed }).map((lie) => [...lie]);

  test('it has the mean and the standard deviation it is given', () => {
    const values = Array.from({ length: 2000 }, (_, k) => sent(k)).flat(2);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // 24,000 draws: four standard errors.
    expect(Math.abs(mean - 2)).toBeLessThan((4 * 0.5) / Math.sqrt(values.length));
    expect(Math.abs(variance / 0.25 - 1)).toBeLessThan(4 * Math.sqrt(2 / values.length));
  });

  test('it is drawn anew for each liar, round and seed', () => {
    const drawn = [...sent(1), ...sent(2), ...sent(1, 2)].flat();
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(sent(1)).toEqual(sent(1));
  });

  test('it replaces the vector base + message on the estimate scale', () => {
    const round = rounds[4]!;
    const [estimate, message] = (['estimate', 'message'] as const).map((on) => lies(choice, on, round));
    for (const [i, lie] of estimate!.entries()) expect(lie).toEqual(message![i]!.map((value, j) => value - round.base![j]!));
  });
});

describe('in-majority', () => {
  test('it is active strictly above its threshold, at every decimal', () => {
    for (let size = 1; size <= 100; size++) {
      for (let byzantine = 0; byzantine <= size; byzantine++) {
        for (const of of [100, size]) {
          const { attack } = attackOf({ name: 'in-majority', threshold: byzantine / of, attack: { name: 'bit-flip', of: 'gradient' } });
          const active = (cohortByzantine: number): boolean =>
            attack.needs({ k: 1, refresh: false, cohortSize: of, cohortByzantine, total: 200, byzantineCount: 100 }).own === 'gradient';
          if (size !== 100 && of === 100) continue;
          expect([active(byzantine), byzantine < of && active(byzantine + 1)]).toEqual([false, byzantine < of]);
        }
      }
    }
  });

  test('its inner attack is checked, gets its defaults, and has the scale of the outer one', () => {
    const parsed = attacks.schema.parse({ name: 'in-majority', attack: { name: 'bit-flip', scale: 2 } });
    expect(parsed['attack']).toEqual({ name: 'bit-flip', scale: 2, of: 'own', visibility: 'all' });
    for (const attack of [
      { name: 'bit-flip', scale: -1 },
      { name: 'bit-flip', unheardOf: 1 },
      { name: 'unheard-of' },
      { name: 'bit-flip', on: 'message' },
      {},
    ]) {
      expect(attacks.schema.safeParse({ name: 'in-majority', attack }).success).toBe(false);
    }
  });

  test('it nests three deep', () => {
    const nested = (depth: number): object =>
      depth === 0 ? { name: 'bit-flip' } : { name: 'in-majority', threshold: 0.1, attack: nested(depth - 1) };
    expect(attacks.schema.safeParse(nested(3)).success).toBe(true);
    expect(attacks.schema.safeParse(nested(4)).success).toBe(false);
  });

  test('it wraps attacks of a user too', () => {
    const { definitions } = attacks;
    const own: AttackDefinition = { ...definitions.find(({ name }) => name === 'gaussian')!, name: 'mine' };
    const catalog = createCatalog({ attacks: [own] });
    expect(catalog.attacks.schema.safeParse({ name: 'in-majority', attack: { name: 'mine' } }).success).toBe(true);
    expect(codeThrownBy(() => createCatalog({ attacks: [own, own] }))).toBe('MARINADE_CONFIG_DUPLICATE_STRATEGY');
  });

  test('it knows what its inner attack knows, and at least its own message', () => {
    const knowledge = (attack: object): string => attackOf({ name: 'in-majority', attack } as never).traits.knowledge;
    expect([knowledge({ name: 'gaussian' }), knowledge({ name: 'blow-up' }), knowledge({ name: 'shift-back' })]).toEqual([
      'own',
      'honest-messages',
      'everything',
    ]);
  });
});

describe('shift-back', () => {
  test('it drags towards the start under x - gamma g on the estimate scale, and pushes away on the message scale', () => {
    const round: LyingRound = { ...rounds[2]!, base: undefined };
    // Toward x^0: a step against the lie lowers |x - x^0|.
    const distanceAfter = (on: 'estimate' | 'message'): number => {
      const [lie] = lies({ name: 'shift-back' }, on, round);
      return Math.hypot(...Array.from(round.x, (value, j) => value - 0.1 * lie![j]! - round.start[j]!));
    };
    const before = Math.hypot(...Array.from(round.x, (value, j) => value - round.start[j]!));
    expect(distanceAfter('estimate')).toBeCloseTo(0.9 * before, 12);
    expect(distanceAfter('message')).toBeCloseTo(1.1 * before, 12);
  });

  test('a tie is no majority', () => {
    const { attack } = attackOf({ name: 'shift-back' });
    const needs = (cohortSize: number, cohortByzantine: number) =>
      attack.needs({ k: 1, refresh: false, cohortSize, cohortByzantine, total: 20, byzantineCount: 5 });
    expect([needs(4, 2), needs(4, 3), needs(5, 3)]).toEqual([{ honest: true }, {}, {}]);
  });
});

describe('blow-up', () => {
  test('it has its norm whatever the honest mean, zero included', () => {
    const round: LyingRound = {
      ...rounds[0]!,
      base: undefined,
      messages: rounds[0]!.messages.map((message) => Array.from(message, () => 0)),
    };
    expect(lies({ name: 'blow-up', norm: 10 }, 'message', round)[0]).toEqual(Float64Array.of(-10, 0, 0, 0, 0));
    const [lie] = lies({ name: 'blow-up', norm: 10 }, 'message', rounds[0]!);
    expect(Math.hypot(...lie!)).toBeCloseTo(10, 12);
  });
});

describe('clients with bases of their own', () => {
  const bases = rounds[0]!.gradients;
  const round: LyingRound = { ...rounds[0]!, base: undefined, bases };
  const liars = round.cohort.filter((client) => client >= 5);

  test('a liar lifts its own message by its own base, and lowers its vector by it', () => {
    const sent = lies({ name: 'bit-flip' }, 'estimate', round);
    const expected = liars.map((liar) =>
      Float64Array.from(round.messages[liar]!, (value, j) => -(value + bases[liar]![j]!) - bases[liar]![j]!),
    );
    expect(sent).toEqual(expected);
  });

  test('honest messages are lifted each by its own base', () => {
    const sent = lies({ name: 'inner-product-manipulation', epsilon: 1 }, 'estimate', round);
    for (const [i, lie] of sent.entries()) {
      for (let j = 0; j < lie.length; j++) {
        const mean = [0, 1, 2, 3, 4].reduce((sum, client) => sum + (bases[client]![j]! + round.messages[client]![j]!) / 5, 0);
        expect(lie[j]).toBeCloseTo(-mean - bases[liars[i]!]![j]!, 12);
      }
    }
  });
});
