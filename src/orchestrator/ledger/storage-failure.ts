/**
 * What SQLite and the file system throw, as errors that say what to do. A full disk, a damaged database and a folder
 * that cannot be written are three different errands for the user.
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { MarinadeError } from '../../shared/errors.ts';

interface SystemFailure {
  readonly code?: string;
  readonly errcode?: number;
  readonly message: string;
}

/** SQLite's primary result codes that are told apart here. */
const sqlite = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cantOpen: 14, notADatabase: 26 } as const;

/** SQLite's extended code of a database file that was moved or removed while it is open. */
const movedAway = 1032;

/** Below this much free space an I/O error of SQLite is taken for a full disk: it cannot grow its shared index then. */
const nearlyFullBytes = 64 * 1024;

/** SQLite's primary result code of a thrown value, or undefined when SQLite did not throw it. */
export function sqliteCode(thrown: unknown): number | undefined {
  const { code, errcode } = (thrown ?? {}) as SystemFailure;
  return code === 'ERR_SQLITE_ERROR' && errcode !== undefined ? errcode & 0xff : undefined;
}

export function isBusy(thrown: unknown): boolean {
  return sqliteCode(thrown) === sqlite.busy;
}

/** Runs `work` on `path`; what it throws comes out as a MarinadeError. */
export function storing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw storageFailure(thrown, path);
  }
}

/** The error for a thrown value that concerns `path`. Errors of ours pass unchanged. */
export function storageFailure(thrown: unknown, path: string): MarinadeError {
  if (thrown instanceof MarinadeError) return thrown;
  const { code = '', message } = thrown as SystemFailure;
  const about = (errorCode: 'MARINADE_STORAGE_FULL' | 'MARINADE_CONFIG_FOLDER' | 'MARINADE_STORAGE_LEDGER', text: string): MarinadeError =>
    new MarinadeError(errorCode, text, { path, cause: message }, thrown);
  const full = `no space is left for ${path} (${message}). Free some and run the same command again: nothing committed was lost`;
  const damaged = `${path} is damaged or no ledger (${message}). Run \`marinade doctor\`, or choose another folder with --results`;
  const denied = `${path} cannot be written (${message}). Make the folder writable, or choose another with --results`;
  if (sqliteCode(thrown) !== undefined && (thrown as SystemFailure).errcode === movedAway) {
    const lost = `${path} was moved or removed while it was in use. Put the folder back and run the same command again: what was committed is in it`;
    return about('MARINADE_STORAGE_LEDGER', lost);
  }
  switch (sqliteCode(thrown)) {
    case sqlite.full:
      return about('MARINADE_STORAGE_FULL', full);
    case sqlite.ioError:
      return isNearlyFull(path) ? about('MARINADE_STORAGE_FULL', full) : about('MARINADE_STORAGE_LEDGER', unusable(path, message));
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return about('MARINADE_STORAGE_LEDGER', damaged);
    case sqlite.readOnly:
    case sqlite.cantOpen:
      return about('MARINADE_CONFIG_FOLDER', denied);
    case sqlite.busy:
      return about(
        'MARINADE_STORAGE_LEDGER',
        `${path} is locked by another program (${message}). Close what else has it open for writing and try again`,
      );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') return about('MARINADE_STORAGE_FULL', full);
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENAMETOOLONG', 'ELOOP'].includes(code)) {
    return about('MARINADE_CONFIG_FOLDER', denied);
  }
  return about('MARINADE_STORAGE_LEDGER', unusable(path, message));
}

function unusable(path: string, message: string): string {
  return `${path} could not be read or written (${message}). Run \`marinade doctor\``;
}

function isNearlyFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < nearlyFullBytes;
  } catch {
    return false;
  }
}
