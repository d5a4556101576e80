/**
 * Metric columns as chunks of 512 points: chunk `seq` holds points 512 seq .. 512 seq + n - 1 as little-endian f64.
 * Boundaries follow from point numbers alone, so however a run is cut into round jobs the same chunks come out.
 *
 * Every NaN is stored as 7ff8000000000000: its bits differ between operations and machines, and two executions of one
 * experiment must agree to the last bit.
 */
import { crc32 } from 'node:zlib';
import { MarinadeError } from '../../shared/errors.ts';
import type { RecordedPoints } from '../../shared/messages/round-job.ts';
import type { Connection } from './connection.ts';

export const pointsPerChunk = 512;

interface ChunkRow {
  readonly seq: number;
  readonly n: number;
  readonly data: Uint8Array;
  readonly crc32: number;
}

/** A run as far as its columns are concerned. */
export interface ColumnOwner {
  readonly id: number;
  readonly runKey: string;
  /** Points stored. */
  readonly points: number;
}

/**
 * Stores the points of every metric that are not stored yet; those that are must have the same bits
 * (MARINADE_STORAGE_DETERMINISM). Returns the number of points stored now.
 */
export function storePoints(connection: Connection, run: ColumnOwner, points: RecordedPoints): number {
  if (points.first > run.points) {
    throw new MarinadeError('MARINADE_INVARIANT_BROKEN', `expected points from ${run.points} on; got points from ${points.first} on`, {
      runKey: run.runKey,
      stored: run.points,
      first: points.first,
    });
  }
  agreeWithStored(connection, run, points);
  const end = points.first + points.count;
  if (end <= run.points) return run.points;
  for (const [metric, column] of Object.entries(points.columns)) {
    append(connection, run, metric, column.subarray(run.points - points.first));
  }
  return end;
}

/** Throws MARINADE_STORAGE_DETERMINISM where a point that is stored differs from the given one. */
export function agreeWithStored(connection: Connection, run: ColumnOwner, { first, count, columns }: RecordedPoints): void {
  const end = Math.min(run.points, first + count);
  if (first >= end) return;
  for (const [metric, column] of Object.entries(columns)) {
    const stored = readColumn(connection, run, metric, first, end);
    for (let i = 0; i < stored.length; i++) {
      if (Object.is(stored[i], column[i])) continue;
      throw new MarinadeError(
        'MARINADE_STORAGE_DETERMINISM',
        `point ${first + i} of ${metric} is stored as ${stored[i]}; another execution of run ${run.runKey} computed ${column[i]}. Keep both and report it`,
        { runKey: run.runKey, metric, point: first + i, stored: String(stored[i]), computed: String(column[i]) },
      );
    }
  }
}

function append(connection: Connection, run: ColumnOwner, metric: string, values: Float64Array): void {
  let from = run.points;
  let given = 0;
  while (given < values.length) {
    const seq = Math.floor(from / pointsPerChunk);
    const kept = from - seq * pointsPerChunk;
    const added = Math.min(pointsPerChunk - kept, values.length - given);
    const chunk = new Float64Array(kept + added);
    if (kept > 0) chunk.set(readColumn(connection, run, metric, seq * pointsPerChunk, from));
    chunk.set(values.subarray(given, given + added), kept);
    const data = canonicalBytes(chunk);
    connection.run(
      `INSERT INTO chunk (run, metric, seq, n, data, crc32) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (run, metric, seq) DO UPDATE SET n = excluded.n, data = excluded.data, crc32 = excluded.crc32`,
      run.id,
      metric,
      seq,
      chunk.length,
      data,
      crc32(data),
    );
    from += added;
    given += added;
  }
}

const signAndExponent = 0x7ff80000;

/** The chunk's bytes, its NaNs rewritten in place to their one spelling. */
function canonicalBytes(values: Float64Array): Uint8Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) continue;
    words[2 * i] = 0;
    words[2 * i + 1] = signAndExponent;
  }
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Points `first .. end - 1` of a metric. Throws MARINADE_STORAGE_LEDGER when a chunk is damaged or absent. */
export function readColumn(connection: Connection, run: ColumnOwner, metric: string, first = 0, end = run.points): Float64Array {
  const column = new Float64Array(Math.max(0, end - first));
  if (column.length === 0) return column;
  let next = first;
  const chunks = connection.all<ChunkRow>(
    'SELECT seq, n, data, crc32 FROM chunk WHERE run = ? AND metric = ? AND seq BETWEEN ? AND ? ORDER BY seq',
    run.id,
    metric,
    Math.floor(first / pointsPerChunk),
    Math.floor((end - 1) / pointsPerChunk),
  );
  for (const chunk of chunks) {
    const start = chunk.seq * pointsPerChunk;
    const values = decodeChunk(chunk, run, metric).subarray(next - start, end - start);
    column.set(values, next - first);
    next += values.length;
  }
  if (next !== end) throw damagedChunk(run, metric, `expected points ${first} to ${end - 1}; ${end - next} of them are missing`);
  return column;
}

function decodeChunk({ seq, n, data, crc32: stored }: ChunkRow, run: ColumnOwner, metric: string): Float64Array {
  if (data.length !== 8 * n || crc32(data) !== stored) throw damagedChunk(run, metric, `its chunk ${seq} does not fit its checksum`);
  if (data.byteOffset % 8 === 0) return new Float64Array(data.buffer, data.byteOffset, n);
  return new Float64Array(data.slice().buffer);
}

function damagedChunk(run: ColumnOwner, metric: string, what: string): MarinadeError {
  return new MarinadeError(
    'MARINADE_STORAGE_LEDGER',
    `the stored curve ${metric} of run ${run.runKey} is damaged: ${what}. Run \`marinade doctor\``,
    { runKey: run.runKey, metric },
  );
}
