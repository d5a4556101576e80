/**
 * What the dispatcher over a queue remembers of runs beside their outstanding jobs. Every part is bounded: what lives by
 * the runs that are dispatched and not over, what is over and what came early by a number.
 */
import type { RoundJobResult } from '../../shared/messages/round-job.ts';
import { keepNewest } from '../../shared/newest.ts';

/** Results nobody waits for yet, of an orchestrator before this one. */
const MAX_EARLY = 1000;
/** Runs that ended here: longer ago than these nothing late is expected of any. */
const MAX_ENDED = 10_000;
const MAX_DECLINERS = 1000;

export interface CheckpointMark {
  readonly round: number;
  readonly checksum: string;
}

export class RunMemory {
  readonly #living = new Set<string>();
  /** Oldest first, and so is what came early. */
  readonly #ended = new Map<string, true>();
  readonly #decliners = new Map<string, true>();
  readonly #early = new Map<string, RoundJobResult>();
  /** The newest checkpoint of living runs as a worker left it in Redis: it need not be sent again. */
  readonly #checkpoints = new Map<string, CheckpointMark>();

  /** How many runs something is remembered of. */
  get size(): { readonly living: number; readonly ended: number; readonly early: number; readonly checkpoints: number } {
    return { living: this.#living.size, ended: this.#ended.size, early: this.#early.size, checkpoints: this.#checkpoints.size };
  }

  /** A job of the run is dispatched. */
  began(runKey: string): void {
    this.#ended.delete(runKey);
    this.#living.add(runKey);
  }

  /** Nothing of the run is dispatched any more, unless somebody goes on with it. */
  ended(runKey: string): void {
    this.#checkpoints.delete(runKey);
    if (!this.#living.delete(runKey)) return;
    keepNewest(this.#ended, runKey, true, MAX_ENDED);
  }

  stateOf(runKey: string): 'unknown' | 'lives' | 'ended' {
    return this.#living.has(runKey) ? 'lives' : this.#ended.has(runKey) ? 'ended' : 'unknown';
  }

  /** A result that came before its job was dispatched here. */
  keepEarly(key: string, result: RoundJobResult): void {
    keepNewest(this.#early, key, result, MAX_EARLY);
  }

  takeEarly(key: string): RoundJobResult | undefined {
    const early = this.#early.get(key);
    this.#early.delete(key);
    return early;
  }

  checkpointOf(runKey: string): CheckpointMark | undefined {
    return this.#checkpoints.get(runKey);
  }

  keepCheckpoint(runKey: string, mark: CheckpointMark): void {
    this.#checkpoints.set(runKey, mark);
  }

  /** Whether a worker declines a job for the first time, as far as is remembered. */
  isFirstRefusalOf(worker: string): boolean {
    const known = this.#decliners.has(worker);
    keepNewest(this.#decliners, worker, true, MAX_DECLINERS);
    return !known;
  }

  /** What Redis holds of the run, or of all runs, is in doubt: it is sent again. */
  doubt(runKey?: string): void {
    if (runKey === undefined) this.#checkpoints.clear();
    else this.#checkpoints.delete(runKey);
  }
}
