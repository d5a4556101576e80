/**
 * The story of a round job: find the run warm or restore it, compute its rounds, hand back points and a checkpoint.
 * Decides nothing: what comes next is the orchestrator's business.
 */
import type { Simulation } from '../algorithm/engine/simulation.ts';
import { MarinadeError } from '../shared/errors.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../shared/messages/codec.ts';
import { numericsVersion, type RoundJob, type RoundJobResult } from '../shared/messages/round-job.ts';
import type { Outcome } from '../shared/outcome.ts';

/**
 * @param warm the run where the last job left it
 * @param make a fresh simulation of the run, when it is not warm
 * @param shouldStop asked after every round: true ends the job early at the round reached, exactly as a shorter job would
 */
export function executeRoundJob(
  job: RoundJob,
  warm: Simulation | undefined,
  make: () => Simulation,
  shouldStop: () => boolean,
): { result: RoundJobResult; simulation: Simulation } {
  const simulation = warm ?? make();
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
    threads: 1,
    notes: simulation.notes(),
  };
  return { result, simulation };
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
