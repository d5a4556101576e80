/**
 * Computes a recorded run again from its stored experiment, from x^0 or from one of its checkpoints, and compares every
 * bit with what the ledger holds: f*, metric columns, checkpoints, the result hash.
 */
import { compile } from '../algorithm/engine/compile.ts';
import type { Experiment } from '../algorithm/experiment.ts';
import { needsOptimum } from '../algorithm/metrics.ts';
import { objectiveKey, runIdentity } from '../orchestrator/plan/run-key.ts';
import type { LedgerReader, StudyRun } from '../shared/contracts/ledger.ts';
import { MarinadeError } from '../shared/errors.ts';
import { resultHash } from '../shared/hash.ts';
import { numericsVersion, type RoundJob, type RoundJobResult } from '../shared/messages/round-job.ts';
import type { WorkerPool } from '../worker/pool.ts';
import { hashStrategyModules, loadCatalog } from '../worker/strategy-modules.ts';
import { checkpointDifference, columnDifference, type Difference } from './bits.ts';

export interface Recomputation {
  readonly ledger: LedgerReader;
  readonly pool: WorkerPool;
  readonly modules: readonly string[];
  /** The checkpoint to begin at; x^0 where undefined. */
  readonly from: number | undefined;
  /** f* of an objective, solved anew. */
  solve(objectiveKey: string, experiment: string): Promise<number>;
}

/** What was compared, up to the first difference if there is one. */
export interface Verified {
  readonly from: number;
  readonly to: number;
  readonly points: number;
  readonly checkpoints: readonly number[];
  readonly difference: Difference | undefined;
}

/** The key must come out the same, or other numbers are to be expected. */
function requireSameIdentity(run: StudyRun, experiment: Experiment, modules: readonly string[]): void {
  if (runIdentity(experiment, run.dataSha256, hashStrategyModules(modules)).runKey === run.runKey) return;
  throw usage(
    `run ${run.runKey} was computed with other strategy modules or by another version of marinade; name the same modules with --strategies, or verify with that version`,
  );
}

/** Computes a run again, from `from` or x^0 to where its record ends. */
export async function recompute(run: StudyRun, { ledger, pool, modules, from, solve }: Recomputation): Promise<Verified> {
  requireSameIdentity(run, JSON.parse(run.experiment) as Experiment, modules);
  const kept = (await ledger.checkpointRounds(run.runKey)).toSorted((a, b) => a - b);
  const begin = await beginning(run, ledger, kept, from);
  const optimum = await optimumOf(run, ledger, modules, solve);
  const stops = [...new Set([...kept.filter((round) => round > begin.fromRound), run.committedRound])];
  const { rounds, columns: stored } = await ledger.curves(run.runKey);
  const verified = { from: Math.max(0, begin.fromRound), to: run.committedRound, points: 0, checkpoints: [] as number[] };
  if (optimum.difference !== undefined) return { ...verified, difference: optimum.difference };

  let { fromRound, checkpoint } = begin;
  const whole = Object.fromEntries(Object.entries(stored).map(([name, column]) => [name, Float64Array.from(column)]));
  let last: RoundJobResult | undefined;
  for (const stop of stops) {
    const job: RoundJob = {
      runKey: run.runKey,
      epoch: run.epoch,
      fromRound,
      rounds: stop - Math.max(0, fromRound),
      budgetMs: null,
      experiment: run.experiment,
      dataSha256: run.dataSha256,
      optimum: optimum.value,
      checkpoint,
    };
    last = await pool.execute(job);
    const { points } = last;
    const difference = columnDifference(stored, points, rounds);
    if (difference !== undefined) return { ...verified, difference };
    for (const [name, column] of Object.entries(points.columns)) whole[name]?.set(column, points.first);
    verified.points += points.count;
    if (last.toRound !== stop)
      return {
        ...verified,
        difference: { what: 'end', round: last.toRound, stored: `goes on to round ${stop}`, computed: `${last.outcome}` },
      };
    const found = kept.includes(stop) ? await ledger.checkpoint(run.runKey, stop) : undefined;
    if (found?.round === stop) {
      const unlike = checkpointDifference(found.bytes, last.checkpoint, run.runKey);
      if (unlike !== undefined) return { ...verified, difference: unlike };
      verified.checkpoints.push(stop);
    }
    ({ toRound: fromRound, checkpoint } = last);
  }
  return { ...verified, difference: endDifference(run, last, whole) };
}

/** x^0, or a stored checkpoint: exactly the one asked for. */
async function beginning(
  { runKey, committedRound }: StudyRun,
  ledger: LedgerReader,
  kept: readonly number[],
  from: number | undefined,
): Promise<{ readonly fromRound: number; readonly checkpoint: Uint8Array | null }> {
  if (from === undefined) return { fromRound: -1, checkpoint: null };
  const found = kept.includes(from) ? await ledger.checkpoint(runKey, from) : undefined;
  if (found?.round !== from) {
    const have = kept.length === 0 ? 'none is kept' : `those of rounds ${kept.join(', ')} are kept`;
    throw usage(`--from: run ${runKey} has no intact checkpoint of round ${from}; ${have}`);
  }
  if (from >= committedRound)
    throw usage(`--from: no round is recorded after the checkpoint of round ${from}; without --from the run is verified from x^0`);
  return { fromRound: from, checkpoint: found.bytes };
}

/** f* is solved again, and must be the stored one. */
async function optimumOf(
  run: StudyRun,
  ledger: LedgerReader,
  modules: readonly string[],
  solve: Recomputation['solve'],
): Promise<{ readonly value: number | null; readonly difference?: Difference }> {
  if (!run.metrics.some(needsOptimum)) return { value: null };
  const compiled = compile(JSON.parse(run.experiment) as Experiment, await loadCatalog(modules));
  const key = objectiveKey(compiled, run.dataSha256);
  const [stored, value] = [await ledger.optimum(key), await solve(key, run.experiment)];
  if (stored === undefined || Object.is(stored.value, value)) return { value };
  return { value, difference: { what: 'f*', stored: String(stored.value), computed: String(value) } };
}

/** A run that has ended must end the same way, with the same hash over x and all columns. */
function endDifference(
  run: StudyRun,
  last: RoundJobResult | undefined,
  columns: Readonly<Record<string, Float64Array>>,
): Difference | undefined {
  if (run.resultHash === null || last === undefined) return undefined;
  const round = run.committedRound;
  if (last.outcome !== run.outcome) return { what: 'outcome', round, stored: String(run.outcome), computed: String(last.outcome) };
  const computed = resultHash({ numericsVersion, x: last.x!, columns });
  return computed === run.resultHash
    ? undefined
    : { what: 'resultHash (x, as all columns agree)', round, stored: run.resultHash, computed };
}

function usage(message: string): MarinadeError {
  return new MarinadeError('MARINADE_CONFIG_USAGE', message);
}
