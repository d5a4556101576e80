import { describe, expect, test } from 'vitest';
import { keepNewest } from '../../src/shared/newest.ts';

describe('a map of the newest entries', () => {
  test('it drops the oldest of more than it may keep, and says which', () => {
    const kept = new Map<string, number>();
    expect(['a', 'b', 'c', 'd'].map((key, i) => keepNewest(kept, key, i, 2))).toEqual([undefined, undefined, 0, 1]);
    expect([...kept]).toEqual([
      ['c', 2],
      ['d', 3],
    ]);
  });

  test('it takes an entry that is put again for a new one', () => {
    const kept = new Map([
      ['a', 0],
      ['b', 1],
    ]);
    expect(keepNewest(kept, 'a', 2, 2)).toBe(undefined);
    expect(keepNewest(kept, 'c', 3, 2)).toBe(1);
    expect([...kept.keys()]).toEqual(['a', 'c']);
  });
});
