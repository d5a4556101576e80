/** What the ledger's thread and the rest of the process say to each other: calls by number, answers, events. */
import type { DashboardReader } from '../../shared/contracts/dashboard.ts';
import type { PlainFailure } from '../../shared/errors.ts';
import type { LedgerEvent } from './events.ts';
import type { OwnerInfo } from './owner.ts';
import type { SynchronousReader } from './queries.ts';
import type { SynchronousLedger } from './sqlite-ledger.ts';
import type { Synchronous } from './synchronous.ts';

/** What only readers for a dashboard answer. */
export type SynchronousDashboard = Synchronous<DashboardReader>;

export type LedgerMethod = keyof SynchronousLedger | keyof SynchronousDashboard;

const readingMethods = {
  studies: true,
  study: true,
  rollup: true,
  runs: true,
  run: true,
  studyOf: true,
  attempts: true,
  curves: true,
  checkpoint: true,
  checkpointRounds: true,
  optimum: true,
  events: true,
  close: true,
} satisfies Record<keyof SynchronousReader, true>;

const owningMethods = {
  submit: true,
  setStudy: true,
  cancelStudy: true,
  retry: true,
  unfinished: true,
  beginAttempt: true,
  endAttempt: true,
  commitRoundJob: true,
  finishWithout: true,
  recordDeath: true,
  storeOptimum: true,
  recordAction: true,
  check: true,
  owner: true,
  announce: true,
} satisfies Record<Exclude<keyof SynchronousLedger, keyof SynchronousReader>, true>;

const dashboardMethods = {
  runTable: true,
  bands: true,
  series: true,
  comparison: true,
  journal: true,
  parquet: true,
  facts: true,
  lastEvent: true,
  activity: true,
  counts: true,
} satisfies Record<keyof SynchronousDashboard, true>;

export const readerMethodNames = Object.keys(readingMethods) as readonly (keyof SynchronousReader)[];
export const dashboardMethodNames = Object.keys(dashboardMethods) as readonly (keyof SynchronousDashboard)[];
export const ledgerMethodNames = [...readerMethodNames, ...Object.keys(owningMethods)] as readonly LedgerMethod[];

/** Calls that only write the database: those that wait at the same time share a transaction. */
export const groupedMethods: ReadonlySet<LedgerMethod> = new Set<LedgerMethod>([
  'submit',
  'setStudy',
  'cancelStudy',
  'retry',
  'beginAttempt',
  'endAttempt',
  'commitRoundJob',
  'finishWithout',
  'recordDeath',
  'storeOptimum',
  'recordAction',
]);

export interface LedgerThreadData {
  readonly folder: string;
  /** Null for a reader. */
  readonly owner: OwnerInfo | null;
  readonly sendEvents: boolean;
  /** A reader that answers a dashboard, too. */
  readonly forDashboard?: boolean;
  readonly filesFrom?: number | undefined;
}

export interface LedgerCall {
  readonly id: number;
  readonly method: LedgerMethod;
  readonly parameters: readonly unknown[];
}

/** `id` 0 answers the opening itself. */
export type LedgerAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: PlainFailure }
  | { readonly event: LedgerEvent };
