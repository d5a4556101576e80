/**
 * Regularised linear models on sparse data: what logistic regression and least squares share.
 *
 *   f_i(x) = (1/m_i) sum_j loss(a_ij . x, y_ij) + (l2/2) |x|^2 + nonConvex sum_j x_j^2 / (1 + x_j^2)
 *
 * Full passes over all rows are gathered by columns; a shard that is a part of the rows is scattered row by row.
 */
import type { Kernels, Link } from '../../shared/contracts/kernels.ts';
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Constants, Dataset, Objective, Oracle, Problem, ProblemEnvironment, Rows } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { Vector } from '../../shared/vector.ts';
import { margin } from '../kernels/reference/sparse.ts';
import { dot, squaredNorm } from '../kernels/reference/vectors.ts';

interface LinearModel {
  readonly link: Link;
  readonly l2: number;
  readonly nonConvex: number;
}

/** d/dt of t^2 / (1 + t^2). */
function nonConvexSlope(t: number): number {
  const q = 1 + t * t;
  return (2 * t) / (q * q);
}

/** sum_j x_j^2 / (1 + x_j^2) */
function nonConvexValue(x: Vector): number {
  let sum = 0;
  for (let j = 0; j < x.length; j++) {
    const square = x[j]! * x[j]!;
    sum += square / (1 + square);
  }
  return sum;
}

/** out += the regulariser's gradient at x. */
function addRegulariser({ l2, nonConvex }: LinearModel, kernels: Kernels, x: Vector, out: Vector): void {
  kernels.axpy(l2, x, out, out);
  if (nonConvex !== 0) for (let j = 0; j < out.length; j++) out[j]! += nonConvex * nonConvexSlope(x[j]!);
}

function createOracle(model: LinearModel, data: Dataset, labels: Float64Array, rows: Rows, slopes: Float64Array, kernels: Kernels): Oracle {
  const { link, l2, nonConvex } = model;
  const samples = rows === null ? data.rows : rows.length;
  return {
    samples,
    gradient(x, out) {
      if (rows === null) {
        kernels.slopesAndLoss(link, data, labels, undefined, x, slopes, false);
        kernels.gatherColumns(data, slopes, 1 / samples, out);
      } else {
        out.fill(0);
        kernels.addRowsGradient(link, data, labels, rows, x, 1 / samples, out);
      }
      addRegulariser(model, kernels, x, out);
    },
    batchGradient(x, batch, b, out) {
      kernels.scale(l2, x, out);
      if (nonConvex !== 0) for (let j = 0; j < out.length; j++) out[j]! += nonConvex * nonConvexSlope(x[j]!);
      kernels.addBatchGradient(link, data, labels, rows, batch, b, x, out);
    },
    batchDifference(x, xPrevious, batch, b, out) {
      kernels.scaledDifference(l2, x, xPrevious, out);
      if (nonConvex !== 0) {
        for (let j = 0; j < out.length; j++) out[j]! += nonConvex * (nonConvexSlope(x[j]!) - nonConvexSlope(xPrevious[j]!));
      }
      kernels.addBatchDifference(link, data, labels, rows, batch, b, x, xPrevious, out);
    },
  };
}

/** Weight of each row in f: sum over honest shards that hold it of w_i / m_i; undefined where all are 1 / rows. */
function rowWeights(data: Dataset, shards: readonly Rows[], weights: readonly number[], arena: Arena): Float64Array | undefined {
  if (shards.every((rows) => rows === null)) return undefined;
  const perRow = arena.doubles(data.rows);
  shards.forEach((rows, i) => {
    const share = weights[i]! / (rows === null ? data.rows : rows.length);
    if (rows === null) for (let row = 0; row < data.rows; row++) perRow[row]! += share;
    else for (const row of rows) perRow[row]! += share;
  });
  return perRow;
}

function createObjective(
  model: LinearModel,
  data: Dataset,
  perRow: Float64Array | undefined,
  slopes: Float64Array,
  arena: Arena,
): Objective {
  const { link, l2, nonConvex } = model;
  const { kernels } = arena;
  let rowsOfHessian: { readonly curvature: Float64Array; readonly weighted: Float64Array } | undefined;
  const d = data.columns;
  const factor = perRow === undefined ? 1 / data.rows : 1;
  // Where l2 is 0, so is its term, however large |x|^2.
  const regulariser = (x: Vector): number =>
    (l2 === 0 ? 0 : 0.5 * l2 * squaredNorm(x)) + (nonConvex === 0 ? 0 : nonConvex * nonConvexValue(x));
  return {
    d,
    convex: nonConvex === 0,
    loss: (x) => kernels.slopesAndLoss(link, data, data.labels, perRow, x, slopes, true) * factor + regulariser(x),
    lossAndGradient(x, out) {
      const loss = kernels.slopesAndLoss(link, data, data.labels, perRow, x, slopes, true);
      kernels.gatherColumns(data, slopes, factor, out);
      addRegulariser(model, kernels, x, out);
      return loss * factor + regulariser(x);
    },
    hessianAt(x) {
      rowsOfHessian ??= { curvature: arena.doubles(data.rows), weighted: arena.doubles(data.rows) };
      const { curvature, weighted } = rowsOfHessian;
      kernels.curvatures(link, data, perRow, x, curvature);
      return (v, out) => {
        kernels.weightedMargins(data, curvature, v, weighted);
        kernels.gatherColumns(data, weighted, factor, out);
        for (let j = 0; j < d; j++) {
          const q = 1 + x[j]! * x[j]!;
          const bend = nonConvex === 0 ? 0 : (nonConvex * (2 - 6 * x[j]! * x[j]!)) / (q * q * q);
          out[j]! += (l2 + bend) * v[j]!;
        }
      };
    },
  };
}

/** |a_row|^2 */
function squaredRowNorm(data: Dataset, row: number): number {
  const from = data.rowStart[row]!;
  const to = data.rowStart[row + 1]!;
  if (data.values === undefined) return (to - from) * data.rowValue![row]! * data.rowValue![row]!;
  const entries = data.values.subarray(from, to);
  return dot(entries, entries);
}

/**
 * Largest L_ij: curvature bound of the loss times the longest row, plus the regularisers' curvature. It bounds max L_i and
 * L as well, and stands for them: on a9a with unit rows it is 0.26, L itself 0.1232. So does the paper's main text.
 */
function linearConstants(model: LinearModel, data: Dataset): Constants {
  let longest = 0;
  for (let row = 0; row < data.rows; row++) longest = Math.max(longest, squaredRowNorm(data, row));
  const largest = (model.link === 'logistic' ? 0.25 : 1) * longest + model.l2 + 2 * model.nonConvex;
  return {
    smoothness: largest,
    clientSmoothness: largest,
    sampleSmoothness: largest,
    ...(model.nonConvex === 0 && model.l2 > 0 ? { strongConvexity: model.l2 } : {}),
  };
}

/** The share of rows whose margin has the label's sign. */
function accuracy(data: Dataset, x: Vector): number {
  let right = 0;
  for (let row = 0; row < data.rows; row++) if (margin(data, row, x) > 0 === data.labels[row]! > 0) right++;
  return right / data.rows;
}

/** Assembles the problem over the environment's data. */
export function createLinearModel(model: LinearModel, { data, testData, arena }: ProblemEnvironment): Problem {
  if (data === undefined) {
    throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', 'this problem needs data; name a data set under `data`');
  }
  if (model.link === 'logistic' && data.classes !== 2) {
    throw new MarinadeError(
      'MARINADE_PRECONDITION_UNSUPPORTED',
      `logistic-regression needs two classes; '${data.name}' has ${data.classes === 0 ? 'real targets' : data.classes === 1 ? '1 class' : `${data.classes} classes`}`,
      { data: data.name },
    );
  }
  const slopes = arena.doubles(data.rows);
  let flippedLabels: Float64Array | undefined;
  const flip = (): Float64Array => {
    flippedLabels ??= arena.doubles(data.rows);
    for (let row = 0; row < data.rows; row++) flippedLabels[row] = -data.labels[row]!;
    return flippedLabels;
  };
  return {
    d: data.columns,
    constants: linearConstants(model, data),
    hasLabels: data.classes === 2,
    rows: data.rows,
    // Real targets are no labels: every row would be a class of its own.
    labels: data.classes > 0 ? data.labels : undefined,
    oracle: (_owner, rows, flipped) => createOracle(model, data, flipped ? flip() : data.labels, rows, slopes, arena.kernels),
    objective: (shards, weights) => createObjective(model, data, rowWeights(data, shards, weights, arena), slopes, arena),
    ...(testData !== undefined && model.link === 'logistic' ? { testAccuracy: (x: Vector) => accuracy(testData, x) } : {}),
  };
}
