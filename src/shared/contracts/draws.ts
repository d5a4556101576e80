/**
 * Replacements for a run's random choices, so that another implementation can be compared round by round. Indices are
 * 0-based, a batch's within its client's rows; `permutation(k)[p]` is the row put at position p. k = 0 belongs to g^0.
 * Batches of unsampled honest clients are asked for where an attack looks at them, and a liar's own where it uses its
 * plain gradient. What a quantiser draws, and a liar's noise, cannot be replaced.
 */
export interface Draws {
  refresh?(k: number): boolean;
  cohort?(k: number): readonly number[];
  batch?(k: number, client: number): ArrayLike<number>;
  permutation?(k: number): ArrayLike<number>;
  coordinates?(k: number, client: number): ArrayLike<number>;
}

/** What `onRound` hands over: copies. */
export interface RoundReport {
  readonly k: number;
  readonly x: Float64Array;
  readonly g: Float64Array;
  readonly refresh: boolean;
  readonly cohort: readonly number[];
  /** Infinity without clipping, null in refresh rounds (unless heuristic (10) clips them). */
  readonly clippingLevel: number | null;
  readonly clippedClients: readonly number[];
}
