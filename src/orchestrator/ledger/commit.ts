/**
 * The commit of a round job: a compare-and-set on the round the run stands at, under the fence of its open attempt.
 *
 *   stands at c, result goes from a to b
 *     b <= c                     `repeated`: stored before. Its points must have the stored bits, its end the stored end
 *     a <= c < b, fence is open  `applied`: the points beyond the stored ones, checkpoint, summaries; at the end the hash
 *     b  = c, ends the run       `applied`: the run ends where it stands (budget, cancelled)
 *     otherwise                  `fenced`: the execution lost the run, or starts beyond what was committed
 *
 * Disagreement of any bit throws MARINADE_STORAGE_DETERMINISM and changes nothing.
 */
import type { CommitReport } from '../../shared/contracts/ledger.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { resultHash } from '../../shared/hash.ts';
import type { RecordedPoints, RoundJobResult } from '../../shared/messages/round-job.ts';
import { isDeterministic } from '../../shared/outcome.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { agreeWithStored, readColumn, storePoints } from './chunks.ts';
import type { Connection } from './connection.ts';
import type { EventLog } from './events.ts';
import { extendPyramid } from './pyramid.ts';
import { fitRates } from './rollups.ts';
import { type RunRecord, requireRun } from './run-record.ts';
import type { Runs } from './runs.ts';
import { updateSummaries } from './summaries.ts';

export interface CommitParts {
  readonly connection: Connection;
  readonly checkpoints: CheckpointStore;
  readonly events: EventLog;
  readonly runs: Runs;
}

export function commitRoundJob(parts: CommitParts, fence: number, result: RoundJobResult): CommitReport {
  const run = requireRun(parts.connection, result.runKey);
  requireWellFormed(run, result);
  const owns = run.fence === fence && run.epoch === result.epoch;
  const endsHere = owns && result.outcome !== null && result.toRound === run.committedRound;
  if (result.toRound <= run.committedRound && !endsHere) return repeat(parts, run, owns, result);
  if (!owns || result.fromRound > run.committedRound) {
    const { epoch, fromRound, toRound } = result;
    parts.events.append('round-job:fence', run.runKey, { fence, epoch, fromRound, toRound, openFence: run.fence, openEpoch: run.epoch });
    return { kind: 'fenced', finished: run.state === 'finished', resultHash: run.resultHash };
  }
  return apply(parts, run, result);
}

function apply({ connection, checkpoints, events, runs }: CommitParts, run: RunRecord, result: RoundJobResult): CommitReport {
  const points = storePoints(connection, run, result.points);
  const stored: RunRecord = { ...run, points, committedRound: result.toRound };
  requireOnGrid(stored, result);
  updateSummaries(connection, stored, run.points, result.points);
  extendPyramid(connection, stored, run.points, metricsOf(run));
  keepCheckpoint(checkpoints, run, result);
  connection.run(
    'UPDATE run SET committed_round = ?, points = ?, notes = ?, compute_ms = compute_ms + ?, deaths = 0 WHERE id = ?',
    result.toRound,
    points,
    JSON.stringify(result.notes),
    result.computeMs,
    run.id,
  );
  const { fromRound, toRound, outcome, computeMs, threads } = result;
  events.append('round-job:commit', run.runKey, { fromRound, toRound, points, computeMs, threads, finished: outcome !== null });
  if (outcome === null) return { kind: 'applied', finished: false, resultHash: null };
  const hash = isDeterministic(outcome) ? hashOf(connection, stored, result) : null;
  fitRates(connection, stored, metricsOf(run));
  runs.finish(run, outcome, hash, null);
  return { kind: 'applied', finished: true, resultHash: hash };
}

function repeat(parts: CommitParts, run: RunRecord, owns: boolean, result: RoundJobResult): CommitReport {
  const { connection, checkpoints, events } = parts;
  agreeWithStored(connection, run, result.points);
  agreeOnEnd(connection, run, result);
  if (owns) keepCheckpoint(checkpoints, run, result);
  events.append('round-job:repeat', run.runKey, { fromRound: result.fromRound, toRound: result.toRound });
  return { kind: 'repeated', finished: run.state === 'finished', resultHash: run.resultHash };
}

/**
 * Stores the result's checkpoint if it is newer than every intact one. Of a repeated result it is when checkpoints were
 * damaged: the run recomputes what is committed and needs somewhere to go on from.
 */
function keepCheckpoint(checkpoints: CheckpointStore, run: RunRecord, { toRound, checkpoint }: RoundJobResult): void {
  const newest = checkpoints.rounds(run)[0] ?? -1;
  if (toRound > newest) checkpoints.store(run, toRound, checkpoint);
}

/** An end the experiment alone decides must be the stored one: same round, same outcome, same hash. */
function agreeOnEnd(connection: Connection, run: RunRecord, result: RoundJobResult): void {
  const { outcome, toRound } = result;
  if (outcome === null || !isDeterministic(outcome)) return;
  if (toRound < run.committedRound) throw disagreement(run, toRound, 'not the end', outcome);
  if (run.outcome === null || !isDeterministic(run.outcome)) return;
  if (outcome !== run.outcome) throw disagreement(run, toRound, run.outcome, outcome);
  const hash = hashOf(connection, run, result);
  if (hash !== run.resultHash) throw disagreement(run, toRound, `result ${run.resultHash}`, `result ${hash}`);
}

function disagreement({ runKey }: RunRecord, round: number, stored: string, computed: string): MarinadeError {
  return new MarinadeError(
    'MARINADE_STORAGE_DETERMINISM',
    `round ${round} of run ${runKey} is stored as ${stored}; another execution computed ${computed}. Keep both and report it`,
    { runKey, round, stored, computed },
  );
}

function hashOf(connection: Connection, run: RunRecord, { x }: RoundJobResult): string {
  if (x === null) {
    throw new MarinadeError('MARINADE_INVARIANT_BROKEN', `the last round job of run ${run.runKey} came without the last iterate`, {
      runKey: run.runKey,
    });
  }
  const columns: Record<string, Float64Array> = Object.create(null);
  for (const metric of metricsOf(run)) columns[metric] = readColumn(connection, run, metric);
  return resultHash({ numericsVersion: run.numericsVersion, x, columns });
}

function metricsOf({ metrics }: RunRecord): string[] {
  return JSON.parse(metrics) as string[];
}

function requireWellFormed(run: RunRecord, { fromRound, toRound, points }: RoundJobResult): void {
  const expected = metricsOf(run);
  const got = Object.keys(points.columns);
  const problem =
    toRound < fromRound
      ? `goes back from round ${fromRound} to ${toRound}`
      : got.length !== expected.length || expected.some((metric) => !Object.hasOwn(points.columns, metric))
        ? `has the columns [${got.join(', ')}] instead of [${expected.join(', ')}]`
        : lengthProblem(points);
  if (problem === undefined) return;
  throw new MarinadeError('MARINADE_INVARIANT_BROKEN', `a result of run ${run.runKey} ${problem}`, { runKey: run.runKey });
}

function lengthProblem({ count, columns }: RecordedPoints): string | undefined {
  const wrong = Object.entries(columns).find(([, column]) => column.length !== count);
  return wrong === undefined ? undefined : `has ${wrong[1].length} values of ${wrong[0]} for ${count} points`;
}

/** Point i is round i * every; only a run that ended by itself has one more, its last round. */
function requireOnGrid({ runKey, points, committedRound, every }: RunRecord, { outcome }: RoundJobResult): void {
  const onGrid = Math.floor(committedRound / every) + 1;
  const mayEndOff = outcome !== null && isDeterministic(outcome) && committedRound % every !== 0;
  if (points === onGrid || (mayEndOff && points === onGrid + 1)) return;
  throw new MarinadeError(
    'MARINADE_INVARIANT_BROKEN',
    `run ${runKey} at round ${committedRound} with a point every ${every} rounds should have ${onGrid} points; got ${points}`,
    { runKey, committedRound, every, points },
  );
}
