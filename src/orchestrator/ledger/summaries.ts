/** Rollups of every metric, brought forward with each commit, so that no table ever reads a curve. */
import type { RecordedPoints } from '../../shared/messages/round-job.ts';
import type { ColumnOwner } from './chunks.ts';
import type { Connection } from './connection.ts';
import type { SummaryRecord } from './run-record.ts';

/** Takes the points from number `known` on into the run's summaries; those before are in them already. */
export function updateSummaries(connection: Connection, run: ColumnOwner, known: number, points: RecordedPoints): void {
  const skipped = known - points.first;
  if (skipped >= points.count) return;
  for (const [metric, column] of Object.entries(points.columns)) {
    const before = connection.get<SummaryRecord>(
      'SELECT metric, first, last, min, max FROM summary WHERE run = ? AND metric = ?',
      run.id,
      metric,
    );
    const { first, last, min, max } = extend(before, column.subarray(skipped));
    connection.run(
      `INSERT INTO summary (run, metric, first, last, min, max) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (run, metric) DO UPDATE SET last = excluded.last, min = excluded.min, max = excluded.max`,
      run.id,
      metric,
      first,
      last,
      min,
      max,
    );
  }
}

function extend(before: SummaryRecord | undefined, added: Float64Array): Omit<SummaryRecord, 'metric'> {
  let min = before?.min ?? null;
  let max = before?.max ?? null;
  for (const value of added) {
    if (Number.isNaN(value)) continue;
    min = min === null ? value : Math.min(min, value);
    max = max === null ? value : Math.max(max, value);
  }
  return { first: before === undefined ? added[0]! : before.first, last: added.at(-1)!, min, max };
}
