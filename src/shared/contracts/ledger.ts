/**
 * The ledger: the orchestrator's database and the only truth about runs. One process owns it; its synchronous writes
 * and heavy queries run on a thread of their own, so every operation here is a promise.
 *
 * A run's life: `queued` -> `running` (an attempt is open) -> `finished` with an outcome. Runs and studies are
 * many-to-many. What was committed survives any crash; committing the same round job twice changes nothing.
 */
import type { PlainFailure } from '../errors.ts';
import type { RoundJobResult } from '../messages/round-job.ts';
import type { Outcome } from '../outcome.ts';

export type RunState = 'queued' | 'running' | 'finished';

/** A run as a study plans it. */
export interface PlannedRun {
  readonly runKey: string;
  readonly trajectoryKey: string;
  /** Canonical JSON of the resolved experiment, seed included. */
  readonly experiment: string;
  readonly dataSha256: string;
  /** The objective whose f* the run needs; null where it needs none. */
  readonly objectiveKey: string | null;
  readonly seed: number;
  readonly rounds: number;
  /** Metric names in recorded order, and the recording period. */
  readonly metrics: readonly string[];
  readonly every: number;
  /** Varied parameters of this study's cell: path -> value, as JSON text. */
  readonly parameters: string;
  /** Warnings and waivers to show beside the run. */
  readonly warnings: readonly string[];
}

export interface PlannedStudy {
  readonly studyKey: string;
  readonly name: string;
  /** The study file as it was submitted. */
  readonly source: string;
  readonly runs: readonly PlannedRun[];
}

export interface SubmitReport {
  /** Runs the ledger did not know. */
  readonly added: number;
  /** Runs that were finished already and are not run again. */
  readonly finished: number;
  /** Unfinished, cancelled, budget-stopped or failed runs that go on. */
  readonly resumed: number;
}

/** A metric's rollup, so that no table reads a curve. `min` and `max` ignore NaN; null when all are NaN. */
export interface MetricSummary {
  readonly first: number;
  readonly last: number;
  readonly min: number | null;
  readonly max: number | null;
}

export interface RunRow {
  readonly runKey: string;
  readonly trajectoryKey: string;
  readonly state: RunState;
  readonly outcome: Outcome | null;
  readonly epoch: number;
  readonly seed: number;
  /** Rounds planned, and the round the newest committed checkpoint stands at (-1: none). */
  readonly rounds: number;
  readonly committedRound: number;
  readonly experiment: string;
  readonly dataSha256: string;
  readonly objectiveKey: string | null;
  readonly metrics: readonly string[];
  readonly every: number;
  readonly resultHash: string | null;
  readonly warnings: readonly string[];
  readonly notes: Readonly<Record<string, number>>;
  readonly failure: PlainFailure | null;
  /** Deaths of the executing process in a row without progress. */
  readonly deaths: number;
  /** Seconds of computation so far. */
  readonly computeSeconds: number;
}

export interface StudyRow {
  readonly studyKey: string;
  readonly name: string;
  readonly source: string;
  readonly submittedAt: string;
  /** Higher goes first. */
  readonly priority: number;
  readonly paused: boolean;
  /** Cancelled: it wants none of its runs until it is submitted again. */
  readonly withdrawn: boolean;
}

/** A study in four numbers; runs that end without a result count as finished, and as failed where that is why. */
export interface StudyRollup {
  readonly total: number;
  readonly finished: number;
  readonly failed: number;
  readonly roundsLeft: number;
}

/** A run inside a study, with everything a table or a report shows. */
export interface StudyRun extends RunRow {
  readonly position: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly summaries: Readonly<Record<string, MetricSummary>>;
}

export interface AttemptRow {
  readonly fence: number;
  readonly worker: string;
  readonly fromRound: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly reason: string | null;
}

export interface StoredOptimum {
  readonly value: number;
  /** Gradient norm at the minimiser, iterations, method. */
  readonly certificate: Readonly<Record<string, unknown>>;
}

/** Curves of one run: recorded rounds and one column per metric. */
export interface RunCurves {
  readonly rounds: Float64Array;
  readonly columns: Readonly<Record<string, Float64Array>>;
}

export type CommitReport =
  /** `applied`: stored now. `repeated`: was stored before, same bits. `fenced`: a newer attempt owns the run. */
  { readonly kind: 'applied' | 'repeated' | 'fenced'; readonly finished: boolean; readonly resultHash: string | null };

/** The reading side: what lists, reports, exports and the dashboard need; works on a sealed folder without owning it. */
export interface LedgerReader {
  studies(): Promise<readonly (StudyRow & { readonly states: Readonly<Record<string, number>> })[]>;
  study(nameOrKey: string): Promise<StudyRow | undefined>;
  rollup(studyKey: string): Promise<StudyRollup>;
  runs(studyKey: string): Promise<readonly StudyRun[]>;
  run(runKeyOrPrefix: string): Promise<StudyRun | undefined>;
  /** The newest study that wants a run. */
  studyOf(runKey: string): Promise<string | undefined>;
  attempts(runKey: string): Promise<readonly AttemptRow[]>;
  curves(runKey: string, metrics?: readonly string[]): Promise<RunCurves>;
  /** The newest checkpoint that is intact, or an older one, or undefined; damaged ones are reported in `damaged`. */
  checkpoint(
    runKey: string,
    round?: number,
  ): Promise<{ readonly round: number; readonly bytes: Uint8Array; readonly damaged: readonly string[] } | undefined>;
  checkpointRounds(runKey: string): Promise<readonly number[]>;
  optimum(objectiveKey: string): Promise<StoredOptimum | undefined>;
  close(): Promise<void>;
}

export interface Ledger extends LedgerReader {
  submit(study: PlannedStudy): Promise<SubmitReport>;
  /** Unfinished runs of a study in its order, without their curves: at most `count`, behind the position `after`. */
  unfinished(studyKey: string, page?: { readonly after?: number; readonly count?: number }): Promise<readonly StudyRun[]>;
  setStudy(studyKey: string, change: { readonly paused?: boolean; readonly priority?: number }): Promise<void>;
  /** Cancels the study's unfinished runs that no other study wants. Returns their keys. */
  cancelStudy(studyKey: string): Promise<readonly string[]>;
  /** Goes on with runs that ended cancelled, failed or quarantined: all of the study's, or one. Returns how many. */
  retry(studyKey: string, runKey: string | null): Promise<number>;
  /** Opens an attempt: the run is `running` under a new fence until the attempt ends. */
  beginAttempt(runKey: string, worker: string): Promise<{ readonly fence: number }>;
  /** Ends an open attempt without finishing the run (a pause, an interruption). */
  endAttempt(runKey: string, fence: number, reason: string): Promise<void>;
  /** Points, checkpoint, and at the end summary, hash, outcome: one transaction, durable when the promise resolves. */
  commitRoundJob(fence: number, result: RoundJobResult): Promise<CommitReport>;
  /** Ends a run without a result: failed, quarantined or cancelled; with an epoch, only if it has not been gone on with since. */
  finishWithout(
    runKey: string,
    fence: number | null,
    outcome: 'failed' | 'quarantined' | 'cancelled',
    failure: PlainFailure | null,
    epoch?: number,
  ): Promise<void>;
  /** One more death of the executing process without progress. Returns the count. */
  recordDeath(runKey: string, fence: number, reason: string): Promise<number>;
  storeOptimum(objectiveKey: string, optimum: StoredOptimum): Promise<void>;
  /** Writes into the journal who asked for what. */
  recordAction(run: string | null, action: Readonly<Record<string, unknown>>): Promise<void>;
  /** Integrity findings, for `doctor`; empty when all is well. */
  check(): Promise<readonly string[]>;
}
