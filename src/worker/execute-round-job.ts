/**
 * The story of a round job: find the run warm or restore it, compute its rounds, hand back points and a checkpoint.
 * Decides nothing: what comes next is the orchestrator's business.
 */
import type { Simulation } from '../algorithm/engine/simulation.ts';
import type { Arena } from '../shared/contracts/memory.ts';
import { MarinadeError } from '../shared/errors.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../shared/messages/codec.ts';
import { numericsVersion, type RoundJob, type RoundJobResult } from '../shared/messages/round-job.ts';
import type { Outcome } from '../shared/outcome.ts';

/** A run kept between its round jobs: rebuilt when absent, dropped when it ends. */
export interface WarmRun {
  readonly simulation: Simulation;
  readonly arena: Arena;
}

/** How the run's simulation is made when it is not warm. */
export type MakeSimulation = () => { simulation: Simulation; arena: Arena };

/**
 * @param shouldStop asked after every round: true ends the job early at the round reached, exactly as a shorter job would
 */
export function executeRoundJob(
  job: RoundJob,
  warm: WarmRun | undefined,
  make: MakeSimulation,
  shouldStop: () => boolean,
): { result: RoundJobResult; run: WarmRun } {
  const run = warm ?? make();
  const { simulation } = run;
  const started = performance.now();
  let outcome: Outcome | null = null;

  if (job.checkpoint === null) outcome = simulation.begin();
  else if (warm === undefined) simulation.restore(readCheckpoint(job));

  const from = Math.max(0, job.fromRound);
  const deadline = job.budgetMs === null ? Number.POSITIVE_INFINITY : started + job.budgetMs;
  for (let round = from; outcome === null && round < from + job.rounds; round++) {
    outcome = simulation.advance();
    if (shouldStop() || performance.now() >= deadline) break;
  }

  const result: RoundJobResult = {
    runKey: job.runKey,
    epoch: job.epoch,
    fromRound: job.fromRound,
    toRound: simulation.k,
    checkpoint: encodeCheckpoint({
      runKey: job.runKey,
      round: simulation.k,
      numericsVersion,
      sections: { block: simulation.checkpoint() },
      meta: {},
    }),
    points: simulation.takePoints(),
    outcome,
    x: outcome === null ? null : Float64Array.from(simulation.x),
    computeMs: performance.now() - started,
    notes: simulation.notes(),
  };
  return { result, run };
}

/** The block of the job's checkpoint, verified to be this run's at this round. */
function readCheckpoint(job: RoundJob): Float64Array {
  const { round, sections, numericsVersion: version } = decodeCheckpoint(job.checkpoint!, { runKey: job.runKey });
  if (version !== numericsVersion) {
    throw new MarinadeError(
      'MARINADE_PROTOCOL_VERSION',
      `the checkpoint has numericsVersion ${version}; this version computes ${numericsVersion}`,
    );
  }
  if (round !== job.fromRound)
    throw new MarinadeError('MARINADE_STORAGE_CHECKPOINT', `the checkpoint stands at round ${round}; the job begins at ${job.fromRound}`);
  return sections['block']!;
}
