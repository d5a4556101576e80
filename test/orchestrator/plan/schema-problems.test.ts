/** What a reader is told when an experiment does not fit its schema: one wording, and what was probably meant. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { catalog } from '../../../src/algorithm/catalog.ts';
import { experimentSchema } from '../../../src/algorithm/experiment.ts';
import { otherNames, plainly } from '../../../src/orchestrator/plan/other-names.ts';
import { studySchema } from '../../../src/orchestrator/plan/read-study.ts';
import { problemsFrom } from '../../../src/orchestrator/plan/schema-problems.ts';
import { registeredSets } from '../../../src/worker/data/registry.ts';
import { base, refusal } from './support.ts';

const kinds = {
  problem: catalog.problems,
  partition: catalog.partitioners,
  participation: catalog.participations,
  method: catalog.methods,
  clipping: catalog.clippings,
  compressor: catalog.compressors,
  aggregator: catalog.aggregators,
  attack: catalog.attacks,
};

/** The whole first problem of the experiment `changes` makes. */
async function told(key: string, value: string): Promise<string> {
  const text = new RegExp(`^ {2}${key}: .*\n`, 'm').test(base)
    ? base.replace(new RegExp(`^ {2}${key}: .*\n`, 'm'), `  ${key}: ${value}\n`)
    : `${base}  ${key}: ${value}\n`;
  return (await refusal(text)).lines[0]!;
}

describe('a strategy written as its bare name', () => {
  test.each(Object.entries(kinds).flatMap(([key, { names }]) => names.map((name) => [key, name] as const)))(
    'it suggests the map for %s: %s',
    async (key, name) => {
      expect(await told(key, name)).toMatch(new RegExp(`got "${name}"; did you mean \\{ name: ${name} \\}( with its [\\w ]+)?\\?$`));
    },
  );

  test('it names the parameters that must stand beside', async () => {
    expect(await told('method', 'sgd')).toContain('did you mean { name: sgd } with its stepSize and batchSize?');
  });

  test.each([
    ['aggregator', '{ name: mean, preAggregators: [nnm] }', 'did you mean { name: nearest-neighbor-mixing }?'],
    ['aggregator', '{ name: mean, preAggregators: nnm }', 'did you mean [{ name: nearest-neighbor-mixing }]?'],
    ['aggregator', '{ name: mean, preAggregators: { name: bucketing } }', 'did you mean [{ name: bucketing }]?'],
    ['attack', '{ name: in-majority, attack: alie }', 'did you mean { name: a-little-is-enough }?'],
    ['data', 'a9a', 'did you mean { name: a9a }?'],
    ['data', 'my/rows.libsvm', 'did you mean { file: my/rows.libsvm }?'],
    ['start', 'zeros', 'did you mean { name: zeros }?'],
    ['clients', '10', 'did you mean { total: 10 }?'],
    ['metrics', '[loss]', 'did you mean { names: [loss] }?'],
    ['metrics', '{ names: loss }', 'did you mean [loss]?'],
    ['method', '{ name: byz-vr-marina-pp, stepSize: 1, batchSize: 1, refresh: 0.1 }', 'did you mean { probability: 0.1 }?'],
    ['method', '{ name: byz-vr-marina-pp, stepSize: 1, batchSize: 1, refresh: 50 }', 'did you mean { every: 50 }?'],
    ['clients', '{ total: 9, byzantineIdentity: 50 }', 'did you mean { redrawEvery: 50 }?'],
    ['rounds', '"10"', 'did you mean 10?'],
  ])('it repairs %s: %s', async (key, value, hint) => {
    expect(await told(key, value)).toContain(hint);
  });
});

describe('names that the field uses', () => {
  test.each([
    ['attack', 'alie', 'a-little-is-enough'],
    ['attack', 'ALIE', 'a-little-is-enough'],
    ['attack', 'ipm', 'inner-product-manipulation'],
    ['attack', 'foe', 'inner-product-manipulation'],
    ['attack', 'signflip', 'bit-flip'],
    ['attack', 'sign_flip', 'bit-flip'],
    ['attack', 'BF', 'bit-flip'],
    ['method', 'momentum-sgd', 'client-momentum'],
    ['aggregator', 'median', 'coordinate-median'],
    ['aggregator', 'cm', 'coordinate-median'],
    ['aggregator', 'gm', 'geometric-median'],
    ['aggregator', 'coordinate', 'coordinate-median'],
    ['compressor', 'RandK', 'rand-k'],
    ['problem', 'logreg', 'logistic-regression'],
  ])('it knows what %s: %s is called here', async (key, name, ours) => {
    expect(await told(key, `{ name: ${name} }`)).toMatch(new RegExp(`; did you mean '${ours}'\\?$`));
    expect(await told(key, name)).toContain(`did you mean { name: ${ours} }`);
  });

  test.each(['lr', 'learning_rate', 'learningRate', 'gamma', 'step'])('it knows that %s is the step size', async (key) => {
    const { text } = await refusal(base.replace('stepSize', key));
    expect(text).toContain(`method: unknown key '${key}'; did you mean 'stepSize'?`);
  });

  test('it has no other name for what does not exist, and none that is a name of ours for the same place', () => {
    const schema = z.toJSONSchema(studySchema.extend({ experiment: experimentSchema(catalog) }), { io: 'input' });
    const known = new Set<string>(registeredSets.map(({ name }) => name));
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties, const: literal, enum: members } = node as { properties?: object; const?: unknown; enum?: unknown[] };
      for (const name of [...Object.keys(properties ?? {}), literal, ...(members ?? [])]) if (typeof name === 'string') known.add(name);
      Object.values(node).forEach(walk);
    };
    walk(schema);
    for (const [name, others] of Object.entries(otherNames)) {
      expect(known, name).toContain(name);
      expect(others, name).toEqual([...new Set(others)]);
      for (const other of others) expect(plainly(other), `${name} is called ${other}`).not.toBe(plainly(name));
    }
  });
});

describe('the wording', () => {
  const schema = z.strictObject({
    share: z.number().gt(0).max(1),
    count: z.int().min(2),
    exact: z.union([z.literal(64), z.literal(32)]),
    flag: z.boolean(),
    texts: z.array(z.string()).min(1),
    pair: z.union([z.literal('auto'), z.number()]),
    free: z.custom(() => false),
    told: z.string().regex(/^x/, 'expected a word that begins with x'),
  });
  const right = { share: 1, count: 2, exact: 64, flag: true, texts: ['a'], pair: 'auto', free: 1, told: 'x' };
  const messages = (changes: object): string[] => {
    const value = { ...right, ...changes };
    return problemsFrom(schema.safeParse(value).error!.issues, schema, value, []).map(({ message }) => message);
  };

  test.each([
    ['share', 2, 'share: expected a number > 0 and <= 1; got 2'],
    ['share', Number.NaN, 'share: expected a number > 0 and <= 1; got NaN'],
    ['count', 1, 'count: expected an integer >= 2; got 1'],
    ['count', 2.5, 'count: expected an integer >= 2; got 2.5'],
    ['count', undefined, 'count: missing; expected an integer >= 2'],
    ['exact', 16, 'exact: expected one of 64, 32; got 16'],
    ['flag', 'yes', 'flag: expected true or false; got "yes"'],
    ['texts', [], 'texts: expected a list of texts that is not empty; got []'],
    ['texts', 'a', 'texts: expected a list of texts that is not empty; got "a"; did you mean [a]?'],
    ['pair', {}, 'pair: expected auto or a number; got {}'],
    ['told', 'y', 'told: expected a word that begins with x; got "y"'],
    ['told', null, 'told: expected text; got nothing (null)'],
  ])('it says of %s: %j what was expected and what came, once', (key, value, message) => {
    expect(messages({ [key]: value, free: 1 })).toContain(message);
  });

  test('it says at least that a value does not fit where a schema tells nothing', () => {
    expect(messages({})).toEqual(['free: expected another value; got 1']);
  });

  test('it cuts what is too long to be read', () => {
    expect(messages({ told: 'y'.repeat(1000) })[0]!.length).toBeLessThan(150);
  });
});
