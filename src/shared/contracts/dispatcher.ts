/**
 * Dispatcher: carries a round job to whatever executes it and its result back. It decides nothing and remembers
 * nothing that the ledger does not know: what it loses is dispatched again.
 */
import type { MarinadeError } from '../errors.ts';
import type { RoundJob, RoundJobResult } from '../messages/round-job.ts';

export interface Dispatcher {
  /** Round jobs worth having outstanding at once: enough that nothing that computes ever waits for the next one. */
  readonly outstanding: number;
  /** Resolves with why nothing can be dispatched any more; absent where that cannot happen. */
  readonly lost?: Promise<MarinadeError>;
  /** Executes a job; `isolated` in a process of its own, for a run under suspicion of killing what executes it. */
  dispatch(job: RoundJob, options: { readonly isolated: boolean }): Promise<RoundJobResult>;
  /**
   * The run is over: takes back its job if nobody has begun it, leaves nothing of it behind; what is under way may end
   * early, its result is not wanted.
   */
  recall(runKey: string): void;
  /** Asks running jobs to end at their next round. */
  requestStop(): void;
  close(): Promise<void>;
}
