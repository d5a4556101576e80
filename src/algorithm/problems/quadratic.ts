/**
 * Quadratics with dialled constants: one diagonal curvature for all clients, client-specific minimisers.
 *
 *   f_i(x) = (1/2) sum_j a_j (x_j - c_ij)^2,   a_j log-spaced from strongConvexity to smoothness on `rank` coordinates
 *
 * The centres c_i are drawn around a common centre so that (1/G) sum_i |grad f_i - grad f|^2 = heterogeneity^2 at every
 * x, exactly up to rounding, over the honest owners. Coordinates beyond the rank have a_j = 0: PL, not strongly convex.
 *
 * @shape     x: d = dimension
 * @cost      O(d) for every call; a client has one sample, so batches are exact
 * @random    the centres, from the problem's stream of the seed
 * @throws    MARINADE_CONFIG_INVALID when rank > dimension or strongConvexity > smoothness
 * @source    method.md section 6, question 2: constants dialled separately
 * @deviates  none
 * @example   dimension 2, smoothness = strongConvexity = 1, heterogeneity 0: f(x) = |x - c|^2 / 2, f* = 0
 */
import { z } from 'zod';
import { nonNegative, positive, positiveInt } from '../../shared/config/units.ts';
import { defineProblem, type Objective, type Oracle, type ProblemFacts } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { Vector } from '../../shared/vector.ts';
import { exp, log } from '../kernels/reference/scalar.ts';

/** f(x) = (1/2) sum_j a_j (x_j - c_j)^2 + constant, by compensated summation. */
function value(a: Vector, c: Vector, x: Vector, constant: number): number {
  let sum = constant;
  let lost = 0;
  for (let j = 0; j < x.length; j++) {
    const e = x[j]! - c[j]!;
    const term = 0.5 * a[j]! * e * e;
    const next = sum + term;
    lost += sum >= term ? sum - next + term : term - next + sum;
    sum = next;
  }
  return Number.isFinite(sum) ? sum + lost : sum;
}

function gradient(a: Vector, c: Vector, x: Vector, out: Vector): void {
  for (let j = 0; j < out.length; j++) out[j] = a[j]! * (x[j]! - c[j]!);
}

const schema = z.strictObject({
  dimension: positiveInt.max(100_000_000).default(100).describe('d'),
  smoothness: positive.default(1).describe('L: largest curvature'),
  strongConvexity: positive.default(0.01).describe('mu: smallest positive curvature'),
  heterogeneity: nonNegative.default(0).describe('zeta: root mean square of |grad f_i - grad f|'),
  rank: positiveInt.optional().describe('coordinates with positive curvature; default all'),
});

function foresee(
  { dimension: d, smoothness, strongConvexity, heterogeneity, rank = d }: z.output<typeof schema>,
  { owners }: { readonly owners: number },
): ProblemFacts {
  if (rank > d) throw new MarinadeError('MARINADE_CONFIG_INVALID', `problem.rank must be at most problem.dimension = ${d}; got ${rank}`);
  if (strongConvexity > smoothness) {
    throw new MarinadeError(
      'MARINADE_CONFIG_INVALID',
      `problem.strongConvexity must be at most problem.smoothness = ${smoothness}; got ${strongConvexity}`,
    );
  }
  // Curvatures, the common centre and the objective's, and the clients' own.
  const vectors = 3 + (heterogeneity > 0 && owners > 1 ? owners : 1);
  const constants = { smoothness, clientSmoothness: smoothness, sampleSmoothness: smoothness, strongConvexity };
  return { d, samples: 1, fewest: 1, shards: owners, bytes: 8 * d * vectors, sharedBytes: 0, constants };
}

export const quadratic = defineProblem({
  name: 'quadratic',
  summary: 'Quadratics with dialled smoothness, strong convexity, heterogeneity and rank.',
  source: { cite: 'folklore' },
  schema,
  needsData: false,
  foresee,
  create(parameters, { owners, honest, stream, arena }) {
    const { d, constants } = foresee(parameters, { owners });
    const { smoothness, strongConvexity, heterogeneity, rank = d } = parameters;
    const a = arena.doubles(d);
    for (let j = 0; j < rank; j++)
      a[j] = rank === 1 ? smoothness : strongConvexity * exp((j / (rank - 1)) * log(smoothness / strongConvexity));
    if (rank > 1) a[rank - 1] = smoothness;

    const centre = arena.doubles(d);
    for (let j = 0; j < d; j++) centre[j] = stream.normal();
    const heterogeneous = heterogeneity > 0 && owners > 1;
    const centres = Array.from({ length: heterogeneous ? owners : 1 }, () => arena.doubles(d));
    if (!heterogeneous) centres[0]!.set(centre);
    else {
      for (const c of centres) for (let j = 0; j < rank; j++) c[j] = stream.normal();
      // Offsets are centred over the honest owners and scaled so that their mean squared gradient spread is zeta^2.
      let spread = 0;
      for (let j = 0; j < rank; j++) {
        let mean = 0;
        for (let i = 0; i < honest; i++) mean += centres[i]![j]!;
        mean /= honest;
        for (const c of centres) c[j]! -= mean;
        for (let i = 0; i < honest; i++) {
          const slope = a[j]! * centres[i]![j]!;
          spread += slope * slope;
        }
      }
      const scale = spread > 0 ? heterogeneity / Math.sqrt(spread / honest) : 0;
      for (const c of centres) for (let j = 0; j < d; j++) c[j] = centre[j]! + scale * c[j]!;
    }
    const centreOf = (owner: number): Vector => centres[heterogeneous ? owner : 0]!;

    const oracle = (owner: number): Oracle => {
      const c = centreOf(owner);
      return {
        samples: 1,
        gradient: (x, out) => gradient(a, c, x, out),
        batchGradient: (x, _batch, _b, out) => gradient(a, c, x, out),
        batchDifference(x, xPrevious, _batch, _b, out) {
          for (let j = 0; j < out.length; j++) out[j] = a[j]! * (x[j]! - xPrevious[j]!);
        },
      };
    };

    return {
      d,
      constants,
      hasLabels: false,
      rows: 0,
      labels: undefined,
      oracle,
      objective(shards, weights): Objective {
        const c = arena.doubles(d);
        for (let i = 0; i < shards.length; i++) for (let j = 0; j < d; j++) c[j]! += weights[i]! * centreOf(i)[j]!;
        // f(x) = (1/2) sum_j a_j (x_j - c_j)^2 + f*, with f* the weighted spread of the centres.
        let optimum = 0;
        for (let i = 0; i < shards.length; i++) optimum += weights[i]! * value(a, c, centreOf(i), 0);
        return {
          d,
          convex: true,
          optimum: { value: optimum, certificate: 0 },
          loss: (x) => value(a, c, x, optimum),
          lossAndGradient(x, out) {
            gradient(a, c, x, out);
            return value(a, c, x, optimum);
          },
        };
      },
    };
  },
});
