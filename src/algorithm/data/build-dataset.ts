/**
 * From parsed rows to a data set in an arena: labels mapped, rows normalised, columns compressed as well, and one
 * value per row kept instead of one per entry where all entries of each row are equal (binary data, scaled or not).
 */
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Dataset } from '../../shared/contracts/problem.ts';
import { dot } from '../kernels/reference/vectors.ts';
import { malformed } from './malformed.ts';
import type { ParsedRows } from './parse-libsvm.ts';

export interface BuildOptions {
  readonly name: string;
  readonly normalize: 'none' | 'rows';
  readonly targets: 'classes' | 'real';
  /** The distinct labels in increasing order, where a test set must use those of the training set. */
  readonly labelValues?: readonly number[] | undefined;
}

const MAX_CLASSES = 1000;

/** The distinct labels in increasing order; undefined where they are real targets. */
export function distinctLabels({ labels }: ParsedRows, targets: 'classes' | 'real', file: string): number[] | undefined {
  if (targets === 'real') return undefined;
  const distinct = new Set<number>();
  for (const label of labels) {
    distinct.add(label);
    if (distinct.size > MAX_CLASSES) malformed(file, 0, `more than ${MAX_CLASSES} different labels; set targets: real to regress on them`);
  }
  return [...distinct].sort((a, b) => a - b);
}

/** Two classes become -1 and +1 (the largest label), more become 0..classes-1. */
export function buildDataset(parsed: ParsedRows, { name, normalize, targets, labelValues }: BuildOptions, arena: Arena): Dataset {
  const { rows, columns, rowStart, columnOf } = parsed;
  const classes = targets === 'real' ? undefined : (labelValues ?? distinctLabels(parsed, targets, name)!);
  const labels = arena.doubles(rows);
  for (let row = 0; row < rows; row++) {
    const label = parsed.labels[row]!;
    const position = classes?.indexOf(label) ?? 0;
    if (position < 0) malformed(name, 0, `label ${label} of example ${row + 1} is not among the training labels ${classes!.join(', ')}`);
    labels[row] = classes === undefined ? label : classes.length <= 2 ? (position === classes.length - 1 ? 1 : -1) : position;
  }

  const values = normalize === 'rows' ? normalised(parsed) : parsed.values;
  const single = singleValues(parsed, values);
  const kept = {
    rowStart: copied(arena.ints(rows + 1), rowStart),
    columnOf: copied(arena.ints(columnOf.length), columnOf),
    columnStart: arena.ints(columns + 1),
    rowOf: arena.ints(columnOf.length),
    values: single === undefined ? copied(arena.doubles(values.length), values) : undefined,
    rowValue: single === undefined ? undefined : copied(arena.doubles(rows), single),
    columnValues: single === undefined ? arena.doubles(values.length) : undefined,
  };
  for (const column of columnOf) kept.columnStart[column + 1]!++;
  for (let j = 0; j < columns; j++) kept.columnStart[j + 1]! += kept.columnStart[j]!;
  const next = kept.columnStart.slice(0, columns);
  for (let row = 0; row < rows; row++) {
    for (let p = rowStart[row]!; p < rowStart[row + 1]!; p++) {
      const at = next[columnOf[p]!]!++;
      kept.rowOf[at] = row;
      if (kept.columnValues !== undefined) kept.columnValues[at] = values[p]!;
    }
  }
  return { name, rows, columns, ...kept, labels, classes: classes?.length ?? 0 };
}

function copied<T extends Int32Array | Float64Array>(into: T, from: T): T {
  into.set(from as never);
  return into;
}

/** Values with every row scaled to unit Euclidean length; a row of zeros stays. */
function normalised({ rows, rowStart, values }: ParsedRows): Float64Array {
  const scaled = new Float64Array(values.length);
  for (let row = 0; row < rows; row++) {
    const from = rowStart[row]!;
    const to = rowStart[row + 1]!;
    const entries = values.subarray(from, to);
    const length = Math.sqrt(dot(entries, entries));
    for (let p = from; p < to; p++) scaled[p] = length > 0 ? values[p]! / length : values[p]!;
  }
  return scaled;
}

/** The one value of each row, or undefined when some row has two. */
function singleValues({ rows, rowStart }: ParsedRows, values: Float64Array): Float64Array | undefined {
  const single = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const from = rowStart[row]!;
    const to = rowStart[row + 1]!;
    single[row] = from === to ? 1 : values[from]!;
    for (let p = from + 1; p < to; p++) if (values[p] !== single[row]) return undefined;
  }
  return single;
}
