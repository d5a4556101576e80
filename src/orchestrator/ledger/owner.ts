/**
 * One owner per results folder. The claim is an exclusive transaction held on a small database of its own
 * (`owner.lock`): the operating system drops it when the process dies, so nothing stale can keep a folder locked.
 * `owner.json` beside it only says who the owner is, for messages and for commands that talk to it.
 *
 * The lock's file is unlinked while it is still held. Somebody may have opened that file just before, and then lock a
 * file that is no longer in the folder: a claim holds only if the path names the same file before it was opened and
 * after it was locked, else it starts again. (The file is never opened but by SQLite: closing any other descriptor of
 * it would drop the process' locks.)
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { MarinadeError } from '../../shared/errors.ts';
import { Connection } from './connection.ts';
import type { LedgerPaths } from './folder.ts';
import { isBusy, storageFailure, storing } from './storage-failure.ts';

/** The content of `owner.json`: who owns the folder, and how to reach it. */
export interface OwnerRecord {
  readonly pid: number;
  readonly host: string;
  /** Where the owner takes commands; null when it listens nowhere. */
  readonly address: string | null;
  /** What a command shows to be let in. */
  readonly token: string;
  readonly startedAt: string;
}

export interface OwnerInfo {
  readonly address?: string | null;
  readonly token?: string;
}

/** What `owner.json` says, or undefined when there is none that can be read. It may be stale: only the lock decides. */
export function readOwner(paths: LedgerPaths): OwnerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(paths.ownerFile, 'utf8')) as OwnerRecord;
    return typeof record.pid === 'number' && typeof record.host === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

export class Ownership {
  readonly #paths: LedgerPaths;
  readonly #lock: Connection;
  #record: OwnerRecord;

  private constructor(paths: LedgerPaths, lock: Connection, record: OwnerRecord) {
    this.#paths = paths;
    this.#lock = lock;
    this.#record = record;
  }

  /** Claims the folder, or throws MARINADE_STORAGE_OWNED at once. `unclean` tells that the last owner did not close it. */
  static claim(
    paths: LedgerPaths,
    { address = null, token = randomBytes(32).toString('hex') }: OwnerInfo = {},
  ): {
    readonly ownership: Ownership;
    readonly unclean: boolean;
  } {
    const lock = lockExclusively(paths);
    try {
      const unclean = existsSync(paths.ownerFile);
      const record = { pid: process.pid, host: hostname(), address, token, startedAt: new Date().toISOString() };
      const ownership = new Ownership(paths, lock, record);
      ownership.#write();
      return { ownership, unclean };
    } catch (thrown) {
      lock.close();
      throw storageFailure(thrown, paths.ownerFile);
    }
  }

  get record(): OwnerRecord {
    return this.#record;
  }

  /** Tells where the owner can be reached from now on. */
  announce(address: string | null): void {
    this.#record = { ...this.#record, address };
    this.#write();
  }

  release(): void {
    rmSync(this.#paths.ownerFile, { force: true });
    rmSync(this.#paths.ownerLock, { force: true });
    this.#lock.close();
  }

  #write(): void {
    const { ownerFile } = this.#paths;
    const temporary = `${ownerFile}.tmp`;
    storing(ownerFile, () => {
      rmSync(temporary, { force: true });
      const file = openSync(temporary, 'wx', 0o600);
      try {
        writeFileSync(file, `${JSON.stringify(this.#record)}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, ownerFile);
    });
  }
}

const claimTries = 100;

function lockExclusively(paths: LedgerPaths): Connection {
  for (let i = 1; ; i++) {
    const before = identityOf(paths.ownerLock);
    const lock = new Connection(paths.ownerLock, { timeout: 0 });
    let failure: unknown;
    try {
      lock.execute('BEGIN EXCLUSIVE');
      if (before !== undefined && before === identityOf(paths.ownerLock)) return lock;
    } catch (thrown) {
      failure = thrown;
    }
    lock.close();
    if (isBusy((failure as Error | undefined)?.cause) || i === claimTries) throw ownedBy(paths, readOwner(paths));
    if (failure !== undefined && before !== undefined && before === identityOf(paths.ownerLock)) throw failure;
  }
}

/** Tells a file from any other that ever had its name; a number alone is used again soon. */
function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev} ${stat.ino} ${stat.birthtimeNs} ${stat.ctimeNs}`;
}

function ownedBy({ folder }: LedgerPaths, owner: OwnerRecord | undefined): MarinadeError {
  const who = owner === undefined ? 'another process' : `process ${owner.pid} on ${owner.host} (since ${owner.startedAt})`;
  const details =
    owner === undefined ? { folder } : { folder, pid: owner.pid, host: owner.host, address: owner.address, startedAt: owner.startedAt };
  return new MarinadeError(
    'MARINADE_STORAGE_OWNED',
    `${folder} is owned by ${who}. Wait for it, stop it, or choose another folder with --results`,
    details,
  );
}
