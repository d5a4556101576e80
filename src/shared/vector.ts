/**
 * The value types of the mathematics: vectors, the messages of one round, and streams of random numbers.
 *
 * Vectors are views on a run's arena (see `contracts/memory.ts`); nothing here allocates in a warm round.
 */

/** A point, a gradient, a message: d doubles. */
export type Vector = Float64Array;

/**
 * The messages of one phase: the first `n` rows of a matrix with `d` columns, ordered by client number.
 *
 * Row-major: `rows[i]` is row i as a view, coordinate j of it is `matrix[i * d + j]`; `clients[i]` is the client that sent it.
 * In a run the matrix lies in the process's shared memory. Valid until the next `ask`.
 */
export interface Messages {
  readonly matrix: Float64Array;
  readonly d: number;
  readonly rows: readonly Vector[];
  readonly clients: Int32Array;
  /** Number of rows in use, at most `rows.length`. */
  n: number;
}

/** Rows of `matrix` as messages; `capacity` rows of length d, none in use yet. */
export function messagesOver(matrix: Float64Array, capacity: number, d: number): Messages {
  const rows = Array.from({ length: capacity }, (_, i) => matrix.subarray(i * d, (i + 1) * d));
  return { matrix, d, rows, clients: new Int32Array(capacity), n: 0 };
}

/** Messages that hold copies of the given vectors, client i sending row i. For the library and for tests. */
export function messagesFrom(vectors: readonly ArrayLike<number>[]): Messages {
  const d = vectors[0]?.length ?? 0;
  const messages = messagesOver(new Float64Array(vectors.length * d), vectors.length, d);
  vectors.forEach((vector, i) => {
    messages.rows[i]!.set(vector);
    messages.clients[i] = i;
  });
  messages.n = vectors.length;
  return messages;
}

/**
 * One keyed stream of random numbers: what comes out depends on (seed, purpose, round, client) alone, never on what
 * other consumers drew before.
 */
export interface Stream {
  /** Next 32 random bits as an unsigned integer. */
  word(): number;
  /** Uniform on [0, 1) with 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, m), unbiased; 1 <= m <= 2^32. */
  below(m: number): number;
  /** Standard normal, by inversion of one uniform. */
  normal(): number;
  /** Gamma with the given shape and scale 1. */
  gamma(shape: number): number;
}
