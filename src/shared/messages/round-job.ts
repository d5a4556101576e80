/**
 * A round job: `rounds >= 1` consecutive rounds of one run from a checkpoint. Any worker may execute it, any number of
 * times; the result is the same to the last bit.
 *
 * Vectors, checkpoints and metric columns are bytes, never JSON: attacks send NaN, Infinity and -0 on purpose.
 */
import type { Outcome } from '../outcome.ts';

/** Raised by any deliberate change of the numbers a run produces. Part of every run key and result hash. */
export const numericsVersion = 2;

export interface RoundJob {
  readonly runKey: string;
  readonly epoch: number;
  /** The round the checkpoint stands at; -1 when there is none and the run starts with x^0. */
  readonly fromRound: number;
  /** Rounds to compute at most; the job ends earlier when the run ends. */
  readonly rounds: number;
  /** Compute time after which the job ends early, in milliseconds; null for a fixed number of rounds. Changes no bit. */
  readonly budgetMs: number | null;
  /** The resolved experiment, seed included, as its canonical JSON. */
  readonly experiment: string;
  /** sha256 of the canonical parsed data the numbers depend on; empty without data. */
  readonly dataSha256: string;
  /** f* where a metric or a stop rule needs it. */
  readonly optimum: number | null;
  /** Bytes of the checkpoint at `fromRound`; absent for -1. */
  readonly checkpoint: Uint8Array | null;
}

/** Recorded points `first .. first + count - 1` of a run: one column per metric, in the experiment's recorded order. */
export interface RecordedPoints {
  /** Index of the first point within the run: point 0 is k = 0. */
  readonly first: number;
  readonly count: number;
  readonly columns: Readonly<Record<string, Float64Array>>;
}

export interface RoundJobResult {
  readonly runKey: string;
  readonly epoch: number;
  readonly fromRound: number;
  /** The round the new checkpoint stands at. */
  readonly toRound: number;
  readonly checkpoint: Uint8Array;
  readonly points: RecordedPoints;
  /** How the run ended, or null when it goes on. */
  readonly outcome: Outcome | null;
  /** The last iterate, present when the run ended: it enters the result hash. */
  readonly x: Float64Array | null;
  /** Wall time of the rounds themselves, for the size of the next round job and for rounds per second. */
  readonly computeMs: number;
  /** Threads that shared the clients of each round; changes no bit. */
  readonly threads: number;
  /** Facts beside the numbers: rounds in which f was lowered or the cohort was empty. */
  readonly notes: Readonly<Record<string, number>>;
}
