/**
 * Problems: what a client may ask of its data, and the global objective for measurement.
 *
 *   f(x) = sum_i w_i f_i(x) over honest clients,   f_i(x) = (1/m_i) sum_j f_ij(x)
 *
 * An oracle belongs to one shard and one thread; clients that hold the same rows share it.
 */
import type { z } from 'zod';
import type { Stream, Vector } from '../vector.ts';
import type { Arena } from './memory.ts';
import type { Definition, Source } from './strategy.ts';

/** A parsed data set in (shared) memory, in compressed rows and, for full passes, compressed columns. */
export interface Dataset {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** rows + 1 offsets into columnOf. */
  readonly rowStart: Int32Array;
  readonly columnOf: Int32Array;
  /** Stored values; absent where each row has one value for all its entries (see rowValue). */
  readonly values?: Float64Array | undefined;
  /** The one value of each row, when `values` is absent. */
  readonly rowValue?: Float64Array | undefined;
  /** columns + 1 offsets into rowOf; entries of a column in increasing row order. A test set has rows only. */
  readonly columnStart: Int32Array;
  readonly rowOf: Int32Array;
  /** Stored values in column order; absent with rowValue. */
  readonly columnValues?: Float64Array | undefined;
  readonly labels: Float64Array;
  /** Number of distinct labels where they are classes 0..classes-1 or -1, +1; 0 for real targets. */
  readonly classes: number;
}

/** Which rows, all of them when null. */
export type Rows = Int32Array | null;

/** What one client may ask of its shard. Vectors are the engine's or declared workspaces; writes into `out`, allocates nothing. */
export interface Oracle {
  /** m_i. */
  readonly samples: number;
  /** grad f_i(x). */
  gradient(x: Vector, out: Vector): void;
  /** (1/b) sum over the batch of grad f_ij(x); entries of `batch` are 0-based within the shard. */
  batchGradient(x: Vector, batch: Int32Array, b: number, out: Vector): void;
  /** (1/b) sum over the batch of grad f_ij(x) - grad f_ij(xPrevious), same indices at both points. */
  batchDifference(x: Vector, xPrevious: Vector, batch: Int32Array, b: number, out: Vector): void;
}

/** The objective of the honest clients, for metrics and for the solver of f*. */
export interface Objective {
  readonly d: number;
  /** f(x), by compensated sums. */
  loss(x: Vector): number;
  /** f(x), and grad f(x) into `out`, in one pass. */
  lossAndGradient(x: Vector, out: Vector): number;
  /** Prepares products with the Hessian at x, valid until the next call; absent where the problem has none. */
  hessianAt?(x: Vector): (v: Vector, out: Vector) => void;
  /** f* in closed form, where there is one. */
  readonly optimum?: { readonly value: number; readonly certificate: number } | undefined;
  /** A minimiser found by a descent method is global. */
  readonly convex: boolean;
}

/** Smoothness and curvature where known, as bounds: a smoothness may be larger than the least one, a curvature smaller. */
export interface Constants {
  /** L of f. */
  readonly smoothness?: number;
  /** max L_i. */
  readonly clientSmoothness?: number;
  /** max L_ij. */
  readonly sampleSmoothness?: number;
  /** mu of the PL condition. */
  readonly strongConvexity?: number;
}

export interface Problem {
  readonly d: number;
  readonly constants: Constants;
  /** Labels exist and have a flipped form. */
  readonly hasLabels: boolean;
  /** `flipped`: labels y -> -y, or classes-1-y. `owner` is the client whose shard it is. */
  oracle(owner: number, rows: Rows, flipped: boolean): Oracle;
  /** The objective of the shards of the honest owners, with weights that sum to 1. */
  objective(shards: readonly Rows[], weights: readonly number[]): Objective;
  /** Share of test rows classified correctly at x; absent without a test set. */
  testAccuracy?(x: Vector): number;
  /** Rows that a partitioner may split, and their labels; 0 where the problem makes each client's function itself. */
  readonly rows: number;
  readonly labels: Float64Array | undefined;
}

export interface ProblemEnvironment {
  readonly data: Dataset | undefined;
  readonly testData: Dataset | undefined;
  /** Clients that own data or a function. */
  readonly owners: number;
  /** Honest clients among the owners. */
  readonly honest: number;
  /** Stream of the problem's own randomness, keyed by the seed. */
  readonly stream: Stream;
  readonly arena: Arena;
}

/** What a run's memory and the strategies that depend on the problem follow from. */
export interface ProblemFacts {
  readonly d: number;
  /** Rows of the largest shard, and of the smallest. */
  readonly samples: number;
  readonly fewest: number;
  /** Distinct shards. */
  readonly shards: number;
  /** What the problem takes in each run, and what the data take once for all runs of a process. */
  readonly bytes: number;
  readonly sharedBytes: number;
  readonly constants: Constants;
}

export interface ProblemDefinition extends Definition<Problem, ProblemEnvironment> {
  readonly needsData: boolean;
  /** The facts of a problem without data, before it takes any memory. Throws what `create` throws for the same parameters. */
  foresee?(parameters: never, environment: Pick<ProblemEnvironment, 'owners'>): ProblemFacts;
}

/** Seals a problem's parameter types. */
export function defineProblem<Schema extends z.ZodObject>(definition: {
  name: string;
  summary: string;
  source: Source;
  schema: Schema;
  needsData: boolean;
  foresee?(parameters: z.output<Schema>, environment: Pick<ProblemEnvironment, 'owners'>): ProblemFacts;
  create(parameters: z.output<Schema>, environment: ProblemEnvironment): Problem;
}): ProblemDefinition {
  return definition as unknown as ProblemDefinition;
}
