/**
 * Checkpoints: small ones in the database, committed with the round job by the same sync; large ones as files, indexed
 * there. A file is complete and durable under its name before the transaction that mentions it commits, and is deleted
 * only after the transaction that forgets it; what a crash leaves between the two (a temporary file, a file no row
 * mentions) is removed when the ledger is opened.
 *
 * The newest two intact checkpoints of a run are kept. A damaged one is never started from: it is marked, reported,
 * and goes when newer ones take its place.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { MarinadeError } from '../../shared/errors.ts';
import { decodeCheckpoint } from '../../shared/messages/codec.ts';
import type { Connection } from './connection.ts';
import { type LedgerPaths, syncDirectory } from './folder.ts';
import { storageFailure, storing } from './storage-failure.ts';

const keptCheckpoints = 2;

/** Checkpoints of so many bytes and more are files: copying them through the database's log would cost more than a sync. */
export const FILES_FROM = 65_536;

export interface RunIdentity {
  readonly id: number;
  readonly runKey: string;
}

interface IndexRow {
  readonly round: number;
  readonly damaged: number;
  /** Null: in a file. */
  readonly body: Uint8Array | null;
}

export interface FoundCheckpoint {
  readonly round: number;
  readonly bytes: Uint8Array;
}

export class CheckpointStore {
  readonly #connection: Connection;
  readonly #paths: LedgerPaths;
  readonly #filesFrom: number;

  constructor(connection: Connection, paths: LedgerPaths, filesFrom: number) {
    this.#connection = connection;
    this.#paths = paths;
    this.#filesFrom = filesFrom;
  }

  /** Rounds of the checkpoints that are not known to be damaged, newest first. */
  rounds({ id }: RunIdentity): number[] {
    return this.#connection
      .all<{ round: number }>('SELECT round FROM checkpoint WHERE run = ? AND damaged = 0 ORDER BY round DESC', id)
      .map(({ round }) => round);
  }

  /**
   * The newest intact checkpoint, at or before `round` where that is given, and what is wrong with newer ones.
   * `damagedRounds` are those found damaged by this call.
   */
  newest(
    run: RunIdentity,
    round = Number.MAX_SAFE_INTEGER,
  ): { readonly found: FoundCheckpoint | undefined; readonly damaged: readonly string[]; readonly damagedRounds: readonly number[] } {
    const damaged: string[] = [];
    const damagedRounds: number[] = [];
    const rows = this.#connection.all<IndexRow>(
      'SELECT round, damaged, body FROM checkpoint WHERE run = ? AND round <= ? ORDER BY round DESC',
      run.id,
      round,
    );
    for (const row of rows) {
      try {
        return { found: { round: row.round, bytes: this.#read(run, row) }, damaged, damagedRounds };
      } catch (thrown) {
        if (isMissing(thrown) && !this.#isIndexed(run, row.round)) return this.newest(run, round); // pruned meanwhile: look again
        const place = row.body === null ? this.#path(run.runKey, row.round) : `${this.#paths.database}, checkpoint of round ${row.round}`;
        damaged.push(`${place}: ${isMissing(thrown) ? 'the file is missing' : (thrown as Error).message}`);
        if (row.damaged === 0 && (isMissing(thrown) || thrown instanceof MarinadeError)) damagedRounds.push(row.round);
      }
    }
    return { found: undefined, damaged, damagedRounds };
  }

  markDamaged({ id }: RunIdentity, rounds: readonly number[]): void {
    for (const round of rounds) this.#connection.run('UPDATE checkpoint SET damaged = 1 WHERE run = ? AND round = ?', id, round);
  }

  /** Stores a checkpoint and forgets older ones; part of the transaction around it. */
  store(run: RunIdentity, round: number, bytes: Uint8Array): void {
    this.#verify(run, round, bytes);
    const isFile = bytes.length >= this.#filesFrom;
    if (isFile) this.#writeFile(run, round, bytes);
    this.#connection.run(
      `INSERT INTO checkpoint (run, round, bytes, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (run, round) DO UPDATE SET bytes = excluded.bytes, body = excluded.body, damaged = 0`,
      run.id,
      round,
      bytes.length,
      isFile ? null : bytes,
    );
    this.#prune(run);
  }

  #writeFile(run: RunIdentity, round: number, bytes: Uint8Array): void {
    const directory = join(this.#paths.checkpoints, run.runKey);
    const path = this.#path(run.runKey, round);
    const temporary = `${path}.tmp`;
    this.#connection.afterRollback(() => rmSync(path, { force: true }));
    try {
      if (!existsSync(directory)) {
        mkdirSync(directory);
        syncDirectory(this.#paths.checkpoints);
      }
      const file = openSync(temporary, 'w');
      try {
        writeFileSync(file, bytes);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
      syncDirectory(directory);
    } catch (thrown) {
      rmSync(temporary, { force: true });
      throw storageFailure(thrown, path);
    }
  }

  /** Removes files that no row mentions: what a crash left behind. Returns how many. */
  removeOrphans(): number {
    const { checkpoints } = this.#paths;
    return storing(checkpoints, () => {
      const indexed = new Map<string, Set<string>>();
      for (const { runKey, round } of this.#connection.all<{ runKey: string; round: number }>(
        'SELECT run_key AS runKey, round FROM checkpoint JOIN run ON run.id = checkpoint.run WHERE body IS NULL',
      )) {
        const names = indexed.get(runKey);
        if (names === undefined) indexed.set(runKey, new Set([fileName(round)]));
        else names.add(fileName(round));
      }
      let removed = 0;
      for (const runKey of readdirSync(checkpoints)) {
        const names = indexed.get(runKey);
        const directory = join(checkpoints, runKey);
        if (names === undefined) {
          rmSync(directory, { recursive: true, force: true });
          removed++;
          continue;
        }
        for (const name of readdirSync(directory)) {
          if (names.has(name)) continue;
          rmSync(join(directory, name), { recursive: true, force: true });
          removed++;
        }
      }
      return removed;
    });
  }

  #path(runKey: string, round: number): string {
    return join(this.#paths.checkpoints, runKey, fileName(round));
  }

  #isIndexed({ id }: RunIdentity, round: number): boolean {
    return this.#connection.get('SELECT 1 AS found FROM checkpoint WHERE run = ? AND round = ?', id, round) !== undefined;
  }

  #read(run: RunIdentity, { round, body }: IndexRow): Uint8Array {
    const stored = body ?? readRegular(this.#path(run.runKey, round));
    const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.length);
    this.#verify(run, round, bytes);
    return bytes;
  }

  #verify({ runKey }: RunIdentity, round: number, bytes: Uint8Array): void {
    const header = decodeCheckpoint(bytes, { runKey });
    if (header.round === round) return;
    throw new MarinadeError('MARINADE_STORAGE_CHECKPOINT', `expected the checkpoint of round ${round}; got that of round ${header.round}`, {
      runKey,
      expected: round,
      received: header.round,
    });
  }

  /** Forgets all but the newest intact ones, and damaged ones older than any of those; their files go after the commit. */
  #prune({ id, runKey }: RunIdentity): void {
    const rows = this.#connection.all<{ readonly round: number; readonly damaged: number; readonly isFile: number }>(
      'SELECT round, damaged, body IS NULL AS isFile FROM checkpoint WHERE run = ? ORDER BY round DESC',
      id,
    );
    let intact = 0;
    for (const { round, damaged, isFile } of rows) {
      const kept = damaged === 0 ? intact < keptCheckpoints : intact === 0;
      if (damaged === 0) intact++;
      if (kept) continue;
      this.#connection.run('DELETE FROM checkpoint WHERE run = ? AND round = ?', id, round);
      if (isFile === 1) this.#connection.afterCommit(() => remove(this.#path(runKey, round)));
    }
  }
}

function fileName(round: number): string {
  return `${round}.ckpt`;
}

/** The bytes of a file; a folder, a pipe or a device in its place is damage. */
function readRegular(path: string): Uint8Array {
  if (statSync(path).isFile()) return readFileSync(path);
  throw new MarinadeError('MARINADE_STORAGE_CHECKPOINT', 'it is no file', { path });
}

function isMissing(thrown: unknown): boolean {
  return (thrown as { code?: string }).code === 'ENOENT';
}

/** A file that stays behind is an orphan, which the next open removes: not worth failing a commit that is durable. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Left for `removeOrphans`.
  }
}
