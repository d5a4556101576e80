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

/** A choice of strategy in words: its name, and in brackets what is not the default. */
function choice(value: unknown, registry?: Registry<Definition>): Markup {
  if (typeof value !== 'object' || value === null || !('name' in value)) return markup`<b>${valueLabel(value)}</b>`;
  const { name, preAggregators, ...rest } = value as Record<string, unknown>;
  const parameters = Object.entries(rest)
    .filter(([key]) => registry === undefined || !isDefault(value as Record<string, unknown>, key, registry))
    .map(([key, inner]) => `${key} ${valueLabel(inner)}`)
    .join(', ');
  const before = Array.isArray(preAggregators) && preAggregators.length > 0 ? ` behind ${valueLabel(preAggregators)}` : '';
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
  const varied = (key: string): boolean => paths.some((path) => path === key || path === `${key}.name`);
  const { clients, data } = experiment;
  const liars =
    clients.byzantine === 0
      ? 'all honest'
      : `${clients.byzantine} of them byzantine${paths.some((path) => path.startsWith('clients.')) ? ' (varied)' : ''}`;
  const parts: readonly (readonly [string, Content])[] = [
    ['method', choice(experiment.method, catalog.methods)],
    ['problem', choice(experiment.problem, catalog.problems)],
    ...(data === undefined
      ? []
      : [['data', joined([choice(experiment.partition, catalog.partitioners), ' partition of ', dataWords(data)])] as const]),
    ['clients', markup`<b>${counted(clients.total, 'client')}</b>, ${liars}`],
    ['participation', choice(experiment.participation, catalog.participations)],
    ['attack', choice(experiment.attack, catalog.attacks)],
    ['clipping', choice(experiment.clipping, catalog.clippings)],
    ['compressor', choice(experiment.compressor, catalog.compressors)],
    ['aggregator', choice(experiment.aggregator, catalog.aggregators)],
    ['rounds', markup`<b>${grouped(experiment.rounds)}</b>`],
  ];
  const fixed = parts.filter(([key]) => !varied(key) && key in experiment);
  const comparisons = paths.map((path): readonly [string, Content] => {
    const values = [...new Map(cells.map(({ parameters }) => [JSON.stringify(parameters[path]), parameters[path]])).values()];
    const shown = values.slice(0, 24).map((value) => choice(value));
    return [path, joined([...shown, ...(values.length > 24 ? [`and ${values.length - 24} more`] : [])], ' <span class="soft">|</span> ')];
  });
  return joined([
    comparisons.length === 0 ? '' : markup`<h3>Compared</h3>${definitions(comparisons)}`,
    markup`<h3>${comparisons.length === 0 ? 'The experiment' : 'Held fixed'}</h3>${definitions(fixed)}`,
    details('The study file, as it was submitted', preformatted(study.source), true),
  ]);
}

function dataWords(data: NonNullable<Experiment['data']>): Markup {
  const name = 'name' in data ? data.name : data.file.split('/').at(-1)!;
  return markup`<b>${name}</b>${data.normalize === 'rows' ? ', rows of unit length' : ''}`;
}
