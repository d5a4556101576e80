/** What lists, reports, exports and the dashboard ask, over any connection to a ledger: the owner's or a reader's. */
import type { AttemptRow, LedgerReader, RunCurves, StoredOptimum, StudyRollup, StudyRow, StudyRun } from '../../shared/contracts/ledger.ts';
import { CheckpointStore, FILES_FROM } from './checkpoint-store.ts';
import { readColumn } from './chunks.ts';
import type { Connection } from './connection.ts';
import { eventsAfter, type LedgerEvent } from './events.ts';
import type { LedgerPaths } from './folder.ts';
import { notFound, type RunRecord, requireRun, runColumns, type SummaryRecord, toRunRow, toSummary } from './run-record.ts';
import type { Synchronous } from './synchronous.ts';

/** The reading side and the journal, synchronously. */
export type SynchronousReader = Synchronous<LedgerReader> & { events(after: number, limit?: number): LedgerEvent[] };

interface PlacedRecord extends RunRecord {
  readonly position: number;
  readonly parameters: string;
}

const studyColumns = 'study_key AS studyKey, name, source, submitted_at AS submittedAt, priority, paused, withdrawn';
interface StudyRecord extends Omit<StudyRow, 'paused' | 'withdrawn'> {
  readonly paused: number;
  readonly withdrawn: number;
}

function toStudyRow({ studyKey, name, source, submittedAt, priority, paused, withdrawn }: StudyRecord): StudyRow {
  return { studyKey, name, source, submittedAt, priority, paused: paused === 1, withdrawn: withdrawn === 1 };
}

const placedRuns = `SELECT ${runColumns}, position, parameters FROM study_run JOIN run ON run.id = study_run.run`;
const firstStudy = 'SELECT id FROM study WHERE study_key = ?';

/** Above every character a key may hold: keys with a prefix p are those from p to p + this. */
const afterAnyKey = '\u{10ffff}';

export class Queries implements SynchronousReader {
  protected readonly connection: Connection;
  protected readonly checkpoints: CheckpointStore;

  constructor(connection: Connection, paths: LedgerPaths, filesFrom = FILES_FROM) {
    this.connection = connection;
    this.checkpoints = new CheckpointStore(connection, paths, filesFrom);
  }

  /** Studies, newest submission first, with their runs counted by state. */
  studies(): (StudyRow & { readonly states: Readonly<Record<string, number>> })[] {
    const counts = this.connection.all<{ studyKey: string; state: string; runs: number }>(
      `SELECT study_key AS studyKey, state, count(DISTINCT run.id) AS runs
       FROM study JOIN study_run ON study_run.study = study.id JOIN run ON run.id = study_run.run GROUP BY study.id, state`,
    );
    return this.connection.all<StudyRecord>(`SELECT ${studyColumns} FROM study ORDER BY submission DESC`).map((study) => ({
      ...toStudyRow(study),
      states: Object.fromEntries(counts.filter(({ studyKey }) => studyKey === study.studyKey).map(({ state, runs }) => [state, runs])),
    }));
  }

  /** The study of that key, else the newest of that name, else the one whose key begins so. */
  study(nameOrKey: string): StudyRow | undefined {
    const exact = this.connection.get<StudyRecord>(
      `SELECT ${studyColumns} FROM study WHERE study_key = ?1 OR name = ?1 ORDER BY study_key = ?1 DESC, submission DESC`,
      nameOrKey,
    );
    const row = exact ?? this.#beginning<StudyRecord>('study', studyColumns, 'study_key', nameOrKey);
    return row && toStudyRow(row);
  }

  rollup(studyKey: string): StudyRollup {
    return {
      ...this.connection.get<StudyRollup>(
        `SELECT count(*) AS total, coalesce(sum(state = 'finished'), 0) AS finished,
           coalesce(sum(outcome IN ('failed', 'quarantined')), 0) AS failed,
           coalesce(sum(CASE WHEN state = 'finished' THEN 0 ELSE rounds - max(committed_round, 0) END), 0) AS roundsLeft
         FROM run WHERE id IN (SELECT run FROM study_run WHERE study = (${firstStudy}))`,
        studyKey,
      )!,
    };
  }

  runs(studyKey: string): StudyRun[] {
    const summaries = new Map<number, SummaryRecord[]>();
    const stored = this.connection.all<SummaryRecord & { readonly run: number }>(
      `SELECT run, metric, first, last, min, max FROM summary
       WHERE run IN (SELECT run FROM study_run WHERE study = (${firstStudy}))`,
      studyKey,
    );
    for (const row of stored) {
      const ofRun = summaries.get(row.run);
      if (ofRun === undefined) summaries.set(row.run, [row]);
      else ofRun.push(row);
    }
    return this.connection
      .all<PlacedRecord>(`${placedRuns} WHERE study = (${firstStudy}) ORDER BY position`, studyKey)
      .map((record) => toStudyRun(record, summaries.get(record.id) ?? []));
  }

  /** A run by its key or the beginning of it; its place and parameters are those of the newest study that has it. */
  run(runKeyOrPrefix: string): StudyRun | undefined {
    const record = this.#beginning<RunRecord>('run', runColumns, 'run_key', runKeyOrPrefix);
    if (record === undefined) return undefined;
    const placed = this.connection.get<{ position: number; parameters: string }>(
      `SELECT position, parameters FROM study_run JOIN study ON study.id = study_run.study
       WHERE run = ? ORDER BY submission DESC, position LIMIT 1`,
      record.id,
    );
    return toStudyRun({ ...record, position: placed?.position ?? 0, parameters: placed?.parameters ?? '{}' }, this.#summaries(record));
  }

  studyOf(runKey: string): string | undefined {
    return this.connection.get<{ studyKey: string }>(
      `SELECT study_key AS studyKey FROM study JOIN study_run ON study_run.study = study.id JOIN run ON run.id = study_run.run
       WHERE run_key = ? ORDER BY withdrawn, submission DESC`,
      runKey,
    )?.studyKey;
  }

  /** Runs of a study that have not ended, each once, in the study's order, from behind a position on. */
  unfinished(studyKey: string, { after = -1, count = -1 }: { readonly after?: number; readonly count?: number } = {}): StudyRun[] {
    return this.connection
      .all<PlacedRecord>(
        `SELECT ${runColumns}, position, parameters FROM study_run AS here JOIN run ON run.id = here.run
         WHERE study = (${firstStudy}) AND state <> 'finished' AND position > ? AND NOT EXISTS
           (SELECT 1 FROM study_run AS earlier WHERE earlier.run = here.run AND earlier.study = here.study AND earlier.position < here.position)
         ORDER BY position LIMIT ?`,
        studyKey,
        after,
        count,
      )
      .map((record) => toStudyRun(record, this.#summaries(record)));
  }

  attempts(runKey: string): AttemptRow[] {
    return this.connection
      .all<AttemptRow>(
        `SELECT attempt.fence, worker, from_round AS fromRound, started_at AS startedAt, ended_at AS endedAt, reason
         FROM attempt WHERE run = ? ORDER BY attempt.fence`,
        requireRun(this.connection, runKey).id,
      )
      .map((row) => ({ ...row }));
  }

  curves(runKey: string, metrics?: readonly string[]): RunCurves {
    const run = requireRun(this.connection, runKey);
    const names = JSON.parse(run.metrics) as string[];
    const unknown = metrics?.find((metric) => !names.includes(metric));
    if (unknown !== undefined)
      throw notFound(`run ${runKey} records no ${unknown}; it has ${names.join(', ')}`, { runKey, metric: unknown });
    const columns = Object.fromEntries((metrics ?? names).map((metric) => [metric, readColumn(this.connection, run, metric)]));
    const rounds = Float64Array.from({ length: run.points }, (_, i) => Math.min(i * run.every, Math.max(0, run.committedRound)));
    return { rounds, columns };
  }

  checkpoint(
    runKey: string,
    round?: number,
  ): { readonly round: number; readonly bytes: Uint8Array; readonly damaged: readonly string[] } | undefined {
    const run = requireRun(this.connection, runKey);
    const { found, damaged, damagedRounds } = this.checkpoints.newest(run, round);
    if (damagedRounds.length > 0) this.foundDamaged(run, damagedRounds, damaged);
    return found && { ...found, damaged };
  }

  /** Hears of checkpoints nobody knew to be damaged. A reader can only report them. */
  protected foundDamaged(_run: RunRecord, _rounds: readonly number[], _damaged: readonly string[]): void {}

  checkpointRounds(runKey: string): number[] {
    return this.checkpoints.rounds(requireRun(this.connection, runKey));
  }

  optimum(objectiveKey: string): StoredOptimum | undefined {
    const row = this.connection.get<{ value: number; certificate: string }>(
      'SELECT value, certificate FROM optimum WHERE objective_key = ?',
      objectiveKey,
    );
    return row && { value: row.value, certificate: JSON.parse(row.certificate) as Record<string, unknown> };
  }

  events(after: number, limit = 1000): LedgerEvent[] {
    return eventsAfter(this.connection, after, limit);
  }

  close(): void {
    this.connection.close();
  }

  #summaries({ id }: RunRecord): SummaryRecord[] {
    return this.connection.all<SummaryRecord>('SELECT metric, first, last, min, max FROM summary WHERE run = ?', id);
  }

  /** The one row of a table whose key is, or begins with, `prefix`. */
  #beginning<Row>(table: 'run' | 'study', columns: string, key: string, prefix: string): Row | undefined {
    if (prefix === '') return undefined;
    const rows = this.connection.all<Row & { readonly foundKey: string }>(
      `SELECT ${columns}, ${key} AS foundKey FROM ${table} WHERE ${key} >= ? AND ${key} < ? ORDER BY ${key} LIMIT 2`,
      prefix,
      prefix + afterAnyKey,
    );
    const [first, second] = rows;
    if (second === undefined || first?.foundKey === prefix) return first;
    throw notFound(`more than one ${table} begins with ${prefix}; write more of its key`, { prefix });
  }
}

function toStudyRun(record: PlacedRecord, summaries: readonly SummaryRecord[]): StudyRun {
  const byMetric = new Map(summaries.map((summary) => [summary.metric, toSummary(summary)]));
  const run = toRunRow(record);
  return {
    ...run,
    position: record.position,
    parameters: JSON.parse(record.parameters) as Record<string, unknown>,
    summaries: Object.fromEntries(run.metrics.filter((metric) => byMetric.has(metric)).map((metric) => [metric, byMetric.get(metric)!])),
  };
}
