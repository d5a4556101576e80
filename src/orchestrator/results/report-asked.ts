/** What a study asked, in its author's words and in plain ones. */
import { parseDocument } from 'yaml';
import { catalog } from '../../algorithm/catalog.ts';
import type { Experiment } from '../../algorithm/experiment.ts';
import type { Definition, Registry } from '../../shared/contracts/strategy.ts';
import type { ReportData } from './report-data.ts';
import { type Content, counted, definitions, details, grouped, joined, type Markup, markup, preformatted } from './report-html.ts';
import { valueLabel } from './statistics.ts';

/** What the study says it is about, as its author wrote it. */
export function descriptionOf(source: string): string | undefined {
  try {
    const description: unknown = parseDocument(source).get('description');
    return typeof description === 'string' && description.trim() !== '' ? description.trim() : undefined;
  } catch {
    // An old study's text may not parse any more; its description is the least of it.
    return undefined;
  }
}

/** Whether a study varies this value, or something inside it. */
type Varies = (path: string) => boolean;

/** A choice of strategy in words: its name, and in brackets what is neither the default nor varied. */
function choice(value: unknown, registry?: Registry<Definition>, varies: Varies = () => false): Markup {
  if (typeof value !== 'object' || value === null || !('name' in value)) return markup`<b>${valueLabel(value)}</b>`;
  const { name, preAggregators, ...rest } = value as Record<string, unknown>;
  const shown = Object.entries(rest).filter(
    ([key]) => !varies(key) && (registry === undefined || !isDefault(value as Record<string, unknown>, key, registry)),
  );
  const parameters = shown.map(([key, inner]) => `${key} ${valueLabel(inner)}`).join(', ');
  const fixed = Array.isArray(preAggregators) && preAggregators.length > 0 && !varies('preAggregators');
  const before = fixed ? ` behind ${valueLabel(preAggregators)}` : '';
  return markup`<b>${String(name)}</b>${before}${parameters === '' ? '' : ` (${parameters})`}`;
}

/** Whether a parameter could have been left out: the schema fills in the same. */
function isDefault(value: Readonly<Record<string, unknown>>, key: string, { schema }: Registry<Definition>): boolean {
  const { [key]: given, ...others } = value;
  const parsed = schema.safeParse(others);
  return parsed.success && JSON.stringify(parsed.data[key]) === JSON.stringify(given);
}

/** The question in plain words, from the first cell's experiment. */
export function asked({ runs, cells, study }: ReportData): Markup {
  const first = runs[0];
  if (first === undefined) return markup`<p>The study has no runs.</p>`;
  const experiment = JSON.parse(first.experiment) as Experiment;
  const paths = Object.keys(first.parameters);
  const comparisons = paths.map((path): readonly [string, Content] => {
    const values = [...new Map(cells.map(({ parameters }) => [JSON.stringify(parameters[path]), parameters[path]])).values()];
    const shown = values.slice(0, 24).map((value) => choice(value));
    return [path, joined([...shown, ...(values.length > 24 ? [`and ${values.length - 24} more`] : [])], ' <span class="soft">|</span> ')];
  });
  return joined([
    comparisons.length === 0 ? '' : markup`<h3>Compared</h3>${definitions(comparisons)}`,
    markup`<h3>${comparisons.length === 0 ? 'The experiment' : 'Held fixed'}</h3>${definitions(heldFixed(experiment, paths))}`,
    details('The study file, as it was submitted', preformatted(study.source), true),
  ]);
}

/** What all cells have in common: nothing of it is varied, not even in part. */
function heldFixed(experiment: Experiment, paths: readonly string[]): (readonly [string, Content])[] {
  const varies: Varies = (path) => paths.some((one) => one === path || one.startsWith(`${path}.`));
  const strategy = (key: StrategyKey): readonly [string, Content][] =>
    paths.includes(key) || varies(`${key}.name`)
      ? []
      : [[key, choice(experiment[key], registries[key], (parameter) => varies(`${key}.${parameter}`))]];
  const { data } = experiment;
  return [
    ...strategy('method'),
    ...strategy('problem'),
    ...(data === undefined || paths.includes('data') ? [] : dataWords(data, varies)),
    ...(data === undefined ? [] : strategy('partition')),
    ...clientsWords(experiment, varies, paths),
    ...strategy('participation'),
    ...strategy('attack'),
    ...strategy('clipping'),
    ...strategy('compressor'),
    ...strategy('aggregator'),
    ...(varies('rounds') ? [] : [['rounds', markup`<b>${grouped(experiment.rounds)}</b>`] as const]),
  ];
}

const registries = {
  method: catalog.methods,
  problem: catalog.problems,
  partition: catalog.partitioners,
  participation: catalog.participations,
  attack: catalog.attacks,
  clipping: catalog.clippings,
  compressor: catalog.compressors,
  aggregator: catalog.aggregators,
} as const;
type StrategyKey = keyof typeof registries;

function clientsWords({ clients }: Experiment, varies: Varies, paths: readonly string[]): (readonly [string, Content])[] {
  if (paths.includes('clients')) return [];
  const { total, byzantine } = clients;
  const words: Content[] = [];
  const some = varies('clients.total') ? `${byzantine} byzantine` : `${byzantine} of them byzantine`;
  if (!varies('clients.total')) words.push(markup`<b>${counted(total, 'client')}</b>`);
  if (!varies('clients.byzantine')) words.push(byzantine === 0 ? 'all honest' : some);
  return words.length === 0 ? [] : [['clients', joined(words, ', ')]];
}

function dataWords(data: NonNullable<Experiment['data']>, varies: Varies): (readonly [string, Content])[] {
  const words: Content[] = [];
  if (!varies('data.name') && !varies('data.file')) words.push(markup`<b>${'name' in data ? data.name : data.file.split('/').at(-1)!}</b>`);
  if (data.normalize === 'rows' && !varies('data.normalize')) words.push('rows of unit length');
  return words.length === 0 ? [] : [['data', joined(words, ', ')]];
}
