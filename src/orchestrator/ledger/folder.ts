/**
 * A results folder on disk, and whether a ledger can live there.
 *
 *   ledger.sqlite (-wal, -shm while owned)   the database
 *   checkpoints/<runKey>/<round>.ckpt        the newest two of every run whose checkpoints are large
 *   owner.json, owner.lock                   while a process owns the folder
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { MarinadeError } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import { storageFailure, storing } from './storage-failure.ts';

export interface LedgerPaths {
  readonly folder: string;
  readonly database: string;
  readonly checkpoints: string;
  readonly ownerFile: string;
  readonly ownerLock: string;
}

export function ledgerPaths(folder: string): LedgerPaths {
  return {
    folder,
    database: join(folder, 'ledger.sqlite'),
    checkpoints: join(folder, 'checkpoints'),
    ownerFile: join(folder, 'owner.json'),
    ownerLock: join(folder, 'owner.lock'),
  };
}

/** Creates the folder where needed and refuses, before any work is done, one that a ledger cannot be written to. */
export function prepareFolder({ folder, database, checkpoints }: LedgerPaths): void {
  storing(folder, () => {
    try {
      makeFolder(folder);
      refuseNetwork(folder);
      writeProbe(folder);
    } catch (thrown) {
      // Some file systems (/proc) know no new names.
      if ((thrown as { code?: string }).code === 'ENOENT') throw cannotHold(folder, thrown);
      throw thrown;
    }
  });
  storing(checkpoints, () => {
    if (!existsSync(checkpoints)) {
      mkdirSync(checkpoints);
      syncDirectory(folder);
    }
    if (!statSync(checkpoints).isDirectory()) throw notADirectory(checkpoints);
    accessSync(checkpoints, constants.R_OK | constants.W_OK | constants.X_OK);
  });
  storing(database, () => {
    if (!existsSync(database)) return;
    requireFile(database);
    accessSync(database, constants.R_OK | constants.W_OK);
  });
}

function writeProbe(folder: string): void {
  const probe = join(folder, `.probe-${process.pid}-${Math.trunc(performance.now() * 1000)}`);
  const file = openSync(probe, 'wx', 0o600);
  try {
    writeSync(file, 'probe');
  } finally {
    closeSync(file);
    unlinkSync(probe);
  }
}

function cannotHold(path: string, cause: unknown): MarinadeError {
  return new MarinadeError(
    'MARINADE_CONFIG_FOLDER',
    `no file can be made in ${path} (${(cause as Error).message}). Choose another folder with --results`,
    { path },
    cause,
  );
}

/** Refuses a folder that holds no ledger to read. */
export function requireLedger({ folder, database }: LedgerPaths): void {
  try {
    requireFile(database);
    accessSync(database, constants.R_OK);
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw storageFailure(thrown, database);
    throw new MarinadeError(
      'MARINADE_STORAGE_NOT_FOUND',
      `expected a results folder at ${folder}; there is no ledger.sqlite in it. Name the folder with --results`,
      { folder },
    );
  }
}

/** A pipe or a device would be waited for. */
export function requireFile(path: string): void {
  if (statSync(path).isFile()) return;
  throw new MarinadeError(
    'MARINADE_STORAGE_LEDGER',
    `expected a file at ${path}. Remove what is there, or choose another folder with --results`,
    {
      path,
    },
  );
}

/** Makes renames and new entries of a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function notADirectory(path: string): MarinadeError {
  return new MarinadeError('MARINADE_CONFIG_FOLDER', `expected a directory at ${path}; got a file. Choose another folder with --results`, {
    path,
  });
}

/** Magic numbers of statfs(2) of file systems whose locks and shared memory SQLite cannot rely on. */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
]);

/** The network file system a statfs type stands for, or undefined. */
export function networkFileSystem(type: number): string | undefined {
  return networkFileSystems.get(type >>> 0);
}

function refuseNetwork(folder: string): void {
  const name = networkFileSystem(statfsSync(folder).type);
  if (name === undefined) return;
  throw new MarinadeError(
    'MARINADE_CONFIG_FOLDER',
    `${folder} is on ${name}, where a SQLite ledger can be corrupted. Choose a folder on a local disk with --results`,
    { folder, fileSystem: name },
  );
}
