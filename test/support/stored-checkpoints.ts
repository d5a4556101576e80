/** The checkpoints a results folder keeps, in the database or as files: read, and damaged on purpose. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface StoredCheckpoint {
  readonly runKey: string;
  readonly round: number;
  readonly bytes: Uint8Array;
  /** Puts other bytes in its place; undefined takes it away, though the index still names it. */
  replace(bytes: Uint8Array | undefined): void;
}

/** Those of each run, newest first. */
export function storedCheckpoints(folder: string): StoredCheckpoint[][] {
  const path = join(folder, 'ledger.sqlite');
  const database = new DatabaseSync(path, { readOnly: true });
  let rows: { runKey: string; run: number; round: number; body: Uint8Array | null }[];
  try {
    rows = database
      .prepare('SELECT run_key AS runKey, run, round, body FROM checkpoint JOIN run ON run.id = run ORDER BY run, round DESC')
      .all() as unknown as typeof rows;
  } finally {
    database.close();
  }
  const stored = rows.map(({ runKey, run, round, body }): StoredCheckpoint => {
    const file = join(folder, 'checkpoints', runKey, `${round}.ckpt`);
    return {
      runKey,
      round,
      bytes: Uint8Array.from(body ?? readFileSync(file)),
      replace: (bytes) => {
        if (body === null) return bytes === undefined ? rmSync(file) : writeFileSync(file, bytes);
        const owned = new DatabaseSync(path);
        owned.prepare('UPDATE checkpoint SET body = ? WHERE run = ? AND round = ?').run(bytes ?? null, run, round);
        owned.close();
      },
    };
  });
  return Object.values(Object.groupBy(stored, ({ runKey }) => runKey)) as StoredCheckpoint[][];
}

/** Whether there is any; false as long as there is no ledger to look into. */
export function hasCheckpoint(folder: string): boolean {
  try {
    return storedCheckpoints(folder).length > 0;
  } catch {
    return false;
  }
}

/** The bytes with one bit turned. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, i) => (i === at ? byte ^ 0x10 : byte));
}
