/**
 * What the dashboard asks of a ledger beyond the reading side: tables in columns, curves in buckets. The cost of an
 * answer depends on how many runs it is about and how wide it is drawn, never on how many rounds they have.
 */

/** A metric as people meet it. */
export interface MetricFacts {
  readonly name: string;
  readonly title: string;
  /** With its symbol, as an axis carries it. */
  readonly axis: string;
  readonly logarithmic: boolean;
  readonly higherIsBetter: boolean;
}

/** Runs of a study that are meant: every condition holds. Values are compared by their labels. */
export interface RunSelection {
  /** Path of a varied parameter -> labels that fit. */
  readonly where?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Outcomes; of a run that has not ended, its state. */
  readonly outcomes?: readonly string[] | undefined;
  readonly seeds?: readonly number[] | undefined;
  readonly runs?: readonly string[] | undefined;
}

/** Rows of a study in columns; `cell` numbers an entry of `cells`, `outcome` is the state of a run that has not ended. */
export interface RunColumns {
  readonly position: readonly number[];
  readonly runKey: readonly string[];
  readonly cell: readonly number[];
  readonly seed: readonly number[];
  readonly outcome: readonly string[];
  readonly rounds: readonly number[];
  readonly committedRound: readonly number[];
  readonly computeSeconds: readonly number[];
  readonly deaths: readonly number[];
}

/** A metric of the same rows: null before the first point and where it is NaN; `rate` only once the run ended and fell by a decade. */
export interface MetricColumns {
  readonly last: readonly (number | null)[];
  readonly min: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  /** Decades a round by which the metric fell, fitted at the run's end. */
  readonly rate: readonly (number | null)[];
}

export interface RunTable {
  /** Last event the table contains. */
  readonly seq: number;
  /** All rows of the study, or those that changed since the event asked for. */
  readonly complete: boolean;
  /** Varied parameters, in the study's order. */
  readonly paths: readonly string[];
  /** Labels of the parameter values of each cell, by path; empty in a table of changes. */
  readonly cells: readonly (readonly string[])[];
  readonly metrics: readonly MetricFacts[];
  readonly headline: string | null;
  readonly rows: RunColumns;
  readonly values: Readonly<Record<string, MetricColumns>>;
}

export interface BandsQuery {
  readonly metric: string;
  /** `rounds`, `seconds`, or a metric that only grows. */
  readonly axis: string;
  /** Paths whose values tell groups apart; none: one group. `seed` is allowed. */
  readonly group: readonly string[];
  readonly selection: RunSelection;
  readonly buckets: number;
}

/** Mean over the runs of a group, from its smallest to its largest run. */
export interface Band {
  readonly label: string;
  readonly runs: number;
  readonly x: Float64Array;
  readonly low: Float64Array;
  readonly centre: Float64Array;
  readonly high: Float64Array;
  /** Where runs ended before their last round. */
  readonly ends: readonly { readonly x: number; readonly y: number; readonly diverged: boolean }[];
}

export interface Bands {
  readonly bands: readonly Band[];
  /** Groups beyond those that can be told apart. */
  readonly leftOut: number;
  readonly axis: string;
  readonly metric: MetricFacts;
}

export interface SeriesQuery {
  readonly runs: readonly string[];
  readonly metric: string;
  readonly buckets: number;
  /** Rounds shown; default all. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** One curve in buckets: the round of each bucket's last point, and its last, smallest and largest value. */
export interface Series {
  readonly runKey: string;
  readonly rounds: Float64Array;
  readonly last: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
}

export interface SelectionComparison {
  readonly pairs: number;
  readonly ratio: { readonly mean: number; readonly low: number; readonly high: number } | null;
  readonly difference: { readonly mean: number; readonly low: number; readonly high: number } | null;
  readonly lower: number;
  readonly equal: number;
  readonly higher: number;
  /** Runs without a partner or without a finite number. */
  readonly without: number;
}

export interface JournalEntry {
  readonly seq: number;
  readonly at: string;
  readonly run: string | null;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A study in numbers: its runs by outcome (of those that have not ended, by state), and the rounds they have left. */
export interface StudyCounts {
  readonly studyKey: string;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly roundsLeft: number;
}

/** What was committed lately, in equal stretches of time, the last one now. */
export interface Activity {
  readonly stretchSeconds: number;
  readonly rounds: readonly number[];
  readonly computeSeconds: readonly number[];
  readonly finished: readonly number[];
}

export interface DashboardReader {
  /** JSON text of a RunTable: of tens of thousands of rows it is passed on as it is. */
  runTable(studyKey: string, query: { readonly metrics: readonly string[]; readonly after?: number | undefined }): Promise<string>;
  bands(studyKey: string, query: BandsQuery): Promise<Bands>;
  series(query: SeriesQuery): Promise<readonly Series[]>;
  /** Two selections of runs, paired by seed and by all parameters in which they do not differ as a whole. */
  comparison(studyKey: string, metric: string, reference: RunSelection, other: RunSelection): Promise<SelectionComparison>;
  /** Runs with the rollups of their metrics, as the bytes of a Parquet file. */
  parquet(studyKey: string, selection: RunSelection): Promise<Uint8Array>;
  /** The newest events of the ledger or of one run, newest first. */
  journal(query: { readonly run?: string | undefined; readonly limit: number }): Promise<readonly JournalEntry[]>;
  facts(metrics: readonly string[]): Promise<readonly MetricFacts[]>;
  lastEvent(): Promise<number>;
  activity(): Promise<Activity>;
  counts(): Promise<readonly StudyCounts[]>;
}
