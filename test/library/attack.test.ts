import { describe, expect, test } from 'vitest';
import { type AttackOptions, attack, catalog, type RoundReport, simulate } from '../../src/index.ts';
import { codeThrownBy } from '../support/strategies.ts';
import { tiny } from '../support/tiny.ts';
import { difference, expectSameBits, f, G, gradient, iterate, mean, vector, vr } from '../support/transcription.ts';

const honest = [
  [1, 2],
  [3, 6],
];

describe('attack', () => {
  test('it returns the message one liar sends', () => {
    expect(attack({ attack: { name: 'inner-product-manipulation', epsilon: 0.5 }, honest, byzantineCount: 1 })).toEqual(
      Float64Array.of(-1, -2),
    );
    expect(attack({ attack: { name: 'bit-flip', scale: 2 }, honest, own: [1, -1], byzantineCount: 1 })).toEqual(Float64Array.of(-2, 2));
    expect(attack({ attack: { name: 'label-flip' }, honest, own: [5, 5], byzantineCount: 1 })).toEqual(Float64Array.of(5, 5));
    expect(attack({ attack: { name: 'a-little-is-enough', z: 1 }, honest, byzantineCount: 1 })).toEqual(
      Float64Array.of(2 - Math.SQRT2, 4 - Math.sqrt(8)),
    );
    expect(attack({ attack: { name: 'gaussian', standardDeviation: 0, mean: 3 }, honest, byzantineCount: 1 })).toEqual(
      Float64Array.of(3, 3),
    );
  });

  test('it takes messages, builds on the estimate scale from estimate + message and sends the difference', () => {
    const estimate = [10, 20];
    const ipm = { name: 'inner-product-manipulation', epsilon: 0.5 };
    // -0.5 (g + mean) - g, or -0.5 mean.
    expect(attack({ attack: ipm, honest, estimate, byzantineCount: 1 })).toEqual(Float64Array.of(-0.5 * 12 - 10, -0.5 * 24 - 20));
    expect(attack({ attack: { ...ipm, on: 'message' }, honest, estimate, byzantineCount: 1 })).toEqual(Float64Array.of(-1, -2));
    expect(attack({ attack: { name: 'bit-flip' }, honest, own: [1, 1], estimate, byzantineCount: 1 })).toEqual(Float64Array.of(-21, -41));
    expect(attack({ attack: { name: 'bit-flip', of: 'gradient' }, honest, own: [1, 1], estimate, byzantineCount: 1 })).toEqual(
      Float64Array.of(-11, -21),
    );
  });

  test('it counts the given honest clients and the liars as the cohort', () => {
    const shiftBack: AttackOptions = { attack: { name: 'shift-back' }, honest, byzantineCount: 3, x: [4, 4], start: [1, 2] };
    expect(attack(shiftBack)).toEqual(Float64Array.of(3, 2));
    expect(attack({ ...shiftBack, estimate: [1, 1] })).toEqual(Float64Array.of(2, 1));
    expect(attack({ ...shiftBack, attack: { name: 'shift-back', on: 'message' }, estimate: [1, 1] })).toEqual(Float64Array.of(-3, -2));
    expect(attack({ ...shiftBack, attack: { name: 'shift-back', multiplier: 2 }, stepSize: 0.5 })).toEqual(Float64Array.of(12, 8));
    expect(attack({ ...shiftBack, byzantineCount: 2 })).toEqual(Float64Array.of(2, 4));
  });

  test('it takes byzantine as a synonym of byzantineCount, and total for what goes by all clients', () => {
    const alie = { attack: { name: 'a-little-is-enough' }, honest };
    expect(attack({ ...alie, byzantine: 5, total: 20 })).toEqual(attack({ ...alie, byzantineCount: 5, total: 20 }));
    expect(attack({ ...alie, byzantine: 5, total: 20 })).not.toEqual(attack({ ...alie, byzantine: 5, total: 50 }));
    expect(codeThrownBy(() => attack({ ...alie, byzantine: 5, byzantineCount: 4 }))).toBe('MARINADE_CONFIG_INVALID');
    expect(codeThrownBy(() => attack({ ...alie, byzantine: 5, total: 6 }))).toBe('MARINADE_CONFIG_INVALID');
    expect(codeThrownBy(() => attack(alie))).toBe('MARINADE_CONFIG_INVALID');
  });

  test.each<[string, AttackOptions, RegExp]>([
    ['its own message', { attack: { name: 'bit-flip' }, honest, byzantineCount: 1 }, /`own`, the honest message/],
    [
      'its own gradient',
      { attack: { name: 'bit-flip', of: 'gradient' }, honest, byzantineCount: 1 },
      /`own`, the plain stochastic gradient/,
    ],
    [
      'its message on flipped labels',
      { attack: { name: 'label-flip' }, honest, byzantineCount: 1 },
      /`own`, the message of the liar on flipped labels/,
    ],
    ['honest messages', { attack: { name: 'inner-product-manipulation' }, honest: [], own: [1, 1], byzantineCount: 1 }, /`honest`/],
    ['the iterate', { attack: { name: 'shift-back' }, honest, byzantineCount: 3, start: [0, 0] }, /`x`/],
    ['the start', { attack: { name: 'shift-back' }, honest, byzantineCount: 3, x: [0, 0] }, /`start`/],
    ['the step size', { attack: { name: 'shift-back', multiplier: 2 }, honest, byzantineCount: 3, x: [0, 0], start: [0, 0] }, /`stepSize`/],
  ])('it says when it was not given what it must know: %s', (_what, options, message) => {
    expect(codeThrownBy(() => attack(options))).toBe('MARINADE_PRECONDITION_KNOWLEDGE');
    expect(() => attack(options)).toThrow(message);
  });

  test('it does not miss what it needs in other rounds only', () => {
    expect(attack({ attack: { name: 'shift-back' }, honest, byzantineCount: 1 })).toEqual(Float64Array.of(2, 4));
    const quiet = { name: 'in-majority', attack: { name: 'inner-product-manipulation' } };
    expect(attack({ attack: quiet, honest, byzantineCount: 1, own: [7, 7] })).toEqual(Float64Array.of(7, 7));
  });

  test('it refuses vectors of other lengths, unknown attacks and parameters', () => {
    const bitFlip = { attack: { name: 'bit-flip' }, honest, byzantineCount: 1 };
    expect(codeThrownBy(() => attack({ ...bitFlip, own: [1] }))).toBe('MARINADE_SHAPE_DIMENSION');
    expect(codeThrownBy(() => attack({ ...bitFlip, own: [1, 1], estimate: [1] }))).toBe('MARINADE_SHAPE_DIMENSION');
    expect(codeThrownBy(() => attack({ ...bitFlip, honest: [[1], [1, 2]] }))).toBe('MARINADE_SHAPE_DIMENSION');
    expect(codeThrownBy(() => attack({ ...bitFlip, attack: { name: 'bitflip' } }))).toBe('MARINADE_CONFIG_INVALID');
    expect(codeThrownBy(() => attack({ ...bitFlip, attack: { name: 'bit-flip', factor: 2 } }))).toBe('MARINADE_CONFIG_INVALID');
  });

  test.each(['inner-product-manipulation', 'a-little-is-enough', 'shift-back', 'blow-up'])(
    'it sends what a run sends: %s',
    async (name) => {
      const experiment = {
        ...tiny,
        clients: { total: 8, byzantine: 3 },
        method: { name: 'byz-vr-marina-pp', ...vr, refresh: { every: 1000 } },
        aggregator: { name: 'mean' },
        attack: { name },
      };
      const reports: RoundReport[] = [];
      const { x } = await simulate({ ...experiment, rounds: 60, seed: 7 }, { onRound: (report) => reports.push(report) });
      const sent = (messages: readonly Float64Array[], at: Float64Array, estimate: Float64Array | undefined): Float64Array =>
        attack({
          attack: { name },
          honest: messages,
          byzantineCount: 3,
          x: at,
          start: reports[0]!.x,
          stepSize: vr.stepSize,
          ...(estimate === undefined ? {} : { estimate }),
        });
      const all = (messages: readonly Float64Array[], at: Float64Array, estimate?: Float64Array): Float64Array[] => {
        const lie = sent(messages, at, estimate);
        return [...messages, lie, lie, lie];
      };
      const honestClients = Array.from({ length: G }, (_, i) => i);
      const expected = iterate(
        (at) =>
          mean(
            0,
            all(
              honestClients.map((i) => gradient(f[i]!, at)),
              at,
            ),
          ),
        (k, at, previous, g) => {
          const step = mean(
            k,
            all(
              honestClients.map((i) => difference(k, i, at, previous)),
              at,
              g,
            ),
          );
          return vector().map((_, j) => g[j]! + step[j]!);
        },
      );
      expectSameBits(reports, expected);
      expect(x).toEqual(reports.at(-1)!.x);
    },
  );

  test('it knows every registered attack', () => {
    for (const name of catalog.attacks.names) {
      const given = { honest, own: [1, 2], byzantineCount: 3, x: [1, 1], start: [0, 0], stepSize: 1, clippingLevel: 1, estimate: [1, 1] };
      const choice = name === 'in-majority' ? { name, attack: { name: 'none' } } : { name };
      expect(attack({ attack: choice, ...given })).toHaveLength(2);
    }
  });
});
