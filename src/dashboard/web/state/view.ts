/** The view of a study as the address says it: filters, what is drawn, how the table stands. */
import { computed, effect } from '@preact/signals';
import type { MetricFacts } from '../../../shared/contracts/dashboard.ts';
import { query, show, shown } from './route.ts';
import { selection, table } from './study-table.ts';

const SEPARATOR = '~';

export function listed(text: string | undefined): string[] | undefined {
  return text === undefined ? undefined : text.split(SEPARATOR);
}

export function joined(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join(SEPARATOR);
}

/** Filters, read from the address: `f.<path>`, `outcome`, `seed`, `q`. */
export function readSelection(of: URLSearchParams): typeof selection.value {
  const where = Object.fromEntries(
    [...of].filter(([name]) => name.startsWith('f.')).map(([name, value]) => [name.slice(2), listed(value)!]),
  );
  return {
    ...(Object.keys(where).length > 0 ? { where } : {}),
    outcomes: listed(of.get('outcome') ?? undefined),
    seeds: listed(of.get('seed') ?? undefined)?.map(Number),
    text: of.get('q') ?? undefined,
  };
}

effect(() => {
  const next = readSelection(query.value);
  // The same filters are the same object: nothing is computed anew for a change of something else.
  if (JSON.stringify(next) !== JSON.stringify(selection.peek())) selection.value = next;
});

/** Lets one more value of a filter through, or one less; all values are the same as none. */
export function toggle(name: string, value: string, all: readonly string[]): void {
  const now = new Set(listed(shown(name)) ?? all);
  if (now.has(value)) now.delete(value);
  else now.add(value);
  const kept = all.filter((one) => now.has(one));
  show({ [name]: kept.length === all.length ? undefined : joined(kept) });
}

export const metric = computed((): MetricFacts | undefined => {
  const known = table.value;
  const wanted = shown('metric') ?? known?.headline;
  return known?.metrics.find(({ name }) => name === wanted) ?? known?.metrics.find(({ name }) => name === known.headline);
});

/** Horizontal axes that curves can have here. */
export const axes = computed((): readonly { readonly name: string; readonly title: string }[] => {
  const recorded = new Set(table.value?.metrics.map(({ name }) => name));
  return [
    { name: 'rounds', title: 'rounds' },
    { name: 'gradient-evaluations', title: 'gradient evaluations' },
    { name: 'uplink-bits', title: 'bits sent' },
    { name: 'seconds', title: 'seconds' },
  ].filter(({ name }) => name === 'rounds' || name === 'seconds' || recorded.has(name));
});

/** Distinct labels of a varied parameter, in the study's order. */
export function labelsOf(path: string): readonly string[] {
  const known = table.value;
  const place = known?.paths.indexOf(path) ?? -1;
  return known === undefined || place < 0 ? [] : [...new Set(known.cells.map((labels) => labels[place]!))];
}

/** Parameters that really vary, with how many values they have. */
export const varied = computed(() =>
  (table.value?.paths ?? []).map((path) => ({ path, labels: labelsOf(path) })).filter(({ labels }) => labels.length > 1),
);

const isAttack = (path: string): boolean => path === 'attack' || path === 'attack.name';
const isRule = (path: string): boolean =>
  path === 'aggregator' || path === 'aggregator.name' || path.startsWith('aggregator.preAggregators');

/** The two parameters of the heat map: attack x rule where they vary, else the two with the most values. */
export const heatAxes = computed((): { readonly rows: string | undefined; readonly columns: string | undefined } => {
  const paths = varied.value.map(({ path }) => path);
  const bySize = [...varied.value].sort((a, b) => b.labels.length - a.labels.length).map(({ path }) => path);
  const rows = shown('rows') ?? paths.find(isAttack) ?? bySize[0];
  const others = bySize.filter((path) => path !== rows);
  const columns =
    shown('columns') ??
    paths.find((path) => isRule(path) && path !== rows) ??
    paths.find((path) => /^clipping/.test(path) && path !== rows) ??
    others[0];
  return { rows, columns: columns === rows ? undefined : columns };
});

/** What curves are grouped by. */
export const grouping = computed((): readonly string[] => {
  const asked = shown('group');
  if (asked !== undefined) return asked === 'none' ? [] : listed(asked)!;
  const candidates = varied.value.filter(({ labels }) => labels.length <= 8).map(({ path }) => path);
  const { rows, columns } = heatAxes.value;
  // What the heat map does not show already.
  const best = candidates.find((path) => path !== rows && path !== columns) ?? candidates.find((path) => path === columns) ?? candidates[0];
  return best === undefined ? [] : [best];
});
