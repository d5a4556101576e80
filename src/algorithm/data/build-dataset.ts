/** From parsed rows to a data set in an arena: labels mapped, rows normalised, columns compressed as well. */
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Dataset } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { BLOCK, dot, dotBlock } from '../kernels/reference/vectors.ts';
import type { ParsedRows } from './parsed-rows.ts';

export interface BuildOptions {
  readonly name: string;
  readonly normalize: 'none' | 'rows';
  readonly targets: 'classes' | 'real';
  /** The distinct labels of the training set in increasing order. */
  readonly labelValues: readonly number[] | undefined;
  /** Only rows are needed: columns stay empty. */
  readonly rowsOnly: boolean;
  /** The parsed arrays lie in the arena already and become the data set's. */
  readonly owned: boolean;
}

const MAX_CLASSES = 1000;

/** The distinct labels in increasing order; undefined where they are real targets. */
export function distinctLabels({ labels }: ParsedRows, targets: 'classes' | 'real', file: string): number[] | undefined {
  if (targets === 'real') return undefined;
  const distinct = new Set<number>();
  for (let row = 0; row < labels.length; row++) {
    if (row > 0 && labels[row] === labels[row - 1]) continue;
    distinct.add(labels[row]!);
    if (distinct.size > MAX_CLASSES) {
      throw new MarinadeError(
        'MARINADE_DATA_MALFORMED',
        `${file}: example ${row + 1}: more than ${MAX_CLASSES} different labels; set targets: real to regress on them`,
        { file, example: row + 1 },
      );
    }
  }
  return [...distinct].sort((a, b) => a - b);
}

/** Refuses labels that the training set does not have. */
export function requireLabels({ labels }: ParsedRows, labelValues: readonly number[] | undefined, file: string): void {
  if (labelValues === undefined) return;
  const [first, second] = labelValues;
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    if (label === first || label === second || labelValues.includes(label)) continue;
    throw new MarinadeError(
      'MARINADE_DATA_MALFORMED',
      `${file}: example ${row + 1}: label ${labels[row]} is not among the training labels ${labelValues.join(', ')}`,
      { file, example: row + 1 },
    );
  }
}

/** Two classes become -1 and +1 (the larger label), more become 0..classes-1. */
export function buildDataset(parsed: ParsedRows, options: BuildOptions, arena: Arena): Dataset {
  const { name, normalize, labelValues, rowsOnly, owned } = options;
  const { rows, columns } = parsed;
  const ints = (from: Int32Array): Int32Array => (owned ? from : copied(arena.ints(from.length), from));
  const doubles = (from: Float64Array): Float64Array => (owned ? from : copied(arena.doubles(from.length), from));
  const rowStart = ints(parsed.rowStart);
  const columnOf = ints(parsed.columnOf);
  const values = parsed.values === undefined ? undefined : doubles(parsed.values);
  const rowValue = parsed.rowValue === undefined ? undefined : doubles(parsed.rowValue);
  const labels = doubles(parsed.labels);

  if (labelValues !== undefined) mapLabels(labels, labelValues);
  if (normalize === 'rows') {
    if (values !== undefined) normaliseValues(rows, rowStart, values);
    else normaliseRowValues(rows, rowStart, rowValue!);
  }
  const columnStart = arena.ints(rowsOnly ? 0 : columns + 1);
  const rowOf = arena.ints(rowsOnly ? 0 : columnOf.length);
  const columnValues = values === undefined ? undefined : arena.doubles(rowsOnly ? 0 : columnOf.length);
  if (!rowsOnly) {
    const next = startColumns(columnOf, columns, columnStart);
    fillRows(rows, rowStart, columnOf, next, rowOf);
    if (values !== undefined) {
      next.set(columnStart.subarray(0, columns));
      fillValues(columnOf, values, next, columnValues!);
    }
  }
  return {
    name,
    rows,
    columns,
    rowStart,
    columnOf,
    values,
    rowValue,
    columnStart,
    rowOf,
    columnValues,
    labels,
    classes: labelValues?.length ?? 0,
  };
}

function copied<T extends Int32Array | Float64Array>(into: T, from: T): T {
  into.set(from as never);
  return into;
}

function mapLabels(labels: Float64Array, labelValues: readonly number[]): void {
  if (labelValues.length <= 2) {
    const positive = labelValues.at(-1)!;
    for (let row = 0; row < labels.length; row++) labels[row] = labels[row] === positive ? 1 : -1;
    return;
  }
  for (let row = 0; row < labels.length; row++) labels[row] = labelValues.indexOf(labels[row]!);
}

/** Scales every row to unit Euclidean length; a row of zeros stays. */
function normaliseValues(rows: number, rowStart: Int32Array, values: Float64Array): void {
  for (let row = 0; row < rows; row++) {
    const from = rowStart[row]!;
    const to = rowStart[row + 1]!;
    const entries = to - from > BLOCK ? values.subarray(from, to) : undefined;
    const length = Math.sqrt(entries === undefined ? dotBlock(values, values, from, to) : dot(entries, entries));
    if (length > 0) for (let p = from; p < to; p++) values[p]! /= length;
  }
}

/** The same for rows with one value: its length is that of the row written out. */
function normaliseRowValues(rows: number, rowStart: Int32Array, rowValue: Float64Array): void {
  let written = new Float64Array(64);
  let knownEntries = -1;
  let knownValue = 0;
  let length = 0;
  for (let row = 0; row < rows; row++) {
    const entries = rowStart[row + 1]! - rowStart[row]!;
    const value = rowValue[row]!;
    if (entries !== knownEntries || value !== knownValue) {
      knownEntries = entries;
      knownValue = value;
      if (entries > written.length) written = new Float64Array(2 * entries);
      const entriesOfRow = written.subarray(0, entries).fill(value);
      length = Math.sqrt(dot(entriesOfRow, entriesOfRow));
    }
    if (length > 0) rowValue[row] = value / length;
  }
}

/** Writes where each column starts; returns a copy, for filling. */
function startColumns(columnOf: Int32Array, columns: number, columnStart: Int32Array): Int32Array {
  for (let p = 0; p < columnOf.length; p++) columnStart[columnOf[p]! + 1]!++;
  for (let j = 0; j < columns; j++) columnStart[j + 1]! += columnStart[j]!;
  return columnStart.slice(0, columns);
}

/** Rows of each column in increasing order. */
function fillRows(rows: number, rowStart: Int32Array, columnOf: Int32Array, next: Int32Array, rowOf: Int32Array): void {
  for (let row = 0; row < rows; row++) {
    const to = rowStart[row + 1]!;
    for (let p = rowStart[row]!; p < to; p++) rowOf[next[columnOf[p]!]!++] = row;
  }
}

function fillValues(columnOf: Int32Array, values: Float64Array, next: Int32Array, columnValues: Float64Array): void {
  for (let p = 0; p < columnOf.length; p++) columnValues[next[columnOf[p]!]!++] = values[p]!;
}
