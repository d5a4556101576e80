/** The reference kernels together: plain TypeScript, on arrays of any memory. */
import type { Kernels } from '../../../shared/contracts/kernels.ts';
import { gramOfRows, pairwiseSquaredDistances } from './geometry.ts';
import { medianOfColumns, trimmedMeanOfColumns } from './order-statistics.ts';
import { drawBelow } from './random.ts';
import { meansOfNeighbors, squaredDistancesTo, weightedSumAndDistances } from './rows.ts';
import {
  addBatchDifference,
  addBatchGradient,
  addRowsGradient,
  curvatures,
  gatherColumns,
  slopesAndLoss,
  weightedMargins,
} from './sparse.ts';
import {
  add,
  axpy,
  clipInPlace,
  distance,
  dot,
  isFiniteVector,
  meanOfRows,
  norm,
  scale,
  scaledDifference,
  standardDeviationOfRows,
  subtract,
  weightedSumOfRows,
} from './vectors.ts';

export const referenceKernels: Kernels = {
  name: 'reference',
  drawBelow,
  dot,
  norm,
  distance,
  axpy,
  add,
  subtract,
  scale,
  scaledDifference,
  isFiniteVector,
  clipInPlace,
  meanOfRows,
  weightedSumOfRows,
  standardDeviationOfRows,
  medianOfColumns,
  trimmedMeanOfColumns,
  squaredDistancesTo,
  weightedSumAndDistances,
  meansOfNeighbors,
  gramOfRows,
  pairwiseSquaredDistances,
  addBatchGradient,
  addBatchDifference,
  addRowsGradient,
  slopesAndLoss,
  gatherColumns,
  weightedMargins,
  curvatures,
};
