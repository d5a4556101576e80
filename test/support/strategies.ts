/**
 * What the conformance suites of all kinds of strategies share: parameters to try, the doc block and its example,
 * random inputs, arrays that show when they are read too early.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { KeyedStream } from '../../src/algorithm/random/streams.ts';
import type { Definition, Registry, StrategyChoice } from '../../src/shared/contracts/strategy.ts';
import { codeOf, type ErrorCode } from '../../src/shared/errors.ts';
import type { Stream } from '../../src/shared/vector.ts';

type Parameters = Readonly<Record<string, unknown>>;

/**
 * Parameters every suite tries: all defaults, then these. A strategy without defaults must be listed here; one with
 * variants should be.
 */
const tried: Readonly<Record<string, Readonly<Record<string, readonly Parameters[]>>>> = {
  aggregator: {
    'trimmed-mean': [{}, { trim: 1 }],
    rfa: [{}, { iterations: 3, start: 'mean' }, { smoothingScale: 'relative' }, { start: 'coordinate-median', nonFinite: 'ignore' }],
    krum: [{}, { neighbors: 'n-f-1' }],
    'multi-krum': [{}, { neighbors: 'n-f-1' }, { select: 2 }],
    'centered-clipping': [{}, { start: 'zero', radius: 2, iterations: 1 }],
  },
  'pre-aggregator': {
    bucketing: [{}, { size: 1 }, { size: 3 }],
    'norm-clipping': [{ level: 1.5 }],
  },
  attack: {
    gaussian: [{}, { mean: 3, standardDeviation: 0.5 }],
    'bit-flip': [{}, { of: 'gradient', scale: 3 }, { of: 'mean' }, { of: 'mean', visibility: 'cohort' }],
    'label-flip': [{}, { of: 'gradient' }],
    'inner-product-manipulation': [{}, { visibility: 'cohort' }],
    'a-little-is-enough': [{}, { z: 1.5, sign: 1 }, { visibility: 'cohort' }],
    'shift-back': [{}, { multiplier: 2 }, { otherwise: 'honest' }, { visibility: 'cohort' }],
    'blow-up': [{}, { norm: 10, visibility: 'cohort' }],
    'in-majority': [
      { attack: { name: 'bit-flip' } },
      { attack: { name: 'gaussian' }, threshold: 0.25 },
      { attack: { name: 'label-flip', of: 'gradient' } },
      { attack: { name: 'a-little-is-enough', visibility: 'cohort' } },
    ],
  },
  compressor: { 'rand-k': [{ k: 2 }, { fraction: 0.3 }], qsgd: [{ levels: 1 }, { levels: 4 }] },
  participation: {
    uniform: [{ cohort: 4 }, { cohort: 3, largeCohort: 7 }],
    bernoulli: [{ probability: 0.3 }, { probability: 0.7, largeCohort: 5 }],
  },
  partition: {
    dirichlet: [{ alpha: 0.1 }, { alpha: 100 }, { alpha: 1e-6 }],
    'label-sorted': [{}, { shards: 1 }, { shards: 3 }],
    explicit: [{ rows: [[0, 2], [1], [4, 3, 0]] }],
  },
  clipping: {
    'step-proportional': [{ factor: 2 }],
    'direction-proportional': [{ factor: 2 }],
    fixed: [{ level: 2 }],
    theory: [{}, { bound: 'bounded-compressor' }],
  },
  method: {
    'gradient-descent': [{ stepSize: 0.5 }, { stepSize: 0.5, initialEstimator: 'exact' }],
    sgd: [
      { stepSize: 0.5, batchSize: 2 },
      { stepSize: 0.5, batchSize: 1, batches: 'shared', initialEstimator: 'zero' },
    ],
    'client-momentum': [
      { stepSize: 0.3, batchSize: 2, momentum: 0.5 },
      { stepSize: 0.1, batchSize: 1, momentum: 0.8, dampening: 0 },
    ],
    'byz-vr-marina': [
      { stepSize: 0.5, batchSize: 2, refresh: { probability: 0.2 } },
      { stepSize: 0.5, batchSize: 2, refresh: { every: 5 }, aggregates: 'estimates', initialEstimator: 'exact' },
    ],
    'byz-vr-marina-pp': [
      { stepSize: 0.5, batchSize: 2, refresh: { probability: 0.2 } },
      { stepSize: 0.5, batchSize: 2, refresh: { every: 5 }, smallCohortRule: 'mean', batches: 'shared' },
      {
        stepSize: 0.5,
        batchSize: 1,
        refresh: { probability: 0.5 },
        refreshGradient: { batchSize: 3 },
        aggregates: 'estimates',
        initialEstimator: 'zero',
      },
    ],
  },
  problem: {
    'logistic-regression': [{ l2: 0.1 }, {}, { l2: 0.05, nonConvex: 0.2 }],
    'least-squares': [{ l2: 0.1 }, {}],
    quadratic: [{ dimension: 5 }, { dimension: 6, smoothness: 3, strongConvexity: 0.2, heterogeneity: 1, rank: 4 }],
  },
};

/** The choices a suite tries for a strategy, parsed by its registry. */
export function choicesOf({ kind, schema }: Registry<Definition>, name: string): StrategyChoice[] {
  return (tried[kind]?.[name] ?? [{}]).map((parameters) => schema.parse({ name, ...parameters }));
}

/** Every registered strategy with every choice tried, named for `test.each`. */
export function everyChoice(registry: Registry<Definition>): (readonly [string, StrategyChoice])[] {
  return registry.names.flatMap((name) => choicesOf(registry, name).map((choice) => [spelled(choice), choice] as const));
}

function spelled({ name, ...parameters }: StrategyChoice): string {
  return `${name} ${JSON.stringify(parameters)}`;
}

const tags = ['shape', 'cost', 'random', 'throws', 'source', 'deviates', 'example'];

/** The doc block that opens a file of strategies. */
function docBlock(folder: string, name: string): { text: string; head: string; facts: Map<string, string> } {
  const text = readFileSync(new URL(`../../src/algorithm/${folder}/${name}.ts`, import.meta.url), 'utf8');
  const block = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '';
  const lines = block.split('\n').map((line) => line.replace(/^ \* ?/, ''));
  const [head, ...parts] = lines.join('\n').split(/^@/m);
  return { text, head: head!, facts: new Map(parts.map((part) => [/^\w+/.exec(part)![0], part.replace(/^\w+\s*/, '').trim()])) };
}

/** The example of a strategy's doc block, `{ inputs } -> result`, both sides read as YAML. */
export function exampleOf(folder: string, name: string): { inputs: Record<string, unknown>; result: unknown } {
  const example = docBlock(folder, name).facts.get('example') ?? '';
  const [inputs, result] = example.split(' -> ');
  return { inputs: parse(inputs ?? '') as Record<string, unknown>, result: parse(result ?? '') };
}

/** The parameters among an example's inputs. */
export function parametersIn(definition: Definition, inputs: Readonly<Record<string, unknown>>): Parameters {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => key in definition.schema.shape));
}

/** The tests that are the same for every kind: files, names, doc blocks, schemas. */
export function testDefinitions(registry: Registry<Definition>, folder: string): void {
  describe.each(registry.definitions.map((definition) => [definition.name, definition] as const))('%s', (name, definition) => {
    test('it stands in the file of its name, under its name in camel case', () => {
      const camel = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      expect(docBlock(folder, name).text).toMatch(new RegExp(`^export const ${camel} = define\\w+\\(\\{\\n  name: '${name}',`, 'm'));
    });

    test('it opens with a doc block: a sentence, the formula, the facts in their order', () => {
      const { head, facts } = docBlock(folder, name);
      expect(head).toMatch(/^\n[A-Z][^\n]+/);
      expect(head).toMatch(/^ {2}\S/m);
      expect([...facts.keys()]).toEqual(tags);
      for (const [tag, fact] of facts) expect(`${tag}: ${fact}`).not.toMatch(/: $/);
    });

    test('it has a source, a summary and a description of every parameter', () => {
      expect(definition.source.cite).not.toBe('');
      expect(definition.summary).toMatch(/^[A-Z].*\.$/);
      for (const [key, schema] of Object.entries(definition.schema.shape)) {
        expect(`${key}: ${(schema as { description?: string }).description ?? ''}`).toMatch(/: .+/);
      }
    });

    test('it parses what is tried, fills in defaults once and for all, and refuses unknown keys', () => {
      for (const choice of choicesOf(registry, name)) {
        expect(registry.schema.parse(choice)).toEqual(choice);
        expect(registry.schema.safeParse({ ...choice, unheardOf: 1 }).success).toBe(false);
      }
    });
  });

  test('every strategy in the folder is registered', () => {
    const files = readdirSync(new URL(`../../src/algorithm/${folder}`, import.meta.url)).map((file) => file.replace(/\.ts$/, ''));
    const defined = files.filter((file) => /^export const \w+ = define/m.test(docBlock(folder, file).text));
    expect(defined.sort()).toEqual([...registry.names].sort());
  });
}

/** A test of what only some strategies claim. */
export function claim(claimed: unknown, name: string, body: () => void): void {
  if (claimed) test(name, body);
}

/** A stream of its own for every test: `label` is hashed into the seed. */
export function streamFor(label: string): KeyedStream {
  let seed = 7;
  for (let i = 0; i < label.length; i++) seed = (seed * 31 + label.charCodeAt(i)) % 4294967296;
  return new KeyedStream(seed, 'measurement').at(1);
}

/** Rows of independent normals. */
export function normalRows(stream: Stream, n: number, d: number, scale = 1): Float64Array[] {
  return Array.from({ length: n }, () => Float64Array.from({ length: d }, () => scale * stream.normal()));
}

/** Doubles that poison whatever reads them before writing. */
export function poisoned(length: number): Float64Array {
  return new Float64Array(length).fill(Number.NaN);
}

/** The code of what an action throws; undefined when it does not. */
export function codeThrownBy(action: () => unknown): ErrorCode | undefined {
  try {
    action();
    return undefined;
  } catch (thrown) {
    return codeOf(thrown);
  }
}

/** Largest absolute coordinate. */
export function largest(vectors: Iterable<ArrayLike<number>>): number {
  let most = 0;
  for (const vector of vectors) for (let j = 0; j < vector.length; j++) most = Math.max(most, Math.abs(vector[j]!));
  return most;
}

/** Asserts that two vectors agree in every coordinate up to `tolerance`, absolutely. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let j = 0; j < expected.length; j++) {
    const difference = Math.abs(actual[j]! - expected[j]!);
    if (!(difference <= tolerance)) expect(`coordinate ${j}: ${actual[j]}`).toBe(`coordinate ${j}: ${expected[j]} within ${tolerance}`);
  }
}

/** Golden values made by the script of the same name. */
export function golden<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')) as Shape;
}
