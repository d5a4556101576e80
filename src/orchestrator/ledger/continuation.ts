/**
 * A new run whose trajectory is known: it begins at the checkpoint of another run instead of at x^0, with the other's
 * points, where its numbers are then exactly those it would have computed itself.
 *
 * Both must share the trajectory key (all but rounds, metrics and stop), record at the same rounds and stop by the same
 * rules, for what is recorded and judged is counted in the checkpoint; and every metric of the new run must have been
 * recorded. The other's last checkpoint counts only if the new run would not have ended there, nor counted otherwise:
 * the last round of a completed run is recorded wherever it falls, and no plateau is judged in it.
 */
import { canonicalJson } from '../../shared/hash.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../shared/messages/codec.ts';
import { isResumable } from '../../shared/outcome.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { readColumn, storePoints } from './chunks.ts';
import type { Connection } from './connection.ts';
import type { EventLog } from './events.ts';
import { extendPyramid } from './pyramid.ts';
import { type RunRecord, requireRun, runColumns } from './run-record.ts';
import { updateSummaries } from './summaries.ts';

interface Parts {
  readonly connection: Connection;
  readonly checkpoints: CheckpointStore;
  readonly events: EventLog;
}

interface Judged {
  readonly stop?: { readonly plateau?: unknown };
}

/** Begins a run that has computed nothing where another has come to; part of the transaction around it. */
export function continueTrajectory({ connection, checkpoints, events }: Parts, runKey: string): void {
  const run = requireRun(connection, runKey);
  if (run.committedRound >= 0 || run.state === 'finished') return;
  const others = connection
    .all<RunRecord>(
      `SELECT ${runColumns} FROM run WHERE trajectory_key = ? AND id <> ? AND every = ? AND committed_round >= 0`,
      run.trajectoryKey,
      run.id,
      run.every,
    )
    .filter((other) => recordsAll(other, run) && canonicalJson(stopOf(other)) === canonicalJson(stopOf(run)))
    .flatMap((other) => checkpoints.rounds(other).map((round) => ({ other, round })))
    .filter(({ other, round }) => round < run.rounds && isExactAt(other, round))
    .sort((a, b) => b.round - a.round);
  for (const { other, round } of others) {
    const { found } = checkpoints.newest(other, round);
    if (found?.round !== round) continue;
    const content = decodeCheckpoint(found.bytes, { runKey: other.runKey });
    const count = Math.floor(round / run.every) + 1;
    const metrics = JSON.parse(run.metrics) as string[];
    const columns = Object.fromEntries(metrics.map((metric) => [metric, readColumn(connection, other, metric, 0, count)]));
    storePoints(connection, run, { first: 0, count, columns });
    updateSummaries(connection, run, 0, { first: 0, count, columns });
    extendPyramid(connection, { ...run, points: count }, 0, metrics);
    checkpoints.store(run, round, encodeCheckpoint({ ...content, runKey }));
    connection.run('UPDATE run SET committed_round = ?, points = ? WHERE id = ?', round, count, run.id);
    events.append('run:continue', runKey, { trajectoryOf: other.runKey, round });
    return;
  }
}

function recordsAll(other: RunRecord, run: RunRecord): boolean {
  const recorded = new Set(JSON.parse(other.metrics) as string[]);
  return (JSON.parse(run.metrics) as string[]).every((metric) => recorded.has(metric));
}

function stopOf({ experiment }: RunRecord): NonNullable<Judged['stop']> {
  return (JSON.parse(experiment) as Judged).stop ?? {};
}

/** Whether the checkpoint counts as it would in a longer run. */
function isExactAt(other: RunRecord, round: number): boolean {
  if (round < other.committedRound || other.outcome === null || isResumable(other.outcome)) return true;
  return other.outcome === 'completed' && round % other.every === 0 && stopOf(other).plateau === undefined;
}
