/** What `doctor` looks for in a ledger: every finding is a sentence. Reads everything; changes nothing. */
import type { CheckpointStore } from './checkpoint-store.ts';
import { readColumn } from './chunks.ts';
import type { Connection } from './connection.ts';
import { type RunRecord, runColumns } from './run-record.ts';

export function checkLedger(connection: Connection, checkpoints: CheckpointStore): string[] {
  const integrity = connection.all<{ integrity_check: string }>('PRAGMA integrity_check').map((row) => row.integrity_check);
  const foreign = connection.all<{ table: string; rowid: number }>('PRAGMA foreign_key_check');
  return [
    ...integrity.filter((finding) => finding !== 'ok').map((finding) => `${connection.path}: ${finding}`),
    ...foreign.map(({ table, rowid }) => `${connection.path}: row ${rowid} of ${table} points at nothing`),
    ...connection.all<RunRecord>(`SELECT ${runColumns} FROM run ORDER BY id`).flatMap((run) => checkRun(connection, checkpoints, run)),
  ];
}

function checkRun(connection: Connection, checkpoints: CheckpointStore, run: RunRecord): string[] {
  const findings: string[] = [];
  for (const metric of JSON.parse(run.metrics) as string[]) {
    try {
      readColumn(connection, run, metric);
    } catch (thrown) {
      findings.push((thrown as Error).message);
    }
  }
  return [...findings, ...checkpoints.newest(run).damaged];
}
