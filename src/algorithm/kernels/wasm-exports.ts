/** What the compiled module exports: source/, as WebAssembly hands it to TypeScript. Booleans are 0 and 1. */

/** Bytes from the start of the memory; 0 stands for an array that is absent. */
export type Address = number;

type Binary = 0 | 1;

/** rowStart, columnOf, values, rowValue. */
type Rows = [rowStart: Address, columnOf: Address, values: Address, rowValue: Address];

export interface WasmExports {
  /** Writes the 40 doubles that kernels with exponentials read. */
  storeConstants(constants: Address): void;

  drawBelow(
    ...parameters: [
      client: number,
      round: number,
      purpose: number,
      key0: number,
      key1: number,
      used: number,
      m: number,
      count: number,
      out: Address,
    ]
  ): number;

  dot(a: Address, b: Address, d: number): number;
  squaredDistance(a: Address, b: Address, d: number): number;
  axpy(alpha: number, x: Address, y: Address, d: number, out: Address): void;
  add(a: Address, b: Address, d: number, out: Address): void;
  subtract(a: Address, b: Address, d: number, out: Address): void;
  scale(alpha: number, x: Address, d: number, out: Address): void;
  scaledDifference(alpha: number, a: Address, b: Address, d: number, out: Address): void;
  isFiniteVector(x: Address, d: number): Binary;
  meanOfRows(table: Address, n: number, d: number, out: Address): void;
  weightedSumOfRows(table: Address, weights: Address, n: number, d: number, out: Address): void;
  standardDeviationOfRows(table: Address, n: number, mean: Address, d: number, out: Address): void;

  medianOfColumns(matrix: Address, n: number, d: number, scratch: Address, out: Address): void;
  trimmedMeanOfColumns(matrix: Address, n: number, d: number, trim: number, scratch: Address, out: Address): void;
  weightedSumAndDistances(
    ...parameters: [table: Address, weights: Address, n: number, d: number, out: Address, lanes: Address, squared: Address]
  ): void;
  meansOfNeighbors(table: Address, n: number, count: number, d: number, outs: Address): void;
  gramOfRows(table: Address, n: number, d: number, centre: Address, shifted: Address, gram: Address): void;
  pairwiseSquaredDistances(table: Address, n: number, d: number, squared: Address): void;

  addBatchGradient(
    ...parameters: [
      link: number,
      ...Rows,
      labels: Address,
      rows: Address,
      batch: Address,
      b: number,
      x: Address,
      constants: Address,
      scratch: Address,
      out: Address,
    ]
  ): void;
  addBatchDifference(
    ...parameters: [
      ...[link: number, ...Rows, labels: Address, rows: Address, batch: Address, b: number],
      ...[x: Address, xPrevious: Address, d: number, interleave: Binary, constants: Address, scratch: Address, out: Address],
    ]
  ): void;
  addRowsGradient(
    ...parameters: [
      link: number,
      ...Rows,
      labels: Address,
      rows: Address,
      count: number,
      x: Address,
      factor: number,
      constants: Address,
      scratch: Address,
      out: Address,
    ]
  ): void;
  slopesAndLoss(
    ...parameters: [
      ...[link: number, rows: number, ...Rows, labels: Address, weights: Address],
      ...[x: Address, wantLoss: Binary, constants: Address, scratch: Address, slopes: Address],
    ]
  ): number;
  gatherColumns(
    ...parameters: [
      ...[rows: number, columns: number, columnStart: Address, rowOf: Address, columnValues: Address, rowValue: Address],
      ...[slopes: Address, factor: number, out: Address],
    ]
  ): void;
  weightedMargins(...parameters: [rows: number, ...Rows, weights: Address, x: Address, out: Address]): void;
  curvatures(
    ...parameters: [
      ...[link: number, rows: number, ...Rows, weights: Address],
      ...[x: Address, constants: Address, scratch: Address, out: Address],
    ]
  ): void;
}
