import { describe, expect, test } from 'vitest';
import { excluder } from '../../../src/orchestrator/plan/exclude.ts';

const cell = { rounds: 10, attack: { name: 'none', scale: 1 }, metrics: { names: ['loss', 'gradient-norm'] }, start: null };

describe('exclude', () => {
  test.each<[string, readonly Readonly<Record<string, unknown>>[], boolean]>([
    ['no entry', [], false],
    ['a value', [{ rounds: 10 }], true],
    ['another value', [{ rounds: 11 }], false],
    ['a text for a number', [{ rounds: '10' }], false],
    ['every path of an entry', [{ rounds: 10, 'attack.name': 'none' }], true],
    ['every path of an entry, in another order', [{ 'attack.name': 'none', rounds: 10 }], true],
    ['one path of an entry alone', [{ rounds: 10, 'attack.name': 'bit-flip' }], false],
    [
      'parts of two entries',
      [
        { rounds: 10, 'attack.name': 'x' },
        { rounds: 1, 'attack.name': 'none' },
      ],
      false,
    ],
    ['one of many entries', [{ rounds: 1 }, { rounds: 2 }, { 'attack.scale': 1 }, { rounds: 3 }], true],
    ['a whole list', [{ 'metrics.names': ['loss', 'gradient-norm'] }], true],
    ['a part of a list', [{ 'metrics.names': ['loss'] }], false],
    ['an object by what it has at least', [{ attack: { name: 'none' } }], true],
    ['an object that has more', [{ attack: { name: 'none', of: 'own' } }], false],
    ['an object and a value', [{ attack: { name: 'none' }, rounds: 11 }], false],
    ['null', [{ start: null }], true],
  ])('leaves out a cell by %s: %j -> %s', (_, entries, expected) => {
    expect(excluder(entries).excludes(cell)).toBe(expected);
  });

  test('knows which entries have left out nothing', () => {
    const idle = [{ rounds: 11 }, { attack: { name: 'bit-flip' } }];
    const busy = [{ rounds: 10 }, { rounds: 10 }, { attack: { name: 'none' } }, { 'attack.name': 'none' }];
    const exclude = excluder([...busy, ...idle]);
    expect(exclude.idle()).toHaveLength(5);
    expect(exclude.excludes(cell)).toBe(true);
    expect(exclude.idle()).toEqual(idle);
  });

  test('asks for each set of paths once, however many entries there are', () => {
    let asked = 0;
    const watched = {
      get rounds() {
        asked++;
        return 10_000;
      },
    };
    const { excludes } = excluder(Array.from({ length: 10_000 }, (_, rounds) => ({ rounds })));
    expect(excludes(watched)).toBe(false);
    expect(asked).toBeLessThan(4);
  });
});
