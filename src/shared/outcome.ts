/**
 * How a run ended: a recorded value, not an error. `diverged` is a finding; `failed` and `quarantined` record that
 * failures ended the run.
 */
export const outcomes = [
  'completed',
  'target-reached',
  'diverged',
  'plateau',
  'pruned',
  'budget',
  'cancelled',
  'failed',
  'quarantined',
] as const;

export type Outcome = (typeof outcomes)[number];

/** Outcomes that depend on the experiment alone: such a run carries a result hash and is never run again. */
export function isDeterministic(outcome: Outcome): boolean {
  return outcome === 'completed' || outcome === 'target-reached' || outcome === 'diverged' || outcome === 'plateau' || outcome === 'pruned';
}

/** Outcomes after which resubmitting the study goes on with the run or repeats it. */
export function isResumable(outcome: Outcome): boolean {
  return outcome === 'budget' || outcome === 'cancelled' || outcome === 'failed';
}
