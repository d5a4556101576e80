/**
 * f* of an objective: Newton's method until the gradient norm stops at rounding, with conjugate gradients for the linear
 * systems and, where these are too ill-conditioned for them and small, a dense factorisation. Deterministic: the same
 * objective gives the same bits.
 *
 * Where the minimum is not attained (separable data without l2) gradients become small as well, but the steps do not
 * shrink: Newton goes a constant distance each time, and f* is refused. If only a part of f falls that way, so slowly
 * that it is rounding beside the rest, what is returned is the infimum.
 */
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Objective } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { Vector } from '../../shared/vector.ts';
import { plainArena } from '../kernels/plain-arena.ts';
import { denseSolver, MAX_DENSE } from './dense-solver.ts';

export interface Optimum {
  readonly value: number;
  /** |grad f| at the minimiser found. */
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly method: 'closed-form' | 'newton-cg' | 'newton-dense';
}

const MAX_NEWTON = 200;
const MAX_CG = 2000;
/** Largest gradient norm taken for rounding, against that of the start or 1. */
const GRADIENT = 1e-12;
/**
 * Largest last step, against |x| (or against this, where x is near 0): after n steps of one length toward infinity it is
 * |x| / n, which MAX_NEWTON keeps above this; at an attained minimum it is the rounding of the gradient over the curvature.
 */
const LAST_STEP = 1e-3;

/** Where a descent ended. */
interface Descent {
  readonly method: 'newton-cg' | 'newton-dense';
  readonly x: Vector;
  readonly gradientNorm: number;
  readonly iterations: number;
  /** Length of the last Newton step. */
  readonly lastStep: number;
  /** The gradient is rounding. */
  readonly reached: boolean;
  /** The steps have shrunk. */
  readonly settled: boolean;
}

/**
 * @param arena where the vectors lie that the objective is asked about
 * @throws MARINADE_PRECONDITION_UNKNOWN_CONSTANT when the objective is not convex or no minimiser is reached
 */
export function solveOptimum(objective: Objective, arena: Arena = plainArena()): Optimum {
  if (objective.optimum !== undefined) {
    return { value: objective.optimum.value, gradientNorm: objective.optimum.certificate, iterations: 0, method: 'closed-form' };
  }
  if (!objective.convex || objective.hessianAt === undefined) {
    throw new MarinadeError(
      'MARINADE_PRECONDITION_UNKNOWN_CONSTANT',
      'f* is not solvable for this objective: it is not known to be convex',
    );
  }
  let end = descend(objective, 'newton-cg', arena);
  // Conjugate gradients may have gone far along directions without curvature, so the dense method starts anew.
  if (!(end.reached && end.settled) && objective.d <= MAX_DENSE) end = descend(objective, 'newton-dense', arena);
  const { method, gradientNorm, iterations, lastStep } = end;
  if (!end.reached || !end.settled) {
    throw new MarinadeError(
      'MARINADE_PRECONDITION_UNKNOWN_CONSTANT',
      `f* was not reached: gradient norm ${gradientNorm} after ${iterations} Newton steps, the last of length ${lastStep}; the minimum may not be attained (l2 = 0 on separable data?)`,
      { gradientNorm, lastStep },
    );
  }
  return { value: objective.loss(end.x), gradientNorm, iterations, method };
}

function descend(objective: Objective, method: Descent['method'], arena: Arena): Descent {
  const { d } = objective;
  const vector = (): Vector => arena.doubles(d);
  const { norm, dot, axpy } = arena.kernels;
  const solveBy = method === 'newton-dense' ? undefined : conjugateGradients(arena, d);
  let x = vector();
  let trial = vector();
  let g = vector();
  let trialG = vector();
  const p = vector();
  let loss = objective.lossAndGradient(x, g);
  let length = norm(g);
  const startLength = length;
  let lastStep = 0;
  let stalled = 0;
  let iterations = 0;
  // The gradient norm stops at rounding: two Newton steps in a row that do not shrink it end the search.
  for (; iterations < MAX_NEWTON && length > 0 && stalled < 2; iterations++) {
    const product = objective.hessianAt!(x);
    if (solveBy === undefined) denseSolver(product, d, arena)(g, p);
    else solveBy(product, g, Math.min(0.1, length / startLength) * 1e-3, p);
    lastStep = norm(p);
    let stepSize = 1;
    let trialLoss = 0;
    for (let halvings = 0; ; halvings++) {
      axpy(stepSize, p, x, trial);
      trialLoss = objective.lossAndGradient(trial, trialG);
      // Near the minimum losses agree to rounding, so a smaller gradient is as good as a smaller loss.
      if (trialLoss <= loss + 1e-4 * stepSize * dot(g, p) || norm(trialG) < length) break;
      if (halvings === 40) break;
      stepSize /= 2;
    }
    const trialLength = norm(trialG);
    if (trialLength < length || trialLoss < loss - 1e-12 * Math.abs(loss)) {
      stalled = trialLength < length ? 0 : stalled + 1;
      [x, trial] = [trial, x];
      [g, trialG] = [trialG, g];
      loss = trialLoss;
      length = trialLength;
    } else stalled++;
  }
  return {
    method,
    x,
    gradientNorm: length,
    iterations,
    lastStep,
    reached: length <= GRADIENT * Math.max(1, startLength),
    settled: lastStep <= LAST_STEP * Math.max(LAST_STEP, norm(x)),
  };
}

type Product = (v: Vector, out: Vector) => void;

/** What solves H p = -g to a relative tolerance, by conjugate gradients; it stops at directions without curvature. */
function conjugateGradients(arena: Arena, d: number): (product: Product, g: Vector, tolerance: number, p: Vector) => void {
  const [residual, direction, image] = [arena.doubles(d), arena.doubles(d), arena.doubles(d)];
  const { scale, dot, axpy } = arena.kernels;
  return (product, g, tolerance, p) => {
    p.fill(0);
    scale(-1, g, residual);
    direction.set(residual);
    let squared = dot(residual, residual);
    const target = squared * tolerance * tolerance;
    for (let i = 0; i < MAX_CG && squared > target && squared > 0; i++) {
      product(direction, image);
      const curvature = dot(direction, image);
      if (!(curvature > 0)) break;
      const alpha = squared / curvature;
      axpy(alpha, direction, p, p);
      axpy(-alpha, image, residual, residual);
      const next = dot(residual, residual);
      axpy(next / squared, direction, residual, direction);
      squared = next;
    }
  };
}
