/**
 * Reads a results folder without owning it: while another process works on it, after one died, and when it is sealed,
 * also on read-only media. Each call has a connection of its own, so that a reader which stays open for days never
 * keeps the owner from sealing the folder, and sees a folder that was replaced.
 */
import { existsSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { codeOf, MarinadeError } from '../../shared/errors.ts';
import { Connection } from './connection.ts';
import { type LedgerPaths, ledgerPaths, requireLedger } from './folder.ts';
import { readerMethodNames } from './ledger-protocol.ts';
import { requireReadable } from './migrations.ts';
import { Queries, type SynchronousReader } from './queries.ts';

/** A reader of the folder; throws MARINADE_STORAGE_NOT_FOUND when there is no ledger. */
export function openSqliteReader(folder: string): SynchronousReader {
  const paths = ledgerPaths(folder);
  connect(paths).close();
  const calls = readerMethodNames.map((name) => [
    name,
    (...parameters: unknown[]): unknown => {
      const queries = new Queries(connect(paths), paths);
      try {
        return (queries[name] as (...parameters: unknown[]) => unknown)(...parameters);
      } finally {
        queries.close();
      }
    },
  ]);
  return { ...(Object.fromEntries(calls) as SynchronousReader), close: () => {} };
}

/** A connection of a reader. */
export function connect(paths: LedgerPaths): Connection {
  requireLedger(paths);
  try {
    return readable(new Connection(paths.database, { readOnly: true }));
  } catch (thrown) {
    if (codeOf(thrown) !== 'MARINADE_CONFIG_FOLDER') throw thrown;
    // A write-ahead log needs files beside the database that cannot be made here. Without one there is nothing to miss.
    if (hasLog(paths)) throw unsealed(paths, thrown);
    const immutable = pathToFileURL(paths.database);
    immutable.searchParams.set('immutable', '1');
    return readable(new Connection(paths.database, { readOnly: true }, immutable));
  }
}

function readable(connection: Connection): Connection {
  try {
    requireReadable(connection);
    return connection;
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
}

function hasLog({ database }: LedgerPaths): boolean {
  const log = `${database}-wal`;
  return existsSync(log) && statSync(log).size > 0;
}

function unsealed({ folder }: LedgerPaths, cause: unknown): MarinadeError {
  return new MarinadeError(
    'MARINADE_STORAGE_LEDGER',
    `${folder} was not closed by its owner and is read-only, so its newest commits cannot be read. Copy the folder to a writable place and read it there`,
    { folder },
    cause,
  );
}
