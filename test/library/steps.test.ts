import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { aggregate, catalog, clip, compress, createCatalog, defineAggregator, MarinadeError, preAggregate } from '../../src/index.ts';
import { codeThrownBy } from '../support/strategies.ts';

const five = [[0], [1], [2], [3], [100]];

describe('aggregate', () => {
  test('it applies the rule of a study to vectors of any kind, and leaves them as they are', () => {
    expect(aggregate({ aggregator: { name: 'mean' }, messages: [[1, 2], Float32Array.of(3, 4)], toleratedByzantine: 0 })).toEqual(
      Float64Array.of(2, 3),
    );
    expect(aggregate({ aggregator: { name: 'krum' }, messages: five, toleratedByzantine: 1 })).toEqual(Float64Array.of(1));
    const messages = [Float64Array.of(5), Float64Array.of(1), Float64Array.of(1e9)];
    const lone = aggregate({ aggregator: { name: 'coordinate-median' }, messages: messages.slice(0, 1), toleratedByzantine: 0 });
    expect(aggregate({ aggregator: { name: 'coordinate-median' }, messages, toleratedByzantine: 1 })).toEqual(Float64Array.of(5));
    expect(messages).toEqual([Float64Array.of(5), Float64Array.of(1), Float64Array.of(1e9)]);
    expect(lone).not.toBe(messages[0]);
  });

  test('it includes the preAggregators of the rule', () => {
    const aggregator = { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] };
    const messages = [[1], [3], [8], [10], [100]];
    expect(aggregate({ aggregator, messages, toleratedByzantine: 1, permutation: [4, 0, 1, 2, 3] })).toEqual(Float64Array.of(10));
    expect(aggregate({ aggregator, messages, toleratedByzantine: 1, permutation: [0, 1, 2, 3, 4] })).toEqual(Float64Array.of(9));
  });

  test('it draws from its seed alone', () => {
    const aggregator = { name: 'coordinate-median', preAggregators: [{ name: 'bucketing' }] };
    const messages = Array.from({ length: 8 }, (_, i) => [i * i]);
    const results = Array.from({ length: 20 }, (_, seed) => aggregate({ aggregator, messages, toleratedByzantine: 0, seed })[0]);
    expect(new Set(results).size).toBeGreaterThan(3);
    expect(aggregate({ aggregator, messages, toleratedByzantine: 0, seed: 3 })[0]).toBe(results[3]);
    expect(aggregate({ aggregator, messages, toleratedByzantine: 0 })[0]).toBe(results[0]);
  });

  test('it starts a rule with memory from its previous output', () => {
    const aggregator = { name: 'centered-clipping', radius: 1, iterations: 1 };
    expect(aggregate({ aggregator, messages: [[10]], toleratedByzantine: 0 })).toEqual(Float64Array.of(1));
    expect(aggregate({ aggregator, messages: [[10]], toleratedByzantine: 0, previous: [7] })).toEqual(Float64Array.of(8));
  });

  test('it takes a server gradient, which a rule that does not trust it leaves alone', () => {
    const call = {
      aggregator: { name: 'mean' },
      messages: [
        [1, 2],
        [3, 6],
      ],
      toleratedByzantine: 0,
    };
    expect(aggregate({ ...call, serverGradient: [100, 100] })).toEqual(aggregate(call));
  });

  test.each<[string, () => unknown, string]>([
    [
      'messages of two lengths',
      () => aggregate({ aggregator: { name: 'mean' }, messages: [[1], [1, 2]], toleratedByzantine: 0 }),
      'MARINADE_SHAPE_DIMENSION',
    ],
    ['no messages', () => aggregate({ aggregator: { name: 'mean' }, messages: [], toleratedByzantine: 0 }), 'MARINADE_SHAPE_DIMENSION'],
    [
      'a previous output of another length',
      () => aggregate({ aggregator: { name: 'mean' }, messages: [[1]], toleratedByzantine: 0, previous: [1, 2] }),
      'MARINADE_SHAPE_DIMENSION',
    ],
    [
      'a server gradient of another length',
      () => aggregate({ aggregator: { name: 'mean' }, messages: [[1]], toleratedByzantine: 0, serverGradient: [1, 2] }),
      'MARINADE_SHAPE_DIMENSION',
    ],
    [
      'a permutation that is none',
      () =>
        aggregate({
          aggregator: { name: 'mean', preAggregators: [{ name: 'bucketing' }] },
          messages: five,
          toleratedByzantine: 0,
          permutation: [0, 1, 2, 3, 3],
        }),
      'MARINADE_SHAPE_DIMENSION',
    ],
    [
      'an infeasible f',
      () => aggregate({ aggregator: { name: 'krum' }, messages: five, toleratedByzantine: 2 }),
      'MARINADE_PRECONDITION_TOO_MANY_BYZANTINE',
    ],
    [
      'NaN where the rule rejects it',
      () => aggregate({ aggregator: { name: 'geometric-median' }, messages: [[1], [Number.NaN], [2]], toleratedByzantine: 1 }),
      'MARINADE_SHAPE_NON_FINITE',
    ],
    [
      'an unknown rule',
      () => aggregate({ aggregator: { name: 'average' }, messages: five, toleratedByzantine: 0 }),
      'MARINADE_CONFIG_INVALID',
    ],
    [
      'an unknown parameter',
      () => aggregate({ aggregator: { name: 'krum', f: 1 }, messages: five, toleratedByzantine: 0 }),
      'MARINADE_CONFIG_INVALID',
    ],
    [
      'an unknown argument',
      () => aggregate({ aggregator: { name: 'krum' }, messages: five, toleratedByzantine: 1, byzantine: 1 } as never),
      'MARINADE_CONFIG_INVALID',
    ],
    ['f missing', () => aggregate({ aggregator: { name: 'krum' }, messages: five } as never), 'MARINADE_CONFIG_INVALID'],
    ['half an f', () => aggregate({ aggregator: { name: 'krum' }, messages: five, toleratedByzantine: 0.5 }), 'MARINADE_CONFIG_INVALID'],
    [
      'words for numbers',
      () => aggregate({ aggregator: { name: 'mean' }, messages: [['1']] as never, toleratedByzantine: 0 }),
      'MARINADE_CONFIG_INVALID',
    ],
    ['nothing at all', () => aggregate(undefined as never), 'MARINADE_CONFIG_INVALID'],
  ])('it refuses %s', (_what, call, code) => {
    expect(codeThrownBy(call)).toBe(code);
  });

  test('it says what was expected, what came, and what was meant', () => {
    expect(() => aggregate({ aggregator: { name: 'krom' }, messages: five, toleratedByzantine: 1 })).toThrow(
      /aggregator\.name: expected one of mean, .*; got "krom"; did you mean 'krum'\?/,
    );
    expect(() => aggregate({ aggregator: { name: 'krum', neighbours: 'n-f-1' }, messages: five, toleratedByzantine: 1 })).toThrow(
      /unknown key 'neighbours'; did you mean 'neighbors'\?/,
    );
    expect(() =>
      aggregate({ aggregator: { name: 'rfa' }, messages: [[1], [2], [Number.POSITIVE_INFINITY]], toleratedByzantine: 1 }),
    ).toThrow(/rfa needs finite messages; messages\[2\] is not/);
  });

  test('it uses the largest feasible f, and drops what is not finite, where the rule is told to', () => {
    expect(aggregate({ aggregator: { name: 'krum', whenInfeasible: 'largest' }, messages: five, toleratedByzantine: 2 })).toEqual(
      Float64Array.of(1),
    );
    const ignoring = { name: 'rfa', nonFinite: 'ignore' };
    expect(aggregate({ aggregator: ignoring, messages: [[1], [1], [Number.NaN]], toleratedByzantine: 1 })).toEqual(Float64Array.of(1));
  });

  test('it returns what other rules make of messages that are not finite', () => {
    expect(aggregate({ aggregator: { name: 'mean' }, messages: [[1], [Number.NaN]], toleratedByzantine: 0 })).toEqual(
      Float64Array.of(Number.NaN),
    );
    expect(aggregate({ aggregator: { name: 'coordinate-median' }, messages: [[1], [2], [Number.NaN]], toleratedByzantine: 1 })).toEqual(
      Float64Array.of(2),
    );
  });

  test("it knows a user's rule through the catalog it is given", () => {
    const first = defineAggregator({
      name: 'first',
      summary: 'The first message.',
      source: { cite: 'this test' },
      schema: z.strictObject({}),
      traits: { ...catalog.aggregators.get('krum').traits, permutationInvariant: false },
      create: () => ({
        infeasible: () => undefined,
        beyondGuarantee: () => undefined,
        aggregate: ({ rows }, _context, out) => out.set(rows[0]!),
      }),
    });
    const extended = createCatalog({ aggregators: [first] });
    expect(aggregate({ aggregator: { name: 'first' }, messages: five, toleratedByzantine: 0, catalog: extended })).toEqual(
      Float64Array.of(0),
    );
    expect(codeThrownBy(() => createCatalog({ aggregators: [first, first] }))).toBe('MARINADE_CONFIG_DUPLICATE_STRATEGY');
  });
});

describe('preAggregate', () => {
  test('it returns the rows, as many as come out', () => {
    const rows = preAggregate({
      preAggregator: { name: 'bucketing', size: 2 },
      messages: [[1], [3], [8]],
      toleratedByzantine: 0,
      permutation: [0, 1, 2],
    });
    expect(rows).toEqual([Float64Array.of(2), Float64Array.of(8)]);
    expect(preAggregate({ preAggregator: { name: 'nearest-neighbor-mixing' }, messages: [[0], [1], [9]], toleratedByzantine: 1 })).toEqual([
      Float64Array.of(0.5),
      Float64Array.of(0.5),
      Float64Array.of(5),
    ]);
    expect(new Set(rows.map(({ buffer }) => buffer)).size).toBe(2);
  });

  test('it refuses an infeasible f and what is no pre-aggregator', () => {
    const messages = [[0], [1]];
    expect(codeThrownBy(() => preAggregate({ preAggregator: { name: 'nearest-neighbor-mixing' }, messages, toleratedByzantine: 2 }))).toBe(
      'MARINADE_PRECONDITION_TOO_MANY_BYZANTINE',
    );
    expect(codeThrownBy(() => preAggregate({ preAggregator: { name: 'mean' }, messages, toleratedByzantine: 0 }))).toBe(
      'MARINADE_CONFIG_INVALID',
    );
  });
});

describe('compress', () => {
  test('it encodes and decodes a copy', () => {
    const vector = [1, 2];
    expect(compress({ compressor: { name: 'rand-k', k: 1 }, vector, coordinates: [1] })).toEqual(Float64Array.of(0, 4));
    expect(compress({ compressor: { name: 'identity' }, vector })).toEqual(Float64Array.of(1, 2));
    expect(vector).toEqual([1, 2]);
  });

  test('it draws for a seed and a client', () => {
    const vector = Array.from({ length: 40 }, (_, j) => j + 1);
    const of = (seed: number, client: number): string =>
      compress({ compressor: { name: 'rand-k', k: 20 }, vector, seed, client, clients: 3 }).join();
    expect(new Set([of(0, 0), of(0, 1), of(1, 0), of(0, 2)]).size).toBe(4);
    expect(of(0, 0)).toBe(compress({ compressor: { name: 'rand-k', k: 20 }, vector }).join());
  });

  test('it refuses other than K coordinates, clients that do not exist, unknown compressors', () => {
    const compressor = { name: 'rand-k', k: 1 };
    expect(codeThrownBy(() => compress({ compressor, vector: [1, 2], coordinates: [0, 1] }))).toBe('MARINADE_SHAPE_DIMENSION');
    expect(codeThrownBy(() => compress({ compressor, vector: [1, 2], coordinates: [2] }))).toBe('MARINADE_SHAPE_DIMENSION');
    expect(codeThrownBy(() => compress({ compressor, vector: [1, 2], client: 3, clients: 3 }))).toBe('MARINADE_CONFIG_INVALID');
    expect(codeThrownBy(() => compress({ compressor: { name: 'rand-k', k: 3 }, vector: [1, 2] }))).toBe(
      'MARINADE_PRECONDITION_UNSUPPORTED',
    );
    expect(codeThrownBy(() => compress({ compressor: { name: 'zip' }, vector: [1, 2] }))).toBe('MARINADE_CONFIG_INVALID');
  });
});

describe('clip', () => {
  test('it shortens a copy to the level, and only what is longer', () => {
    const vector = Float64Array.of(3, 4);
    expect(clip(vector, 1)).toEqual(Float64Array.of(3 * (1 / 5), 4 * (1 / 5)));
    expect(vector).toEqual(Float64Array.of(3, 4));
    expect(clip(vector, 5)).toEqual(vector);
    expect(clip(vector, Number.POSITIVE_INFINITY)).toEqual(vector);
    expect(clip([0, 0], 1)).toEqual(Float64Array.of(0, 0));
    expect(clip([3, 4], 0)).toEqual(Float64Array.of(0, 0));
  });

  test('it clips along the direction where squares overflow', () => {
    expect(clip([3e200, 4e200], 5)).toEqual(Float64Array.of(3, 4));
    expect(clip([Number.NEGATIVE_INFINITY, 7], 2)).toEqual(Float64Array.of(-2, 0));
  });

  test('it refuses a level that is no level', () => {
    expect(codeThrownBy(() => clip([1], -1))).toBe('MARINADE_CONFIG_INVALID');
    expect(codeThrownBy(() => clip([1], Number.NaN))).toBe('MARINADE_CONFIG_INVALID');
    expect(codeThrownBy(() => clip('1' as never, 1))).toBe('MARINADE_CONFIG_INVALID');
  });
});

describe('catalog', () => {
  test('it names every strategy with its schema and source', () => {
    for (const registry of Object.values(catalog)) {
      expect(registry.names.length).toBeGreaterThan(0);
      for (const name of registry.names) {
        const { schema, source, summary } = registry.get(name);
        expect(Object.keys(schema.shape)).not.toContain('name');
        expect(source.cite).not.toBe('');
        expect(summary).toMatch(/\.$/);
      }
    }
    expect(() => catalog.attacks.get('nothing')).toThrow(MarinadeError);
  });
});
