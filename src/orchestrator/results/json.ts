/**
 * The JSON contract of `run`, `show` and `list`: stable and versioned. Fields may be added under the same `schema`; none
 * changes its meaning or goes. What prints it writes non-finite numbers as strings (`jsonText`).
 */
import type { AttemptRow, StudyRow, StudyRun } from '../../shared/contracts/ledger.ts';
import { runData } from './run-data.ts';

/** One run of the `run` and `show` object. */
export function runJson(run: StudyRun): object {
  return {
    runKey: run.runKey,
    parameters: run.parameters,
    seed: run.seed,
    outcome: run.outcome,
    rounds: Math.max(0, run.committedRound),
    metrics: Object.fromEntries(Object.entries(run.summaries).map(([name, { first, last, min }]) => [name, { first, last, min }])),
    resultHash: run.resultHash,
    data: runData(run) ?? null,
  };
}

type Named = Pick<StudyRow, 'name' | 'studyKey'>;

/** What `run` and `show` print of a study. */
export function studyJson({ name, studyKey }: Named, runs: readonly StudyRun[]): object {
  return { schema: 1, study: name, studyKey, runs: runs.map(runJson) };
}

export interface RunHistory {
  readonly attempts: readonly AttemptRow[];
  /** Rounds at which a checkpoint is kept. */
  readonly checkpoints: readonly number[];
}

/** What `show` prints of one run: the object of its newest study with this run alone, and all that is known of it. */
export function oneRunJson(study: Named | undefined, run: StudyRun, { attempts, checkpoints }: RunHistory): object {
  const detailed = {
    ...runJson(run),
    state: run.state,
    plannedRounds: run.rounds,
    experiment: JSON.parse(run.experiment) as object,
    attempts,
    checkpoints,
    computeSeconds: run.computeSeconds,
    warnings: run.warnings,
    notes: run.notes,
    failure: run.failure,
  };
  return { schema: 1, study: study?.name ?? '', studyKey: study?.studyKey ?? null, runs: [detailed] };
}

/** What `list` prints. */
export function listJson(studies: readonly (Named & { readonly states: Readonly<Record<string, number>> })[]): object {
  return { schema: 1, studies: studies.map(({ name, studyKey, states }) => ({ study: name, studyKey, runs: states })) };
}
