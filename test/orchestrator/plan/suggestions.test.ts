import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { knownKeys, knownValues, nearest } from '../../../src/orchestrator/plan/suggestions.ts';

const schema = z.strictObject({
  attack: z.discriminatedUnion('name', [
    z.strictObject({ name: z.literal('none') }),
    z.strictObject({ name: z.literal('gaussian'), mean: z.number(), of: z.enum(['message', 'gradient']).default('message') }),
  ]),
  rules: z.array(z.strictObject({ size: z.number() })).default([]),
  limits: z.strictObject({ runs: z.number() }).prefault({ runs: 1 }),
});

describe('what is known at a place', () => {
  test('it lists the keys of an object: of the named branch where there is one, else of all', () => {
    expect(knownKeys(schema, {}, [])).toEqual(['attack', 'rules', 'limits']);
    expect(knownKeys(schema, { attack: { name: 'gaussian' } }, ['attack'])).toEqual(['name', 'mean', 'of']);
    expect(knownKeys(schema, { attack: { name: 'gausian' } }, ['attack'])).toEqual(['name', 'mean', 'of']);
    expect(knownKeys(schema, { rules: [{}] }, ['rules', 0])).toEqual(['size']);
    expect(knownKeys(schema, {}, ['limits'])).toEqual(['runs']);
    expect(knownKeys(schema, {}, ['nowhere', 'at', 'all'])).toEqual([]);
  });

  test('it lists the values that may stand there', () => {
    expect(knownValues(schema, { attack: { name: 'gausian' } }, ['attack', 'name'])).toEqual(['none', 'gaussian']);
    expect(knownValues(schema, { attack: { name: 'gaussian', of: 'x' } }, ['attack', 'of'])).toEqual(['message', 'gradient']);
  });
});

describe('did you mean', () => {
  test.each([
    ['coordinate-medain', ['mean', 'coordinate-median', 'rfa'], 'coordinate-median'],
    ['STEPSIZE', ['stepSize', 'size'], 'stepSize'],
    ['ronds', ['rounds', 'seeds'], 'rounds'],
    ['x', ['rounds'], undefined],
    ['krum', [], undefined],
    ['zzzzzzzz', ['rounds', 'seeds'], undefined],
  ])('%s of %j is %s', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });

  test('an endless word is near to nothing', () => {
    expect(nearest('a'.repeat(100_000), ['mean'])).toBeUndefined();
  });
});
