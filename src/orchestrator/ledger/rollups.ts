/** What is known of a run's curves without reading them: pyramids of ledgers that had none, fitted rates. */
import type { ColumnOwner } from './chunks.ts';
import type { Connection } from './connection.ts';
import { extendPyramid, readBuckets } from './pyramid.ts';
import { type RunRecord, runColumns } from './run-record.ts';

/** Points a rate is fitted to: of longer curves the last one of so many buckets. */
const FITTED_POINTS = 512;

interface FittedRun extends ColumnOwner {
  readonly every: number;
}

/** Gives every stored run what commits write since there are rollups. */
export function rollUpStored(connection: Connection): void {
  for (const { id } of connection.all<{ id: number }>('SELECT id FROM run WHERE points > 0')) {
    const run = connection.get<RunRecord>(`SELECT ${runColumns} FROM run WHERE id = ?`, id)!;
    const metrics = JSON.parse(run.metrics) as string[];
    extendPyramid(connection, run, 0, metrics);
    if (run.state === 'finished') fitRates(connection, run, metrics);
  }
}

/** Fits and stores the rate of every metric of a run that has ended. */
export function fitRates(connection: Connection, run: FittedRun, metrics: readonly string[]): void {
  metrics.forEach((metric, index) => {
    const { last, ends } = readBuckets(connection, run, { metric, index, first: 0, end: run.points, wanted: FITTED_POINTS });
    const rate = fittedRate(
      ends.map((point) => point * run.every),
      last,
    );
    if (rate !== null) connection.run('UPDATE summary SET rate = ? WHERE run = ? AND metric = ?', rate, run.id, metric);
  });
}

/**
 * Decades by which positive values fall per round: the slope of a line through their logarithms, from the first value
 * until nine tenths of the way (in decades) to the smallest are gone, so that a plateau at the end does not flatten it.
 * Null when they fall by less than a decade, or are not all positive on that way.
 */
export function fittedRate(rounds: Float64Array, values: Float64Array): number | null {
  const logs = values.map(Math.log10);
  const start = logs[0] ?? Number.NaN;
  let least = Number.POSITIVE_INFINITY;
  for (const log of logs) if (Number.isFinite(log) && log < least) least = log;
  if (!Number.isFinite(start) || start - least < 1) return null;
  const count = logs.findIndex((log) => log <= start - 0.9 * (start - least)) + 1;
  if (count < 3) return null;
  let [sumX, sumY, sumXX, sumXY] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const [x, y] = [rounds[i]!, logs[i]!];
    if (!Number.isFinite(y)) return null;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  }
  return -(count * sumXY - sumX * sumY) / (count * sumXX - sumX * sumX);
}
