/**
 * A pyramid over every metric's points, so that a curve of any length is drawn from a bounded number of values: a node
 * of level l covers 512 * 16^(l-1) points in 32 buckets of 16^l points, each with its smallest, largest and last value.
 * A node is written once, when the points it covers are complete; what lies beyond the last complete node of a level is
 * read from the level below, in the end from the points themselves.
 *
 * The smallest and largest value ignore NaN and are NaN where all are; the last value is what it is.
 */
import { type ColumnOwner, pointsPerChunk, readColumn } from './chunks.ts';
import type { Connection } from './connection.ts';

const FACTOR = 16;
const BUCKETS = pointsPerChunk / FACTOR;
const LEVELS = 5;
const BYTES_PER_COLUMN = BUCKETS * 3 * 8;

/** Values of consecutive buckets, three arrays of one length. */
export interface Buckets {
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly last: Float64Array;
}

/** Points a node of a level covers. */
function reach(level: number): number {
  return pointsPerChunk * FACTOR ** (level - 1);
}

/** Writes the nodes that the points from number `known` on complete; `run.points` are stored already. */
export function extendPyramid(connection: Connection, run: ColumnOwner, known: number, metrics: readonly string[]): void {
  for (let level = 1; level <= LEVELS; level++) {
    const first = Math.floor(known / reach(level));
    const end = Math.floor(run.points / reach(level));
    if (end === first) return;
    for (let seq = first; seq < end; seq++) {
      const data = new Float64Array((metrics.length * BYTES_PER_COLUMN) / 8);
      metrics.forEach((metric, i) => {
        const below =
          level === 1
            ? pointBuckets(readColumn(connection, run, metric, seq * pointsPerChunk, (seq + 1) * pointsPerChunk))
            : readNodes(connection, run, level - 1, i, seq * FACTOR, (seq + 1) * FACTOR);
        const node = merge(below, FACTOR);
        data.set(node.min, 3 * BUCKETS * i);
        data.set(node.max, 3 * BUCKETS * i + BUCKETS);
        data.set(node.last, 3 * BUCKETS * i + 2 * BUCKETS);
      });
      connection.run(
        'INSERT OR REPLACE INTO pyramid (run, level, seq, data) VALUES (?, ?, ?, ?)',
        run.id,
        level,
        seq,
        new Uint8Array(data.buffer),
      );
    }
  }
}

/**
 * Points `first .. end - 1` of a metric in at most `wanted` buckets (twice as many where few points are asked for); the
 * last point of every bucket is `ends[i]`.
 */
export function readBuckets(
  connection: Connection,
  run: ColumnOwner,
  { metric, index, first, end, wanted }: { metric: string; index: number; first: number; end: number; wanted: number },
): Buckets & { readonly ends: Float64Array } {
  const parts: (Buckets & { readonly width: number })[] = [];
  let level = 0;
  while (level < LEVELS && (end - first) / FACTOR ** (level + 1) >= wanted) level++;
  let at = first;
  // From the first point up to a node's border, and behind the last complete node, finer levels fill in.
  for (let up = 0; up < level; up++) {
    const complete = up === 0 ? end : Math.floor(end / reach(up)) * reach(up);
    const border = Math.min(complete, Math.ceil(at / reach(up + 1)) * reach(up + 1));
    at = take(parts, connection, run, { metric, index, level: up, from: at, to: border });
  }
  for (let down = level; down >= 0; down--) {
    const border = down === 0 ? end : Math.floor(end / reach(down)) * reach(down);
    at = take(parts, connection, run, { metric, index, level: down, from: at, to: border });
  }
  return cut(parts, { first, points: end - first, wanted });
}

function take(
  parts: (Buckets & { readonly width: number })[],
  connection: Connection,
  run: ColumnOwner,
  { metric, index, level, from, to }: { metric: string; index: number; level: number; from: number; to: number },
): number {
  if (to <= from) return from;
  const found =
    level === 0
      ? pointBuckets(readColumn(connection, run, metric, from, to))
      : readNodes(connection, run, level, index, from / reach(level), to / reach(level));
  parts.push({ ...found, width: FACTOR ** level });
  return to;
}

/** Parts of different fineness as buckets of about equal width. */
function cut(
  parts: readonly (Buckets & { readonly width: number })[],
  { first, points, wanted }: { first: number; points: number; wanted: number },
): Buckets & { readonly ends: Float64Array } {
  const per = Math.max(1, points / wanted);
  const capacity = Math.min(points, wanted + parts.length) + 1;
  const out = {
    min: new Float64Array(capacity).fill(Number.NaN),
    max: new Float64Array(capacity).fill(Number.NaN),
    last: new Float64Array(capacity),
    ends: new Float64Array(capacity),
  };
  let count = 0;
  let passed = 0;
  let border = per;
  let open = false;
  for (const { min, max, last, width } of parts) {
    for (let i = 0; i < last.length; i++) {
      passed += width;
      out.min[count] = lesser(out.min[count]!, min[i]!);
      out.max[count] = greater(out.max[count]!, max[i]!);
      out.last[count] = last[i]!;
      out.ends[count] = first + passed - 1;
      open = true;
      if (passed + 1e-9 < border && passed < points) continue;
      count++;
      open = false;
      border = Math.max(border + per, passed + 1e-9);
    }
  }
  if (open) count++;
  return { min: out.min.slice(0, count), max: out.max.slice(0, count), last: out.last.slice(0, count), ends: out.ends.slice(0, count) };
}

function readNodes(connection: Connection, run: ColumnOwner, level: number, index: number, first: number, end: number): Buckets {
  const rows = connection.all<{ seq: number; data: Uint8Array }>(
    'SELECT seq, substr(data, ?, ?) AS data FROM pyramid WHERE run = ? AND level = ? AND seq >= ? AND seq < ? ORDER BY seq',
    index * BYTES_PER_COLUMN + 1,
    BYTES_PER_COLUMN,
    run.id,
    level,
    first,
    end,
  );
  const size = (end - first) * BUCKETS;
  const found = { min: new Float64Array(size), max: new Float64Array(size), last: new Float64Array(size) };
  for (const { seq, data } of rows) {
    const values = new Float64Array(data.slice().buffer);
    const at = (seq - first) * BUCKETS;
    found.min.set(values.subarray(0, BUCKETS), at);
    found.max.set(values.subarray(BUCKETS, 2 * BUCKETS), at);
    found.last.set(values.subarray(2 * BUCKETS), at);
  }
  return found;
}

function pointBuckets(points: Float64Array): Buckets {
  return { min: points, max: points, last: points };
}

function merge({ min, max, last }: Buckets, factor: number): Buckets {
  const size = last.length / factor;
  const merged = { min: new Float64Array(size), max: new Float64Array(size), last: new Float64Array(size) };
  for (let i = 0; i < size; i++) {
    let [low, high] = [Number.NaN, Number.NaN];
    for (let j = i * factor; j < (i + 1) * factor; j++) {
      low = lesser(low, min[j]!);
      high = greater(high, max[j]!);
    }
    merged.min[i] = low;
    merged.max[i] = high;
    merged.last[i] = last[(i + 1) * factor - 1]!;
  }
  return merged;
}

function lesser(a: number, b: number): number {
  return Number.isNaN(a) || b < a ? b : a;
}

function greater(a: number, b: number): number {
  return Number.isNaN(a) || b > a ? b : a;
}
