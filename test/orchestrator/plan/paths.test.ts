import { describe, expect, test } from 'vitest';
import { discards, outermostFirst, stepsOf, valueAt, withValueAt } from '../../../src/orchestrator/plan/paths.ts';

const data = {
  attack: { name: 'a', multiplier: 2 },
  aggregator: { name: 'b', trim: 1, preAggregators: [{ name: 'c', size: 2 }] },
  rounds: 5,
};

describe('dotted paths', () => {
  test('it reads what is there and nothing of a prototype', () => {
    expect(valueAt(data, 'aggregator.preAggregators.0.size')).toBe(2);
    for (const path of [
      'attack.x',
      'rounds.x',
      'constructor',
      '__proto__',
      'attack.constructor.name',
      'aggregator.preAggregators.length.x',
    ])
      expect(valueAt(data, path)).toBeUndefined();
  });

  test('it sets a value in a copy, objects made on the way', () => {
    expect(withValueAt(data, 'attack.multiplier', 3)).toEqual({ ...data, attack: { name: 'a', multiplier: 3 } });
    expect(withValueAt(data, 'stop.target', 1)).toEqual({ ...data, stop: { target: 1 } });
    expect(withValueAt(data, 'aggregator.preAggregators.0.size', 9)).toEqual({
      ...data,
      aggregator: { ...data.aggregator, preAggregators: [{ name: 'c', size: 9 }] },
    });
    expect(data.attack.multiplier).toBe(2);
  });

  test('it replaces all of x but its preAggregators when x.name is set', () => {
    expect(withValueAt(data, 'attack.name', 'z')).toEqual({ ...data, attack: { name: 'z' } });
    expect(withValueAt(data, 'aggregator.name', 'z')).toEqual({
      ...data,
      aggregator: { name: 'z', preAggregators: [{ name: 'c', size: 2 }] },
    });
  });

  test('it refuses a place that a list does not have', () => {
    expect(() => withValueAt(data, 'aggregator.preAggregators.1.size', 9)).toThrow(/'1' is no place in a list of 1/);
    expect(() => withValueAt(data, 'aggregator.preAggregators.size', 9)).toThrow(/'size' is no place/);
  });

  test.each(['__proto__', 'a.constructor', 'prototype.x', '', 'a..b', 'a.', 'a b', 'x[0]', `a${'.a'.repeat(200)}`])(
    'it refuses %j as a path',
    (path) => {
      expect(() => stepsOf(path)).toThrow(/is no path/);
      expect(() => withValueAt({}, path, 1)).toThrow(/is no path/);
      expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
    },
  );

  test('it knows which setting discards which, and an order in which none does', () => {
    expect(discards('attack.name', 'attack.multiplier')).toBe(true);
    expect(discards('attack', 'attack.name')).toBe(true);
    expect(discards('attack.name', 'attack')).toBe(true);
    expect(discards('attack.multiplier', 'attack')).toBe(false);
    expect(discards('attack.name', 'attacker')).toBe(false);
    expect(discards('aggregator.name', 'aggregator.preAggregators')).toBe(false);
    expect(outermostFirst([['a.b.c'], ['a.name'], ['a.b'], ['a']]).flat()).toEqual(['a.name', 'a', 'a.b', 'a.b.c']);
  });
});
