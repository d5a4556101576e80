/** Which runs of a study are meant by a selection, with the labels of their parameters. */
import type { RunSelection } from '../../shared/contracts/dashboard.ts';
import { valueLabel } from '../results/statistics.ts';
import type { Connection } from './connection.ts';
import { notFound } from './run-record.ts';

export interface TableRecord {
  readonly id: number;
  readonly position: number;
  readonly runKey: string;
  readonly parameters: string;
  readonly seed: number;
  readonly outcome: string;
  readonly rounds: number;
  readonly committedRound: number;
  readonly computeMs: number;
  readonly deaths: number;
}

export function studyId(connection: Connection, studyKey: string): number {
  const found = connection.get<{ id: number }>('SELECT id FROM study WHERE study_key = ?', studyKey);
  if (found === undefined) throw notFound(`no study ${studyKey} in ${connection.path}`, { studyKey });
  return found.id;
}

export interface SelectedRun extends TableRecord {
  readonly every: number;
  readonly points: number;
  readonly metrics: string;
}

export function selectedRuns(connection: Connection, study: number, selection: RunSelection): SelectedRun[] {
  const fits = new Map<string, boolean>();
  const fitsCell = (parameters: string): boolean => {
    const known = fits.get(parameters);
    if (known !== undefined) return known;
    const values = JSON.parse(parameters) as Record<string, unknown>;
    const fit = Object.entries(selection.where ?? {}).every(([path, labels]) =>
      labels.includes(path in values ? labelOf(values[path]) : '–'),
    );
    fits.set(parameters, fit);
    return fit;
  };
  const runs = selection.runs === undefined ? undefined : new Set(selection.runs);
  return connection
    .all<SelectedRun>(
      `SELECT run.id, position, run_key AS runKey, parameters, seed, coalesce(outcome, state) AS outcome, rounds,
         committed_round AS committedRound, compute_ms AS computeMs, deaths, every, points, metrics
       FROM study_run JOIN run ON run.id = study_run.run WHERE study = ? ORDER BY position`,
      study,
    )
    .filter(
      ({ parameters, outcome, seed, runKey }) =>
        (runs === undefined || runs.has(runKey)) &&
        (selection.seeds === undefined || selection.seeds.includes(seed)) &&
        (selection.outcomes === undefined || selection.outcomes.includes(outcome)) &&
        fitsCell(parameters),
    );
}

/** Labels as they stand in headings and filters, where there is little room. */
export function labelOf(value: unknown): string {
  return shorter(valueLabel(value));
}

export function shorter(label: string): string {
  return label.replace(' preAggregators ', ' behind ');
}
