/** docs/reference/config.md, from the schema of a study. */
import { metricDescriptions } from '../../src/algorithm/metrics.ts';
import { registeredSets } from '../../src/worker/data/registry.ts';
import { conditions } from './conditions.ts';
import { alternatives, defaultText, isRequired, type JsonSchema, nameOf, valueText } from './json-schema.ts';
import { code, page, table, words } from './markdown.ts';
import { kinds } from './strategies.ts';

const strategyKinds = new Map(Object.values(kinds).map(({ key, title }) => [key, title]));

const everyMetric = Object.keys(metricDescriptions).map(code).join(', ');

type Row = readonly [path: string, value: string, preset: string, meaning: string];

/** The rows of an object's keys, and of the keys inside them; strategies have a page of their own. */
function rowsOf(owner: JsonSchema, prefix = ''): Row[] {
  return Object.entries(owner.properties ?? {}).flatMap(([key, schema]): Row[] => {
    const path = `${prefix}${key}`;
    const preset = defaultText(schema, isRequired(owner, key));
    const meaning = words(schema.description ?? '');
    const strategies = strategyKinds.get(path);
    if (strategies !== undefined) {
      const link = `one of the [${strategies.toLowerCase()}](strategies.md#${strategies.toLowerCase()})`;
      return [[code(path), link, preset, meaning]];
    }
    const inner = [...rowsOf(schema, `${path}.`), ...rowsOfAlternatives(schema, `${path}.`)];
    const isPlainObject = schema.properties !== undefined;
    const isAlwaysThere = isRequired(owner, key) || schema.default !== undefined;
    if (isPlainObject && isAlwaysThere && meaning === '') return inner;
    const value = isPlainObject ? '' : valueText(schema).replace(everyMetric, '[metric](#metrics)');
    return [[code(path), value, preset, meaning], ...mergedByPath(inner)];
  });
}

/** What one of several alternatives requires is required with it alone. */
function rowsOfAlternatives(schema: JsonSchema, prefix: string): Row[] {
  const among = alternatives(schema).filter(({ properties }) => properties !== undefined);
  const requiredKeys = (one: JsonSchema): string[] => Object.keys(one.properties!).filter((key) => isRequired(one, key));
  return among.flatMap((one) =>
    rowsOf(one, prefix).map((row): Row => {
      const [path, value, preset, meaning] = row;
      const isShared = among.every(({ properties }) => Object.keys(properties!).some((key) => path === code(`${prefix}${key}`)));
      if (preset !== 'required' || isShared) return row;
      const name = nameOf(one);
      if (name !== undefined) return [path, value, `required with ${code(name)}`, meaning];
      const others = among.filter((other) => other !== one).flatMap(requiredKeys);
      return [path, value, `required without ${[...new Set(others)].map((key) => code(`${prefix}${key}`)).join(', ')}`, meaning];
    }),
  );
}

/** Alternatives may share keys: one row tells all their values. */
function mergedByPath(rows: readonly Row[]): Row[] {
  const merged = new Map<string, Row>();
  for (const row of rows) {
    const before = merged.get(row[0]);
    if (before === undefined) merged.set(row[0], row);
    else if (before[1] !== row[1]) merged.set(row[0], [row[0], `${before[1]}, ${row[1]}`, before[2], before[3]]);
  }
  return [...merged.values()];
}

const head = ['key', 'value', 'default', 'meaning'];

export function configPage(study: JsonSchema): string {
  const { experiment, ...around } = study.properties!;
  const strategies = [...strategyKinds.keys()].filter((key) => !key.includes('.'));
  const missing = strategies.filter((key) => alternatives(experiment!.properties![key] ?? {}).every((one) => nameOf(one) === undefined));
  if (missing.length > 0) throw new Error(`an experiment has no strategies under ${missing.join(', ')}`);
  return page(
    'Studies',
    'A study is one YAML file: a base experiment, the parameters to vary, the seeds. Unknown keys are errors. `marinade schema` prints ' +
      'the JSON Schema, which is also in `schema/study.schema.json`, for editors.',
    `## The study\n\n${table(head, rowsOf({ ...study, properties: around }))}`,
    '## The experiment\n\nEverything that decides the numbers of a run, and nothing else: under `experiment`.\n\n' +
      table(head, rowsOf({ ...experiment!, required: ['problem', 'clients', 'method', 'aggregator', 'rounds'] })),
    conditions,
    `## Data sets\n\nWhat ${code('data.name')} may be; [${code('marinade data')}](commands.md#marinade-data-list) says where they lie and gets them. ` +
      'What is in none of these files stands in a file of your own: `data: { file: rows.libsvm }`.\n\n' +
      table(
        ['data set', 'rows', 'd', 'from'],
        [
          ...registeredSets.map(({ name, rows, dimension, citation }) => [code(name), String(rows), String(dimension), words(citation)]),
          [code('synthetic-adult'), '32561', '123', 'made from a seed, in the shape of a9a'],
        ],
      ),
    '## Metrics\n\nWhat `metrics.names` may list, as recorded at round k.\n\n' +
      table(
        ['metric', 'meaning'],
        Object.entries(metricDescriptions).map(([name, meaning]) => [code(name), words(meaning)]),
      ),
  );
}
