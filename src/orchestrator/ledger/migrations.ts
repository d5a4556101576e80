/**
 * The tables of a ledger, as steps from one `PRAGMA user_version` to the next. A released step is never edited; a
 * change of the tables is a new step.
 *
 * Numbers that may be NaN or -0 are BLOBs of little-endian f64, or columns of type ANY (which keep -0) with NULL for
 * NaN: a REAL column would lose both.
 */
import { MarinadeError } from '../../shared/errors.ts';
import type { Connection } from './connection.ts';
import { rollUpStored } from './rollups.ts';

const firstTables = `
  CREATE TABLE study (
    id           INTEGER PRIMARY KEY,
    study_key    TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    source       TEXT NOT NULL,
    submitted_at TEXT NOT NULL,
    submission   INTEGER NOT NULL,         -- event of the newest submission: which of two studies is the newer
    priority     INTEGER NOT NULL DEFAULT 0,
    paused       INTEGER NOT NULL DEFAULT 0,
    withdrawn    INTEGER NOT NULL DEFAULT 0  -- cancelled: it wants none of its runs until it is submitted again
  ) STRICT;
  CREATE INDEX study_name ON study (name);

  CREATE TABLE run (
    id               INTEGER PRIMARY KEY,
    run_key          TEXT NOT NULL UNIQUE,
    trajectory_key   TEXT NOT NULL,
    experiment       TEXT NOT NULL,        -- canonical JSON
    data_sha256      TEXT NOT NULL,
    objective_key    TEXT,                 -- whose f* the run needs
    seed             INTEGER NOT NULL,
    numerics_version INTEGER NOT NULL,
    rounds           INTEGER NOT NULL,     -- planned
    every            INTEGER NOT NULL,     -- point i is round i * every; the last round of a finished run may add one
    metrics          TEXT NOT NULL,        -- JSON array, in recorded order
    warnings         TEXT NOT NULL,        -- JSON array
    state            TEXT NOT NULL CHECK (state IN ('queued', 'running', 'finished')),
    outcome          TEXT CHECK ((outcome IS NOT NULL) = (state = 'finished')),
    epoch            INTEGER NOT NULL,     -- raised whenever an ended run goes on
    fence            INTEGER CHECK ((fence IS NOT NULL) = (state = 'running')),  -- the open attempt
    committed_round  INTEGER NOT NULL,     -- -1: none
    points           INTEGER NOT NULL,     -- recorded points stored
    result_hash      TEXT,
    notes            TEXT NOT NULL,        -- JSON object of counts since round 0
    failure          TEXT,                 -- JSON object
    deaths           INTEGER NOT NULL,
    compute_ms       REAL NOT NULL
  ) STRICT;
  CREATE INDEX run_trajectory ON run (trajectory_key);

  CREATE TABLE study_run (
    study      INTEGER NOT NULL REFERENCES study,
    position   INTEGER NOT NULL,
    run        INTEGER NOT NULL REFERENCES run,
    parameters TEXT NOT NULL,              -- JSON object: path -> value
    PRIMARY KEY (study, position)
  ) STRICT;
  CREATE INDEX study_run_run ON study_run (run);

  CREATE TABLE attempt (
    fence      INTEGER PRIMARY KEY AUTOINCREMENT,
    run        INTEGER NOT NULL REFERENCES run,
    epoch      INTEGER NOT NULL,
    worker     TEXT NOT NULL,
    from_round INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    reason     TEXT
  ) STRICT;
  CREATE INDEX attempt_run ON attempt (run);
  CREATE INDEX attempt_open ON attempt (fence) WHERE ended_at IS NULL;

  CREATE TABLE event (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    at   TEXT NOT NULL,
    run  TEXT,                             -- run key
    kind TEXT NOT NULL,
    data TEXT NOT NULL                     -- JSON object
  ) STRICT;

  CREATE TABLE chunk (
    id     INTEGER PRIMARY KEY,
    run    INTEGER NOT NULL REFERENCES run,
    metric TEXT NOT NULL,
    seq    INTEGER NOT NULL,               -- points seq * 512 ..
    n      INTEGER NOT NULL,
    data   BLOB NOT NULL,                  -- n little-endian f64
    crc32  INTEGER NOT NULL,
    UNIQUE (run, metric, seq)
  ) STRICT;

  CREATE TABLE checkpoint (
    run     INTEGER NOT NULL REFERENCES run,
    round   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    damaged INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, round)
  ) STRICT;

  CREATE TABLE summary (
    run    INTEGER NOT NULL REFERENCES run,
    metric TEXT NOT NULL,
    first  ANY,
    last   ANY,
    min    ANY,
    max    ANY,
    PRIMARY KEY (run, metric)
  ) STRICT;

  CREATE TABLE optimum (
    objective_key TEXT PRIMARY KEY,
    value         ANY NOT NULL,
    certificate   TEXT NOT NULL
  ) STRICT;
`;

/** Small checkpoints are part of the database: one sync commits a round job whole. */
const checkpointBodies = `
  ALTER TABLE checkpoint ADD COLUMN body BLOB;  -- NULL: in a file of its own
`;

/** What the dashboard draws from: buckets of every curve, and how fast a metric fell in a run that has ended. */
const rollups = `
  ALTER TABLE summary ADD COLUMN rate ANY; -- decades a round; NULL before the end and where the metric fell by less than one
  CREATE TABLE pyramid (
    run   INTEGER NOT NULL REFERENCES run,
    level INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    data  BLOB NOT NULL,                   -- per metric in recorded order: 32 smallest, 32 largest, 32 last values, f64
    PRIMARY KEY (run, level, seq)
  ) STRICT, WITHOUT ROWID;
`;

type Step = string | ((connection: Connection) => void);

const steps: readonly Step[] = [firstTables, checkpointBodies, rollups, rollUpStored];

/** The version of the tables this program writes. */
export const schemaVersion = steps.length;

/** Brings the tables up to date; does nothing when they are. */
export function migrate(connection: Connection): void {
  const version = versionOf(connection);
  if (version === schemaVersion) return;
  connection.transact(() => {
    for (const step of steps.slice(version)) {
      if (typeof step === 'string') connection.execute(step);
      else step(connection);
    }
    connection.execute(`PRAGMA user_version = ${schemaVersion}`);
  });
}

/** Refuses tables a reader cannot understand. */
export function requireReadable(connection: Connection): void {
  const version = versionOf(connection);
  if (version === schemaVersion) return;
  throw new MarinadeError(
    'MARINADE_PROTOCOL_VERSION',
    `expected ${connection.path} with tables of version ${schemaVersion}; got ${version}. Run a study into the folder once to bring it up to date`,
    { path: connection.path, expected: schemaVersion, received: version },
  );
}

function versionOf(connection: Connection): number {
  const version = Number(connection.pragma('user_version'));
  if (version < 0 || (version === 0 && hasTables(connection))) {
    throw new MarinadeError(
      'MARINADE_STORAGE_LEDGER',
      `${connection.path} is a database of another program, no ledger. Move it away, or choose another folder with --results`,
      { path: connection.path, version },
    );
  }
  if (version <= schemaVersion) return version;
  throw new MarinadeError(
    'MARINADE_PROTOCOL_VERSION',
    `expected ${connection.path} with tables of version ${schemaVersion} at most; got ${version}. Use the newer marinade that wrote it`,
    { path: connection.path, expected: schemaVersion, received: version },
  );
}

function hasTables(connection: Connection): boolean {
  return connection.get('SELECT 1 AS found FROM sqlite_schema') !== undefined;
}
