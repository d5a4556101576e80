/**
 * Linear systems with a small symmetric positive semidefinite matrix that is known by its products: Cholesky's method
 * with pivots, on the matrix scaled to a unit diagonal. Where columns depend on each other (one-hot groups without l2) a
 * solution with zeros for the dependent ones is as good as any.
 */
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Vector } from '../../shared/vector.ts';
import { plainArena } from '../kernels/plain-arena.ts';
import { dotBlock } from '../kernels/reference/vectors.ts';

/** Largest dimension: the matrix takes d products and d^2 doubles. */
export const MAX_DENSE = 1024;
/** A pivot of the scaled matrix below this is the rounding of zero. */
const SMALLEST_PIVOT = 1e-12;

/** Factors H; returns what solves H p = -g. The products are of vectors in the arena. */
export function denseSolver(
  product: (v: Vector, out: Vector) => void,
  d: number,
  arena: Arena = plainArena(),
): (g: Vector, p: Vector) => void {
  const rows = Array.from({ length: d }, () => new Float64Array(d));
  const [unit, image] = [arena.doubles(d), arena.doubles(d)];
  for (let j = 0; j < d; j++) {
    unit[j] = 1;
    product(unit, image);
    rows[j]!.set(image);
    unit[j] = 0;
  }
  const scale = Float64Array.from(rows, (row, j) => (row[j]! > 0 ? 1 / Math.sqrt(row[j]!) : 0));
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) rows[i]![j]! *= scale[i]! * scale[j]!;
  const { factor, order, rank } = pivotedCholesky(rows, d);
  const y = new Float64Array(d);
  return (g, p) => {
    for (let k = 0; k < rank; k++) y[k] = (-g[order[k]!]! * scale[order[k]!]! - dotBlock(factor[k]!, y, 0, k)) / factor[k]![k]!;
    p.fill(0);
    for (let k = rank - 1; k >= 0; k--) {
      let rest = y[k]!;
      for (let i = k + 1; i < rank; i++) rest -= factor[i]![k]! * y[i]!;
      y[k] = rest / factor[k]![k]!;
      p[order[k]!] = y[k]! * scale[order[k]!]!;
    }
  };
}

/** Row k of the factor belongs to column order[k] of the matrix; the largest remaining pivot comes next. */
function pivotedCholesky(matrix: readonly Float64Array[], d: number): { factor: Float64Array[]; order: Int32Array; rank: number } {
  const order = Int32Array.from({ length: d }, (_, j) => j);
  const factor = Array.from({ length: d }, () => new Float64Array(d));
  const pivots = Float64Array.from({ length: d }, (_, j) => matrix[j]![j]!);
  for (let k = 0; k < d; k++) {
    let next = k;
    for (let i = k + 1; i < d; i++) if (pivots[i]! > pivots[next]!) next = i;
    if (!(pivots[next]! > SMALLEST_PIVOT)) return { factor, order, rank: k };
    [order[k], order[next]] = [order[next]!, order[k]!];
    [pivots[k], pivots[next]] = [pivots[next]!, pivots[k]!];
    [factor[k], factor[next]] = [factor[next]!, factor[k]!];
    const row = factor[k]!;
    const pivot = Math.sqrt(pivots[k]!);
    row[k] = pivot;
    for (let i = k + 1; i < d; i++) {
      const other = factor[i]!;
      other[k] = (matrix[order[i]!]![order[k]!]! - dotBlock(other, row, 0, k)) / pivot;
      pivots[i]! -= other[k]! * other[k]!;
    }
  }
  return { factor, order, rank: d };
}
