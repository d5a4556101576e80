/** Executes round jobs: implemented by the worker's pool, handed to a dispatcher by the composition root. */
import type { RoundJob, RoundJobResult } from '../messages/round-job.ts';

export interface RoundJobExecutor {
  /** Jobs that can compute at the same time. */
  readonly capacity: number;
  /**
   * Computes a round job. Rejects with MARINADE_EXECUTION_WORKER_LOST or _OUT_OF_MEMORY when what executed it died,
   * with the job's own failure otherwise.
   */
  execute(job: RoundJob): Promise<RoundJobResult>;
  /** Asks the jobs under way to stop at their next round: their results come early, exact as ever. Later jobs are not concerned. */
  requestStop(): void;
  close(): Promise<void>;
}
