/** Measures a run at recorded rounds: one row of metric values per point, kept until the round job takes them. */
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Objective, Problem } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { RecordedPoints } from '../../shared/messages/round-job.ts';
import type { Vector } from '../../shared/vector.ts';
import type { Experiment } from '../experiment.ts';
import { distance, norm, squaredNorm } from '../kernels/reference/vectors.ts';
import { type MetricName, needsGradient, needsOptimum } from '../metrics.ts';
import type { RoundFacets } from './round-facets.ts';
import { counter } from './run-memory.ts';

/** The values of one recorded round by name; `loss` is always among them. */
export type MeasuredValues = Readonly<Partial<Record<MetricName, number>>> & { readonly loss: number };

const INITIAL_CAPACITY = 64;

export class Measurement {
  readonly wantsInjectedError: boolean;
  readonly #names: readonly MetricName[];
  readonly #problem: Problem;
  readonly #objective: Objective;
  readonly #optimum: number | null;
  readonly #gradient: Vector | undefined;
  #columns: Float64Array[];
  #first = 0;
  #count = 0;

  constructor({ metrics, stop }: Experiment, problem: Problem, objective: Objective, arena: Arena, optimum: number | null) {
    this.#names = metrics.names;
    this.#problem = problem;
    this.#objective = objective;
    this.#optimum = optimum;
    this.wantsInjectedError = metrics.names.some((name) => name.startsWith('injected-error'));
    this.#gradient = metrics.names.some(needsGradient) ? arena.doubles(problem.d) : undefined;
    this.#columns = this.#names.map(() => new Float64Array(INITIAL_CAPACITY));
    const wanted = [...metrics.names, stop.target?.metric ?? 'loss'];
    if (optimum === null && wanted.some(needsOptimum)) {
      throw new MarinadeError('MARINADE_PRECONDITION_UNKNOWN_CONSTANT', 'optimality-gap needs f*, and none was solved for this objective');
    }
    requireTestSet(metrics.names, problem);
  }

  /** Says which point of the run comes next. */
  startAt(point: number): void {
    this.#first = point;
    this.#count = 0;
  }

  /** Measures x^k, g^k and the round that made them, and keeps the row. */
  record(x: Vector, g: Vector, facets: RoundFacets, counters: Float64Array): MeasuredValues {
    const gradient = this.#gradient;
    const loss = gradient === undefined ? this.#objective.loss(x) : this.#objective.lossAndGradient(x, gradient);
    const values: Partial<Record<MetricName, number>> & { loss: number } = { loss };
    if (this.#count === this.#columns[0]!.length) this.#grow();
    for (let c = 0; c < this.#names.length; c++) {
      const name = this.#names[c]!;
      const value = this.#value(name, loss, x, g, facets, counters);
      values[name] = value;
      this.#columns[c]![this.#count] = value;
    }
    this.#count++;
    counters[counter.recorded]!++;
    return values;
  }

  /** Hands over the rows kept since the last call. */
  take(): RecordedPoints {
    const columns = Object.fromEntries(this.#names.map((name, c) => [name, this.#columns[c]!.slice(0, this.#count)]));
    const points = { first: this.#first, count: this.#count, columns };
    this.#first += this.#count;
    this.#count = 0;
    return points;
  }

  #value(name: MetricName, loss: number, x: Vector, g: Vector, facets: RoundFacets, counters: Float64Array): number {
    switch (name) {
      case 'loss':
        return loss;
      case 'optimality-gap':
        return loss - this.#optimum!;
      case 'gradient-norm':
        return norm(this.#gradient!);
      case 'squared-gradient-norm':
        return squaredNorm(this.#gradient!);
      case 'estimator-error':
        return distance(g, this.#gradient!);
      case 'clipping-level':
        return facets.clippingLevel;
      case 'clipped-fraction':
        return facets.honestMessages === 0 ? Number.NaN : facets.clippedHonest / facets.honestMessages;
      case 'clipping-shrinkage':
        return facets.honestMessages === 0 ? Number.NaN : facets.shrinkageSum / facets.honestMessages;
      case 'injected-error':
        return facets.injectedError;
      case 'injected-error-ratio':
        return facets.injectedRatio;
      case 'cohort-byzantine':
        return facets.cohortByzantine;
      case 'byzantine-majority':
        return counters[counter.majorityRounds]!;
      case 'gradient-evaluations':
        return counters[counter.gradientEvaluations]!;
      case 'uplink-bits':
        return counters[counter.uplinkBits]!;
      case 'byzantine-uplink-bits':
        return counters[counter.byzantineUplinkBits]!;
      case 'downlink-bits':
        return counters[counter.downlinkBits]!;
      case 'test-accuracy':
        return this.#problem.testAccuracy!(x);
    }
  }

  #grow(): void {
    this.#columns = this.#columns.map((column) => {
      const larger = new Float64Array(2 * column.length);
      larger.set(column);
      return larger;
    });
  }
}

/** Accuracy is measured where there is a test set. */
export function requireTestSet(names: readonly string[], problem: Pick<Problem, 'testAccuracy'>): void {
  if (!names.includes('test-accuracy') || problem.testAccuracy !== undefined) return;
  throw new MarinadeError(
    'MARINADE_PRECONDITION_UNSUPPORTED',
    'test-accuracy needs a test set; this problem or data set has none, or its test file is not on this machine (`marinade data list` tells)',
  );
}
