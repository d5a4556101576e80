/**
 * The numeric kernels: everything whose cost grows with d, the rows of the data or the draws of a batch.
 *
 * Two sets implement this interface, equal to the last bit: `reference`, plain TypeScript that defines what is correct,
 * on arrays of any memory; and `wasm`, on arrays of the one memory its arena cuts. NaN may differ in its bits, nothing
 * else may. Outputs come last and may be an input where the operation is element-wise.
 */
import type { Vector } from '../vector.ts';
import type { Dataset } from './problem.ts';

/** The scalar loss of a margin t and a label y: log(1 + exp(-y t)), or (t - y)^2 / 2. */
export type Link = 'logistic' | 'squared';

/** Names one stream of random words: the key and the counter words beside the block number. */
export interface StreamKey {
  readonly key0: number;
  readonly key1: number;
  readonly client: number;
  readonly round: number;
  /** Purpose + 65,536 phase. */
  readonly purpose: number;
}

export const kernelNames = ['wasm', 'reference'] as const;

export type KernelsName = (typeof kernelNames)[number];

export interface VectorKernels {
  /** a . b */
  dot(a: Vector, b: Vector): number;
  /** |a| */
  norm(a: Vector): number;
  /** |a - b| */
  distance(a: Vector, b: Vector): number;
  /** out = y + alpha x; returns out. */
  axpy(alpha: number, x: Vector, y: Vector, out: Vector): Vector;
  /** out = a + b; returns out. */
  add(a: Vector, b: Vector, out: Vector): Vector;
  /** out = a - b; returns out. */
  subtract(a: Vector, b: Vector, out: Vector): Vector;
  /** out = alpha x; returns out. */
  scale(alpha: number, x: Vector, out: Vector): Vector;
  /** out = alpha (a - b); returns out. */
  scaledDifference(alpha: number, a: Vector, b: Vector, out: Vector): Vector;
  /** Every coordinate is finite. */
  isFiniteVector(x: Vector): boolean;
  /** clip(v, level) = v min(1, level / |v|), in place; returns |v| before clipping. */
  clipInPlace(v: Vector, level: number): number;
  /** out = (1/n) sum of the first n rows; returns out. */
  meanOfRows(rows: readonly Vector[], n: number, out: Vector): Vector;
  /** out = sum_i w_i row_i over the first n rows; returns out. */
  weightedSumOfRows(rows: readonly Vector[], weights: Float64Array, n: number, out: Vector): Vector;
  /** Standard deviation of each coordinate over the first n rows, divisor n - 1; 0 for fewer than two; returns out. */
  standardDeviationOfRows(rows: readonly Vector[], n: number, mean: Vector, out: Vector): Vector;
}

export interface RuleKernels {
  /** out_j = median over the first n rows; the mean of the two middle values for even n. */
  medianOfColumns(matrix: Float64Array, n: number, d: number, scratch: Float64Array, out: Vector): void;
  /** out_j = mean of the values of rank trim..n-trim-1. */
  trimmedMeanOfColumns(matrix: Float64Array, n: number, d: number, trim: number, scratch: Float64Array, out: Vector): void;
  /** squared_i = |row_i - z|^2 for the first n rows. */
  squaredDistancesTo(rows: readonly Vector[], n: number, z: Vector, squared: Float64Array): void;
  /** out = sum_i w_i row_i and squared_i = |row_i - out|^2 over the first n rows; `out` must not be one of them. */
  weightedSumAndDistances(rows: readonly Vector[], weights: Float64Array, n: number, out: Vector, squared: Float64Array): void;
  /** outs_i = mean of the `count` rows numbered nearest[i count..(i + 1) count), for i < n; no output is one of the rows. */
  meansOfNeighbors(rows: readonly Vector[], nearest: Float64Array, n: number, count: number, outs: readonly Vector[]): void;
  /** gram[i n + l] = (row_i - centre) . (row_l - centre) for the first n rows; null is 0. */
  gramOfRows(rows: readonly Vector[], n: number, d: number, centre: Vector | null, scratch: Float64Array, gram: Float64Array): void;
  /** squared[i n + l] = |row_i - row_l|^2 for the first n rows; NaN counts as +Infinity; the diagonal is 0. */
  pairwiseSquaredDistances(rows: readonly Vector[], n: number, d: number, squared: Float64Array): void;
}

export interface SparseKernels {
  /** out += (1/b) sum over the batch of slope a_row; `rows` maps a shard's indices to rows of the data, null is identity. */
  addBatchGradient(
    link: Link,
    data: Dataset,
    labels: Float64Array,
    rows: Int32Array | null,
    batch: Int32Array,
    b: number,
    x: Vector,
    out: Vector,
  ): void;
  /** out += (1/b) sum over the batch of (slope at x - slope at xPrevious) a_row. */
  addBatchDifference(
    link: Link,
    data: Dataset,
    labels: Float64Array,
    rows: Int32Array | null,
    batch: Int32Array,
    b: number,
    x: Vector,
    xPrevious: Vector,
    out: Vector,
  ): void;
  /** out += factor * sum over the listed rows of slope a_row, row by row. */
  addRowsGradient(link: Link, data: Dataset, labels: Float64Array, rows: Int32Array, x: Vector, factor: number, out: Vector): void;
  /** Weighted slopes of all rows into `slopes`; returns the weighted loss, or 0 when `wantLoss` is false. */
  slopesAndLoss(
    link: Link,
    data: Dataset,
    labels: Float64Array,
    weights: Float64Array | undefined,
    x: Vector,
    slopes: Float64Array,
    wantLoss: boolean,
  ): number;
  /** out_j = factor * sum over rows of slopes_row a_row,j; overwrites `slopes`. */
  gatherColumns(data: Dataset, slopes: Float64Array, factor: number, out: Vector): void;
  /** out_row = weight_row (a_row . x), or the margins alone. */
  weightedMargins(data: Dataset, weights: Float64Array | undefined, x: Vector, out: Float64Array): void;
  /** out_row = w_row loss''(a_row . x) */
  curvatures(link: Link, data: Dataset, weights: Float64Array | undefined, x: Vector, out: Float64Array): void;
}

export interface Kernels extends VectorKernels, RuleKernels, SparseKernels {
  readonly name: KernelsName;
  /** `count` uniform integers below m <= 2^31, after `used` words of a stream; returns the words used then. */
  drawBelow(stream: StreamKey, used: number, m: number, count: number, out: Int32Array): number;
}
