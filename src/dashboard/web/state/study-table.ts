/**
 * The runs of the study that is open, in columns. Changes replace single rows: whoever reads `version` is told. Filters
 * and sorting work on cells and row numbers, so that they stay quick with tens of thousands of runs.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import type { MetricColumns, MetricFacts, RunSelection, RunTable } from '../../../shared/contracts/dashboard.ts';
import { type ApiError, get, numberOf } from './api.ts';
import { onChange } from './stream.ts';

export interface Columns {
  readonly last: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly rate: Float64Array;
}

export interface StudyTable {
  readonly studyKey: string;
  readonly paths: readonly string[];
  readonly cells: readonly (readonly string[])[];
  readonly metrics: readonly MetricFacts[];
  readonly headline: string | undefined;
  readonly size: number;
  readonly runKey: readonly string[];
  readonly cell: Int32Array;
  readonly seed: Float64Array;
  readonly outcome: string[];
  readonly rounds: Float64Array;
  readonly committed: Float64Array;
  readonly seconds: Float64Array;
  readonly deaths: Float64Array;
  readonly values: Readonly<Record<string, Columns>>;
}

type Wire = Omit<RunTable, 'values'> & {
  readonly values: Readonly<Record<string, Readonly<Record<keyof MetricColumns, (number | string | null)[]>>>>;
};

export const table = signal<StudyTable | undefined>(undefined);
/** Grows whenever rows of the table changed. */
export const version = signal(0);
export const failure = signal<ApiError | undefined>(undefined);

let seq = 0;
let rowOf = new Map<string, number>();
let wanted: readonly string[] = [];
let opened: string | undefined;
let loading: AbortController | undefined;

/** Opens a study, or loads it anew with other metrics. */
export function openStudy(studyKey: string, metrics: readonly string[]): void {
  const same = opened === studyKey && metrics.every((metric) => wanted.includes(metric));
  if (same && table.peek() !== undefined) return;
  if (opened !== studyKey) table.value = undefined;
  opened = studyKey;
  wanted = metrics;
  void load();
}

export function closeStudy(): void {
  loading?.abort();
  opened = undefined;
}

async function load(): Promise<void> {
  loading?.abort();
  const mine = new AbortController();
  loading = mine;
  try {
    const wire = await get<Wire>(`/studies/${opened}/table?metrics=${wanted.join(',')}`, mine.signal);
    take(wire);
    failure.value = undefined;
  } catch (thrown) {
    if (mine.signal.aborted) return;
    failure.value = thrown as ApiError;
    if ((thrown as ApiError).status === 0) setTimeout(() => loading === mine && void load(), 2000);
  } finally {
    if (loading === mine) loading = undefined;
  }
}

function take(wire: Wire): void {
  const { rows, values, paths, cells, metrics, headline } = wire;
  seq = wire.seq;
  rowOf = new Map(rows.runKey.map((key, row) => [key, row]));
  const numbers = (column: readonly (number | string | null)[]): Float64Array => Float64Array.from(column, numberOf);
  batch(() => {
    table.value = {
      studyKey: opened!,
      paths,
      cells,
      metrics,
      headline: headline ?? undefined,
      size: rows.runKey.length,
      runKey: rows.runKey,
      cell: Int32Array.from(rows.cell),
      seed: numbers(rows.seed),
      outcome: [...rows.outcome],
      rounds: numbers(rows.rounds),
      committed: numbers(rows.committedRound),
      seconds: numbers(rows.computeSeconds),
      deaths: numbers(rows.deaths),
      values: Object.fromEntries(
        Object.entries(values).map(([metric, columns]) => [
          metric,
          { last: numbers(columns.last), min: numbers(columns.min), max: numbers(columns.max), rate: numbers(columns.rate) },
        ]),
      ),
    };
    version.value++;
  });
}

function takeChanges({ rows, values, seq: upTo }: Wire): void {
  const known = table.peek();
  if (known === undefined) return;
  seq = upTo;
  rows.runKey.forEach((runKey, i) => {
    const row = rowOf.get(runKey);
    if (row === undefined) return;
    known.outcome[row] = rows.outcome[i]!;
    known.committed[row] = rows.committedRound[i]!;
    known.seconds[row] = rows.computeSeconds[i]!;
    known.deaths[row] = rows.deaths[i]!;
    for (const [metric, columns] of Object.entries(values)) {
      const into = known.values[metric];
      if (into === undefined) continue;
      for (const name of ['last', 'min', 'max', 'rate'] as const) into[name][row] = numberOf(columns[name][i]);
    }
  });
  if (rows.runKey.length > 0) version.value++;
}

/** Least time between two questions for what changed. */
const PACE_MS = 700;
let asking = false;
let again = false;

async function follow(): Promise<void> {
  if (opened === undefined || table.peek() === undefined || loading !== undefined) return;
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    do {
      again = false;
      const of: string | undefined = opened;
      const wire: Wire = await get<Wire>(`/studies/${of}/table?metrics=${wanted.join(',')}&after=${seq}`);
      if (of !== opened) return;
      if (wire.complete) take(wire);
      else takeChanges(wire);
      // Of a large table every change costs more: it is shown less often.
      await new Promise((resolve) => setTimeout(resolve, Math.max(PACE_MS, (table.peek()?.size ?? 0) / 10)));
    } while (again);
  } catch {
    // The stream says when the server is there again; then this is asked anew.
  } finally {
    asking = false;
  }
}

onChange((heard) => {
  if (heard.kind === 'resync') {
    if (opened !== undefined) void load();
    return;
  }
  const { runs } = heard.change;
  if (runs === null || runs.some((runKey) => rowOf.has(runKey))) void follow();
});

/** Filters of the view; what is undefined lets everything through. */
export const selection = signal<RunSelection & { readonly text?: string | undefined }>({});

/** Numbers of the rows that the filters let through, in the study's order. */
export const filtered = computed((): Int32Array => {
  const known = table.value;
  void version.value;
  if (known === undefined) return new Int32Array();
  return matching(known, selection.value);
});

export function matching(
  known: StudyTable,
  { where, outcomes, seeds, runs, text }: RunSelection & { readonly text?: string | undefined },
): Int32Array {
  const places = Object.entries(where ?? {}).map(([path, labels]) => [known.paths.indexOf(path), new Set(labels)] as const);
  const sought = text?.toLowerCase().trim();
  const cellFits = known.cells.map(
    (labels) =>
      places.every(([place, allowed]) => place < 0 || allowed.has(labels[place]!)) &&
      (sought === undefined || sought === '' || labels.some((label) => label.toLowerCase().includes(sought))),
  );
  const byKey = sought !== undefined && /^[0-9a-f]{6,}$/.test(sought);
  const [allowedOutcomes, allowedSeeds, allowedRuns] = [outcomes && new Set(outcomes), seeds && new Set(seeds), runs && new Set(runs)];
  const rows = new Int32Array(known.size);
  let count = 0;
  for (let row = 0; row < known.size; row++) {
    if (!cellFits[known.cell[row]!]! && !(byKey && known.runKey[row]!.startsWith(sought))) continue;
    if (allowedOutcomes !== undefined && !allowedOutcomes.has(known.outcome[row]!)) continue;
    if (allowedSeeds !== undefined && !allowedSeeds.has(known.seed[row]!)) continue;
    if (allowedRuns !== undefined && !allowedRuns.has(known.runKey[row]!)) continue;
    rows[count++] = row;
  }
  return rows.subarray(0, count);
}

/** How often each outcome occurs in all rows. */
export const outcomes = computed((): ReadonlyMap<string, number> => {
  const known = table.value;
  void version.value;
  const counts = new Map<string, number>();
  for (const outcome of known?.outcome ?? []) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return counts;
});

effect(() => {
  if (failure.value?.status === 401) failure.value = undefined;
});
