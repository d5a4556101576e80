/** What is refused, and what is said, before a run takes any memory. */
import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/algorithm/engine/compile.ts';
import { foreseenFacts, memoryOf } from '../../../src/algorithm/engine/foresight.ts';
import { Simulation } from '../../../src/algorithm/engine/simulation.ts';
import { catalog, createCatalog, defineAggregator } from '../../../src/index.ts';
import { sharedMemoryBytes } from '../../../src/shared/contracts/memory.ts';
import { resolveExperiment } from '../../../src/simulate.ts';
import { SharedHeap } from '../../../src/worker/shared-heap.ts';

const base = {
  problem: { name: 'quadratic', dimension: 20 },
  clients: { total: 20, byzantine: 5 },
  participation: { name: 'uniform', cohort: 4 },
  method: { name: 'byz-vr-marina-pp', stepSize: 0.1, refresh: { every: 10 }, batchSize: 1 },
  aggregator: { name: 'coordinate-median' },
  rounds: 1,
};

const compiledOf = (changes: Readonly<Record<string, unknown>>, using = catalog) =>
  compile(resolveExperiment({ ...base, ...changes }, using), using);

describe('a run that cannot be computed', () => {
  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['a rank above the dimension', { problem: { name: 'quadratic', dimension: 3, rank: 4 } }, /CONFIG_INVALID.*problem\.rank.* got 4/],
    [
      'a strong convexity above the smoothness',
      { problem: { name: 'quadratic', smoothness: 1e-3 } },
      /CONFIG_INVALID.*at most problem\.smoothness = 0\.001; got 0\.01/,
    ],
    ['a start of another length', { start: { name: 'explicit', values: [1, 2] } }, /CONFIG_INVALID.*d = 20 numbers; got 2/],
    ['more coordinates than there are', { compressor: { name: 'rand-k', k: 21 } }, /UNSUPPORTED.*rand-k.*got k = 21, d = 20/],
    [
      'more rows than a client has',
      { method: { ...base.method, batchSize: 2, batchSampling: 'without-replacement' } },
      /batch of 2.* has 1/,
    ],
  ])('is refused when it is compiled: %s', (_, changes, message) => {
    expect(() => compiledOf(changes)).toThrow(message);
  });

  test('keeps all coordinates where K is d, or a fraction', () => {
    expect(() => compiledOf({ compressor: { name: 'rand-k', k: 20 } })).not.toThrow();
    expect(() => compiledOf({ compressor: { name: 'rand-k', fraction: 1 } })).not.toThrow();
  });
});

describe('the memory of a run', () => {
  test('is refused beyond that of a process, with the numbers and what to change', () => {
    const large = { problem: { name: 'quadratic', dimension: 100_000_000 } };
    expect(() => compiledOf(large)).toThrow(
      /MARINADE_PRECONDITION_MEMORY.*clients\.total = 20 clients and d = 100000000 need \d+\.\d GiB.*a process has 4\.0 GiB; lower clients\.total or the dimension/,
    );
    expect(() => compiledOf({ ...large, clients: { total: 1_000_000 } })).toThrow(/MARINADE_PRECONDITION_MEMORY/);
    expect(() => compiledOf({ problem: { name: 'quadratic', dimension: 1_000_000 } })).not.toThrow();
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['a quadratic', {}],
    ['each client a function of its own', { problem: { name: 'quadratic', dimension: 5000, heterogeneity: 1 } }],
    [
      'buckets before the rule',
      { aggregator: { ...base.aggregator, preAggregators: [{ name: 'bucketing' }, { name: 'adaptive-clipping' }] } },
    ],
    ['a rule with memory', { aggregator: { name: 'centered-clipping' } }],
    ['momentum of each client', { method: { name: 'client-momentum', stepSize: 0.1, batchSize: 1 } }],
    ['the rule beside the run', { metrics: { every: 1, names: ['injected-error'] } }],
    ['an attack on the estimate', { attack: { name: 'a-little-is-enough' } }],
  ])('is at most what it takes, and most of it: %s', (_, changes) => {
    const compiled = compiledOf({ problem: { name: 'quadratic', dimension: 5000 }, ...changes, rounds: 3 });
    const heap = new SharedHeap(undefined, 'reference');
    const before = heap.used();
    const arena = heap.arena();
    const simulation = new Simulation({ compiled, data: undefined, testData: undefined, arena, optimum: null });
    for (let ended = simulation.begin(); ended === null; ) ended = simulation.advance();
    const taken = heap.used() - before;
    arena.release();
    const foreseen = memoryOf(compiled, foreseenFacts(compiled)!);
    expect(foreseen).toBeLessThanOrEqual(taken);
    // Vectors lifted for an attack, taken when it first looks, are left out: at most a row for each client.
    expect(foreseen).toBeGreaterThan(taken - 8 * 5000 * (compiled.experiment.clients.total + 8));
  });

  test('is what wasm can address', () => {
    expect(new SharedHeap().memory.buffer.byteLength).toBe(sharedMemoryBytes);
  });
});

describe('what a reader is told', () => {
  const warningsOf = (changes: Readonly<Record<string, unknown>>, using = catalog): string =>
    compiledOf(changes, using).warnings.join('\n');

  test('a cohort so small that f is 0 has a note with the arithmetic', () => {
    const small = { participation: { name: 'uniform', cohort: 3 } };
    expect(warningsOf(small)).toContain(
      'for a cohort (n = 3) a rule is told f = floor(5 * 3 / 20) = 0: one that uses f defends against nobody there',
    );
    expect(warningsOf({})).not.toContain('f = floor');
    expect(warningsOf({ ...small, clients: { total: 20, byzantine: 0 } })).not.toContain('f = floor');
    expect(warningsOf({ ...small, clients: { total: 20, byzantine: 5, assumedByzantine: 0 } })).not.toContain('f = floor');
    expect(warningsOf({ ...small, clients: { total: 20, byzantine: 5, assumedByzantine: 7 } })).not.toContain('f = floor');
  });

  const alie = { name: 'a-little-is-enough' };
  const among = (byzantine: number, attack: unknown = alie): string => warningsOf({ clients: { total: 20, byzantine }, attack });

  test('a-little-is-enough says where its formula gives no shift', () => {
    expect(among(11)).toContain("11 of 20 byzantine clients: liars send the honest mean (its formula's argument is 9/9, not below 1");
    expect(among(15)).toContain("(its formula's argument is 9/5, not below 1");
    expect(among(2)).toContain("liars send the honest mean (its formula's argument is 9/18, not above 1/2");
    expect(among(1)).toContain("it is -0.07, a shift the other way (its formula's argument is 9/19, not above 1/2");
    for (const byzantine of [0, 3, 5, 10]) expect(among(byzantine)).not.toContain('a-little-is-enough');
    expect(among(15, { ...alie, z: 1 })).not.toContain('a-little-is-enough');
    expect(among(15, { name: 'in-majority', attack: alie })).toContain('a-little-is-enough with z: auto');
  });

  test('the theory takes no rule that needs the spread of the honest messages, and none without a bound', () => {
    const theory = { clipping: { name: 'theory' }, clients: { total: 20, byzantine: 0 } };
    for (const start of ['previous', 'zero']) {
      expect(() => compiledOf({ ...theory, aggregator: { name: 'centered-clipping', start } })).toThrow(
        /MARINADE_PRECONDITION_ASSUMPTION.*agnostic rule; what 'centered-clipping' guarantees.*choose another rule, or set assumptions: waive/,
      );
    }
    expect(warningsOf({ ...theory, aggregator: { name: 'centered-clipping' }, assumptions: 'waive' })).toContain('waived: clipping theory');
    expect(() => compiledOf({ ...theory, aggregator: { name: 'rfa' } })).not.toThrow();

    const { traits, schema } = catalog.aggregators.get('mean');
    const unbounded = defineAggregator({
      name: 'doubled',
      summary: 'Twice the first message.',
      source: { cite: 'a test' },
      schema: schema as never,
      traits,
      create: () => ({
        infeasible: () => undefined,
        beyondGuarantee: () => undefined,
        aggregate: ({ rows }, _, out) => out.set(rows[0]!),
      }),
    });
    const mine = createCatalog({ aggregators: [unbounded] });
    const doubled = { ...theory, aggregator: { name: 'doubled' } };
    expect(() => compiledOf(doubled, mine)).toThrow(/ASSUMPTION.*Assumption 2\.3.*'doubled' as configured has none.*smallCohortRule: mean/);
    expect(() => compiledOf({ ...doubled, method: { ...base.method, smallCohortRule: 'mean' } }, mine)).not.toThrow();
  });
});
