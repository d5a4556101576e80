/** The rows of the run table in the order of the view: filtered, sorted, grouped, with their pins and their selection. */
import { computed } from '@preact/signals';
import { lookOf } from './outcomes.ts';
import { show, shown } from './route.ts';
import { filtered, type StudyTable, table, version } from './study-table.ts';
import { joined, listed } from './view.ts';

/** A line of the table: a run, or the head of a group of them. */
export type Line =
  | { readonly kind: 'run'; readonly row: number }
  | { readonly kind: 'group'; readonly label: string; readonly size: number };

export interface Sorting {
  readonly column: string;
  readonly down: boolean;
}

export const sorting = computed((): Sorting | undefined => {
  const text = shown('sort');
  if (text === undefined) return undefined;
  return text.startsWith('-') ? { column: text.slice(1), down: true } : { column: text, down: false };
});

/** What a column sorts by; equal values keep the study's order. */
export function sortKeys(known: StudyTable, column: string): Float64Array {
  const rank = (path: string): Float64Array | undefined => {
    const place = known.paths.indexOf(path);
    if (place < 0) return undefined;
    const labels = [...new Set(known.cells.map((cell) => cell[place]!))];
    const byText = new Map([...labels].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((label, i) => [label, i]));
    const ofCell = known.cells.map((cell) => byText.get(cell[place]!)!);
    return Float64Array.from(known.cell, (cell) => ofCell[cell]!);
  };
  const [metric, part] = column.split(':');
  const values = known.values[metric!];
  if (part !== undefined && values !== undefined) return values[part as keyof typeof values];
  switch (column) {
    case 'outcome':
      return Float64Array.from(known.outcome, (outcome) => lookOf(outcome).order);
    case 'round':
      return Float64Array.from(known.committed, (round, row) => round / known.rounds[row]!);
    case 'seed':
      return known.seed;
    case 'seconds':
      return known.seconds;
    default:
      return rank(column) ?? Float64Array.from({ length: known.size }, (_, row) => row);
  }
}

/** Sorts row numbers; NaN stands last whichever way. */
export function sorted(rows: Int32Array, keys: Float64Array, down: boolean): Int32Array {
  const sign = down ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [keys[a]!, keys[b]!];
    if (Number.isNaN(x)) return Number.isNaN(y) ? a - b : 1;
    if (Number.isNaN(y)) return -1;
    return x === y ? a - b : x < y ? -sign : sign;
  });
}

export const lines = computed((): readonly Line[] => {
  const known = table.value;
  void version.value;
  if (known === undefined) return [];
  const by = sorting.value;
  const rows = by === undefined ? filtered.value : sorted(filtered.value, sortKeys(known, by.column), by.down);
  const place = known.paths.indexOf(shown('rowsby') ?? '');
  if (place < 0) return Array.from(rows, (row): Line => ({ kind: 'run', row }));
  const groups = new Map<string, Line[]>();
  for (const row of rows) {
    const label = known.cells[known.cell[row]!]![place]!;
    const members = groups.get(label);
    if (members === undefined) groups.set(label, [{ kind: 'run', row }]);
    else members.push({ kind: 'run', row });
  }
  const closed = new Set(listed(shown('closed')));
  return [...groups].flatMap(([label, members]): Line[] => [
    { kind: 'group', label, size: members.length },
    ...(closed.has(label) ? [] : members),
  ]);
});

/** Runs by the beginning of their keys, as the address holds them. */
const SHORT = 12;

function keysIn(name: string): ReadonlySet<string> {
  return new Set(listed(shown(name)));
}

export const pinned = computed(() => keysIn('pin'));
export const picked = computed(() => keysIn('pick'));

export function isIn(set: ReadonlySet<string>, runKey: string): boolean {
  return set.has(runKey.slice(0, SHORT));
}

export function flip(name: 'pin' | 'pick', runKeys: readonly string[], on?: boolean): void {
  const now = new Set(listed(shown(name)));
  for (const key of runKeys.map((runKey) => runKey.slice(0, SHORT))) {
    if (on ?? !now.has(key)) now.add(key);
    else now.delete(key);
  }
  show({ [name]: joined([...now].slice(0, 200)) }, 'replace');
}

/** Numbers of the rows that are picked, in the study's order. */
export const pickedRows = computed((): readonly number[] => {
  const known = table.value;
  const keys = picked.value;
  if (known === undefined || keys.size === 0) return [];
  return known.runKey.flatMap((runKey, row) => (isIn(keys, runKey) ? [row] : []));
});
