/** Runs of a study with the rollups of all their metrics as one Parquet file; NaN and infinities stay what they are. */
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import type { RunSelection } from '../../shared/contracts/dashboard.ts';
import type { Connection } from './connection.ts';
import { labelOf, type SelectedRun, selectedRuns, studyId } from './selected-runs.ts';

interface Rollup {
  readonly run: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly rate: number | null;
}

export function runParquet(connection: Connection, studyKey: string, selection: RunSelection): Uint8Array {
  const study = studyId(connection, studyKey);
  const runs = selectedRuns(connection, study, selection);
  const parameters = runs.map((run) => JSON.parse(run.parameters) as Record<string, unknown>);
  const paths = [...new Set(parameters.flatMap(Object.keys))];
  const text = (name: string, of: (run: SelectedRun, i: number) => string): ColumnSource => ({ name, data: runs.map(of), type: 'STRING' });
  const number = (name: string, of: (run: SelectedRun) => number): ColumnSource => ({
    name,
    data: Float64Array.from(runs, of),
    type: 'DOUBLE',
  });
  const metrics = [...new Set(runs.flatMap((run) => JSON.parse(run.metrics) as string[]))];
  const columns = [
    text('run', ({ runKey }) => runKey),
    ...paths.map((path) => text(path, (_, i) => (path in parameters[i]! ? labelOf(parameters[i]![path]) : ''))),
    number('seed', ({ seed }) => seed),
    text('outcome', ({ outcome }) => outcome),
    number('rounds', ({ rounds }) => rounds),
    number('committed_round', ({ committedRound }) => Math.max(0, committedRound)),
    number('compute_seconds', ({ computeMs }) => computeMs / 1000),
    ...metrics.flatMap((metric) => rollupColumns(connection, study, metric, runs)),
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData: columns }));
}

/** Of a run without the metric, or without a point, NaN. */
function rollupColumns(connection: Connection, study: number, metric: string, runs: readonly SelectedRun[]): ColumnSource[] {
  const rows = connection.all<Rollup>(
    'SELECT run, first, last, min, max, rate FROM summary WHERE metric = ? AND run IN (SELECT run FROM study_run WHERE study = ?)',
    metric,
    study,
  );
  const byRun = new Map(rows.map((row) => [row.run, row]));
  return (['first', 'last', 'min', 'max', 'rate'] as const).map((part) => ({
    name: `${metric} ${part}`,
    data: Float64Array.from(runs, ({ id }) => byRun.get(id)?.[part] ?? Number.NaN),
    type: 'DOUBLE' as const,
  }));
}
