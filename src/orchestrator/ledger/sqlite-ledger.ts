/**
 * The ledger over one SQLite file: WAL, every commit synced, one owner. Synchronous; `ledger-thread.ts` gives it a
 * thread of its own.
 *
 * Opening: claim the folder -> (after an unclean end: quick_check) -> tables -> close what a dead owner left open.
 * Closing: open attempts are handed back, then the folder is sealed: no WAL, no lock, so it opens from read-only media.
 */
import { existsSync } from 'node:fs';
import type { CommitReport, Ledger, PlannedStudy, StoredOptimum, SubmitReport } from '../../shared/contracts/ledger.ts';
import { codeOf, MarinadeError } from '../../shared/errors.ts';
import type { RoundJobResult } from '../../shared/messages/round-job.ts';
import { checkLedger } from './check.ts';
import { commitRoundJob } from './commit.ts';
import { Connection } from './connection.ts';
import { continueTrajectory } from './continuation.ts';
import { EventLog, type LedgerEvent } from './events.ts';
import { type LedgerPaths, ledgerPaths, prepareFolder } from './folder.ts';
import { migrate } from './migrations.ts';
import { type OwnerInfo, type OwnerRecord, Ownership } from './owner.ts';
import { Queries, type SynchronousReader } from './queries.ts';
import type { RunRecord } from './run-record.ts';
import { Runs } from './runs.ts';
import { isBusy } from './storage-failure.ts';
import type { Synchronous } from './synchronous.ts';

/** The owner's side, synchronously. */
export type SynchronousLedger = Synchronous<Ledger> &
  SynchronousReader & {
    owner(): OwnerRecord;
    announce(address: string | null): void;
  };

export interface LedgerOptions {
  /** How other commands reach this process. */
  readonly owner?: OwnerInfo;
  /** Hears every event after it is durable. */
  readonly onEvent?: (event: LedgerEvent) => void;
  /** Checkpoints of so many bytes and more are files of their own (64 KiB). */
  readonly filesFrom?: number;
}

/** What one call of a group came to. */
export type Settled = { readonly value: unknown } | { readonly error: unknown };

export class SqliteLedger extends Queries implements SynchronousLedger {
  readonly #ownership: Ownership;
  readonly #events: EventLog;
  readonly #runs: Runs;

  private constructor(connection: Connection, paths: LedgerPaths, ownership: Ownership, { onEvent, filesFrom }: LedgerOptions) {
    super(connection, paths, filesFrom);
    this.#ownership = ownership;
    this.#events = new EventLog(connection, onEvent);
    this.#runs = new Runs(connection, this.#events);
  }

  /** Opens the folder for its one owner, creating what is not there. */
  static open(folder: string, options: LedgerOptions = {}): SqliteLedger {
    const paths = ledgerPaths(folder);
    prepareFolder(paths);
    const { ownership, unclean } = Ownership.claim(paths, options.owner ?? {});
    let connection: Connection | undefined;
    try {
      const checked = unclean || existsSync(`${paths.database}-wal`);
      connection = new Connection(paths.database);
      if (checked) quickCheck(connection);
      connection.execute('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
      migrate(connection);
      const ledger = new SqliteLedger(connection, paths, ownership, options);
      ledger.#recover(unclean);
      return ledger;
    } catch (thrown) {
      connection?.close();
      ownership.release();
      throw thrown;
    }
  }

  submit(study: PlannedStudy): SubmitReport {
    const { connection, checkpoints } = this;
    return connection.transact(() => {
      const report = this.#runs.submit(study);
      for (const { runKey } of study.runs) continueTrajectory({ connection, checkpoints, events: this.#events }, runKey);
      return report;
    });
  }

  setStudy(studyKey: string, change: { readonly paused?: boolean; readonly priority?: number }): void {
    this.connection.transact(() => this.#runs.setStudy(studyKey, change));
  }

  cancelStudy(studyKey: string): string[] {
    return this.connection.transact(() => this.#runs.cancelStudy(studyKey));
  }

  retry(studyKey: string, runKey: string | null): number {
    return this.connection.transact(() => this.#runs.retry(studyKey, runKey));
  }

  beginAttempt(runKey: string, worker: string): { readonly fence: number } {
    return this.connection.transact(() => this.#runs.beginAttempt(runKey, worker));
  }

  endAttempt(runKey: string, fence: number, reason: string): void {
    this.connection.transact(() => this.#runs.endAttempt(runKey, fence, reason));
  }

  commitRoundJob(fence: number, result: RoundJobResult): CommitReport {
    const { connection, checkpoints } = this;
    try {
      return connection.transact(() => commitRoundJob({ connection, checkpoints, events: this.#events, runs: this.#runs }, fence, result));
    } catch (thrown) {
      if (codeOf(thrown) === 'MARINADE_STORAGE_DETERMINISM') {
        const { runKey, fromRound, toRound } = result;
        const { details } = thrown as MarinadeError;
        connection.transact(() => this.#events.append('round-job:disagree', runKey, { fence, fromRound, toRound, ...details }));
      }
      throw thrown;
    }
  }

  finishWithout(...parameters: Parameters<Synchronous<Ledger>['finishWithout']>): void {
    this.connection.transact(() => this.#runs.finishWithout(...parameters));
  }

  recordDeath(runKey: string, fence: number, reason: string): number {
    return this.connection.transact(() => this.#runs.recordDeath(runKey, fence, reason));
  }

  storeOptimum(objectiveKey: string, { value, certificate }: StoredOptimum): void {
    this.connection.run(
      `INSERT INTO optimum (objective_key, value, certificate) VALUES (?, ?, ?)
       ON CONFLICT (objective_key) DO UPDATE SET value = excluded.value, certificate = excluded.certificate`,
      objectiveKey,
      value,
      JSON.stringify(certificate),
    );
  }

  recordAction(run: string | null, action: Readonly<Record<string, unknown>>): void {
    this.connection.transact(() => this.#events.append('action', run, action));
  }

  /** Marks damaged checkpoints, so that what the run recomputes takes their place. */
  protected override foundDamaged(run: RunRecord, rounds: readonly number[], damaged: readonly string[]): void {
    this.connection.transact(() => {
      this.checkpoints.markDamaged(run, rounds);
      this.#events.append('checkpoint:damaged', run.runKey, { rounds, damaged });
    });
  }

  check(): string[] {
    return checkLedger(this.connection, this.checkpoints);
  }

  owner(): OwnerRecord {
    return this.#ownership.record;
  }

  announce(address: string | null): void {
    this.#ownership.announce(address);
  }

  /**
   * Runs several writing calls in one transaction: one sync for all of them. A call that throws undoes its own changes
   * only; when the transaction itself fails, nothing of it happened and every call fails.
   */
  group(calls: readonly (() => unknown)[]): Settled[] {
    try {
      return this.connection.transact(() => calls.map((call) => this.#settle(call)));
    } catch (error) {
      return calls.map(() => ({ error }));
    }
  }

  #settle(call: () => unknown): Settled {
    try {
      return { value: call() };
    } catch (error) {
      if (!this.connection.inTransaction) throw error;
      return { error };
    }
  }

  /** Hands back open attempts, seals the folder and gives it up. A folder somebody is reading stays in WAL mode. */
  override close(): void {
    try {
      this.connection.transact(() => this.#runs.interruptOpenAttempts());
      seal(this.connection);
    } finally {
      try {
        super.close();
      } finally {
        this.#ownership.release();
      }
    }
  }

  #recover(unclean: boolean): void {
    this.connection.transact(() => {
      if (unclean) this.#events.append('ledger:unclean', null);
      this.#runs.buryOpenAttempts();
    });
    this.checkpoints.removeOrphans();
  }
}

function quickCheck(connection: Connection): void {
  const finding = connection.pragma('quick_check(1)');
  if (finding === 'ok') return;
  throw new MarinadeError(
    'MARINADE_STORAGE_LEDGER',
    `${connection.path} is damaged (${String(finding).replaceAll(/\s+/g, ' ')}). Run \`marinade doctor\`, or choose another folder with --results`,
    { path: connection.path, finding },
  );
}

function seal(connection: Connection): void {
  try {
    connection.execute('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
  } catch (thrown) {
    if (!isBusy((thrown as Error).cause)) throw thrown;
  }
}
