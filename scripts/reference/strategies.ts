/** docs/reference/strategies.md, from the registries and the doc blocks of their files. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Catalog, catalog } from '../../src/algorithm/catalog.ts';
import { otherNames } from '../../src/orchestrator/plan/other-names.ts';
import type { Definition, Registry } from '../../src/shared/contracts/strategy.ts';
import { alternatives, defaultText, isRequired, type JsonSchema, valueText } from './json-schema.ts';
import { code, page, table, words } from './markdown.ts';

/** Where each kind stands in an experiment, and in which folder its files lie. */
export const kinds: Readonly<
  Record<keyof Catalog, { readonly title: string; readonly key: string; readonly folder: string; readonly what: string }>
> = {
  methods: { title: 'Methods', key: 'method', folder: 'methods', what: 'the iteration of one paper' },
  problems: { title: 'Problems', key: 'problem', folder: 'problems', what: 'the objective f, and what a client may ask of its data' },
  aggregators: { title: 'Aggregators', key: 'aggregator', folder: 'aggregators', what: 'messages to one vector' },
  preAggregators: {
    title: 'Pre-aggregators',
    key: 'aggregator.preAggregators',
    folder: 'pre-aggregators',
    what: 'messages to messages, before the aggregator',
  },
  attacks: { title: 'Attacks', key: 'attack', folder: 'attacks', what: 'what a byzantine client sends' },
  clippings: { title: 'Clipping', key: 'clipping', folder: 'clipping', what: 'the level of a round' },
  compressors: { title: 'Compressors', key: 'compressor', folder: 'compressors', what: 'how messages are made small' },
  participations: { title: 'Participation', key: 'participation', folder: 'participation', what: 'who takes part in a round' },
  partitioners: { title: 'Partitions', key: 'partition', folder: 'partitioners', what: 'how rows are split over clients' },
};

/** The doc block of a strategy's file: its text before the first tag, and the tags. */
function docBlock(folder: string, name: string): { readonly head: string; readonly facts: ReadonlyMap<string, string> } {
  const text = readFileSync(new URL(`../../src/algorithm/${folder}/${name}.ts`, import.meta.url), 'utf8');
  const lines = (/^\/\*\*\n([\s\S]*?)\n \*\//.exec(text)?.[1] ?? '').split('\n').map((line) => line.replace(/^ \* ?/, ''));
  const [head, ...facts] = lines.join('\n').split(/^@/m);
  return {
    head: head!.trim(),
    facts: new Map(
      facts.map((fact) => [
        /^\w+/.exec(fact)![0],
        fact
          .replace(/^\w+\s+/, '')
          .replace(/\s*\n\s*/g, ' ')
          .trim(),
      ]),
    ),
  };
}

function parameterRows(schema: JsonSchema, wanted: (key: string) => boolean): string[][] {
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => key !== 'name' && wanted(key))
    .map(([key, value]) => [code(key), valueText(value), defaultText(value, isRequired(schema, key)), words(value.description ?? '')]);
}

const parameterHead = ['parameter', 'value', 'default', 'meaning'];

/** A trait in words: `nonFinite: survives`; what a program alone needs (functions) is left out. */
function traitsOf(definition: Definition): string {
  const { traits } = definition as { traits?: Readonly<Record<string, unknown>> };
  const told = Object.entries(traits ?? {}).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
  return told.map(([name, value]) => code(`${name}: ${String(value)}`)).join(', ');
}

/** Two kinds may have a strategy of one name, so a heading says both: its anchor is unique. */
const heading = (kind: keyof Catalog, name: string): string => `${kinds[kind].key.split('.').at(-1)}: ${name}`;

const anchor = (kind: keyof Catalog, name: string): string => heading(kind, name).toLowerCase().replace(': ', '-');

function strategySection(kind: keyof Catalog, definition: Definition, schema: JsonSchema): string {
  const { head, facts } = docBlock(kinds[kind].folder, definition.name);
  const { cite, where } = definition.source;
  const rows = parameterRows(schema, (key) => key in definition.schema.shape);
  const traits = traitsOf(definition);
  const elsewhere = (otherNames[definition.name] ?? []).map(code).join(', ');
  const list = [
    `Source: ${words(cite)}${where === undefined ? '' : `, ${words(where)}`}.`,
    ...['cost', 'random', 'throws', 'deviates', 'example'].flatMap((tag) => {
      const fact = facts.get(tag);
      return fact === undefined || fact === 'none' ? [] : [`${tag[0]!.toUpperCase()}${tag.slice(1)}: ${words(fact)}`];
    }),
    ...(traits === '' ? [] : [`Traits: ${traits}`]),
    ...(elsewhere === '' ? [] : [`Elsewhere: ${elsewhere}`]),
  ];
  return [
    `### ${heading(kind, definition.name)}`,
    words(definition.summary),
    `\`\`\`text\n${head}\n\`\`\``,
    ...(rows.length === 0 ? [] : [table(parameterHead, rows)]),
    list.map((line) => `- ${line}`).join('\n'),
  ].join('\n\n');
}

function kindSection(kind: keyof Catalog): string {
  const { title, key, what } = kinds[kind];
  const registry = catalog[kind] as Registry<Definition>;
  const schemas = alternatives(z.toJSONSchema(registry.schema, { io: 'input' }) as JsonSchema);
  const [first] = registry.definitions;
  const common = parameterRows(schemas[0]!, (parameter) => !(parameter in first!.schema.shape));
  return [
    `## ${title}`,
    `${code(key)}: ${what}.`,
    ...(common.length === 0 ? [] : [`Every one of them also takes:\n\n${table(parameterHead, common)}`]),
    ...registry.definitions.map((definition, i) => strategySection(kind, definition, schemas[i]!)),
  ].join('\n\n');
}

export function strategiesPage(): string {
  const all = Object.keys(kinds) as (keyof Catalog)[];
  const contents = all.map((kind) => {
    const { title } = kinds[kind];
    return `- [${title}](#${title.toLowerCase()}): ${catalog[kind].names.map((name) => `[${name}](#${anchor(kind, name)})`).join(', ')}`;
  });
  return page(
    'Strategies',
    'Everything an experiment can be made of, by the names used in a study.',
    contents.join('\n'),
    ...all.map(kindSection),
  );
}
