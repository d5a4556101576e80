/** A run's row, as stored and as the ledger's users see it. */
import type { MetricSummary, RunRow, RunState } from '../../shared/contracts/ledger.ts';
import { MarinadeError, type PlainFailure } from '../../shared/errors.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { Connection } from './connection.ts';

export interface RunRecord {
  readonly id: number;
  readonly runKey: string;
  readonly trajectoryKey: string;
  readonly experiment: string;
  readonly dataSha256: string;
  readonly objectiveKey: string | null;
  readonly seed: number;
  readonly numericsVersion: number;
  readonly rounds: number;
  readonly every: number;
  readonly metrics: string;
  readonly warnings: string;
  readonly state: RunState;
  readonly outcome: Outcome | null;
  readonly epoch: number;
  readonly fence: number | null;
  readonly committedRound: number;
  readonly points: number;
  readonly resultHash: string | null;
  readonly notes: string;
  readonly failure: string | null;
  readonly deaths: number;
  readonly computeMs: number;
}

/** The columns of `run` under the names of RunRecord. */
export const runColumns = `run.id, run_key AS runKey, trajectory_key AS trajectoryKey, experiment, data_sha256 AS dataSha256,
  objective_key AS objectiveKey, seed,
  numerics_version AS numericsVersion, rounds, every, metrics, warnings, state, outcome, epoch, fence,
  committed_round AS committedRound, points, result_hash AS resultHash, notes, failure, deaths, compute_ms AS computeMs`;

export function findRun(connection: Connection, runKey: string): RunRecord | undefined {
  return connection.get<RunRecord>(`SELECT ${runColumns} FROM run WHERE run_key = ?`, runKey);
}

export function requireRun(connection: Connection, runKey: string): RunRecord {
  const run = findRun(connection, runKey);
  if (run === undefined) throw notFound(`no run ${runKey} in ${connection.path}`, { runKey });
  return run;
}

export function notFound(message: string, details: Readonly<Record<string, unknown>>): MarinadeError {
  return new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `${message}. \`marinade list\` shows what there is`, details);
}

export function toRunRow(record: RunRecord): RunRow {
  return {
    runKey: record.runKey,
    trajectoryKey: record.trajectoryKey,
    state: record.state,
    outcome: record.outcome,
    epoch: record.epoch,
    seed: record.seed,
    rounds: record.rounds,
    committedRound: record.committedRound,
    experiment: record.experiment,
    dataSha256: record.dataSha256,
    objectiveKey: record.objectiveKey,
    metrics: JSON.parse(record.metrics) as string[],
    every: record.every,
    resultHash: record.resultHash,
    warnings: JSON.parse(record.warnings) as string[],
    notes: JSON.parse(record.notes) as Record<string, number>,
    failure: record.failure === null ? null : (JSON.parse(record.failure) as PlainFailure),
    deaths: record.deaths,
    computeSeconds: record.computeMs / 1000,
  };
}

export interface SummaryRecord {
  readonly metric: string;
  readonly first: number | null;
  readonly last: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

/** SQLite stores NaN as NULL: a first or last value that is NULL was NaN, a NULL minimum means all were. */
export function toSummary({ first, last, min, max }: SummaryRecord): MetricSummary {
  return { first: first ?? Number.NaN, last: last ?? Number.NaN, min, max };
}
