/** How a run ends: judged at recorded rounds only, never at a job's end, so that no cut into jobs changes an outcome. */
import type { Outcome } from '../../shared/outcome.ts';
import type { Experiment } from '../experiment.ts';
import type { MeasuredValues } from './measurement.ts';
import { counter } from './run-memory.ts';

/**
 * The outcome at a recorded round, or null. In this order: `diverged` (a non-finite loss, x or g at once; a loss above
 * factor times its start at so many recorded rounds in a row), `target-reached`, `completed` at the last round,
 * `plateau`.
 */
export function judge({ stop, rounds }: Experiment, counters: Float64Array, values: MeasuredValues, finite: boolean): Outcome | null {
  const k = counters[counter.round]!;
  if (k === 0) counters[counter.initialLoss] = values.loss;
  if (!finite) return 'diverged';
  // A loss that starts at 0 has no multiples.
  const initial = Math.abs(counters[counter.initialLoss]!);
  const above = initial > 0 && Math.abs(values.loss) > stop.diverged.factor * initial;
  counters[counter.divergedInRow] = above ? counters[counter.divergedInRow]! + 1 : 0;
  if (counters[counter.divergedInRow]! >= stop.diverged.rounds) return 'diverged';
  if (stop.target !== undefined && values[stop.target.metric]! < stop.target.below) return 'target-reached';
  if (k >= rounds) return 'completed';
  if (stop.plateau === undefined) return null;
  const { metric, recorded, relative } = stop.plateau;
  const value = values[metric]!;
  const point = counters[counter.recorded]!;
  if (
    point === 1 ||
    Number.isNaN(counters[counter.plateauBest]!) ||
    value < counters[counter.plateauBest]! - relative * Math.abs(counters[counter.plateauBest]!)
  ) {
    counters[counter.plateauBest] = value;
    counters[counter.plateauSince] = point;
  }
  return point - counters[counter.plateauSince]! >= recorded ? 'plateau' : null;
}
