/** The JSON contract of `run`, `show` and `list`: stable, versioned, non-finite numbers as strings. */
import type { StudyRun } from '../../shared/contracts/ledger.ts';

export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** A number JSON can hold exactly. */
export function jsonNumber(value: number): JsonNumber {
  return Number.isFinite(value) ? value : (String(value) as JsonNumber);
}

/** One run of the `run` and `show` object. */
export function runJson(run: StudyRun): object {
  return {
    runKey: run.runKey,
    parameters: run.parameters,
    seed: run.seed,
    outcome: run.outcome,
    rounds: Math.max(0, run.committedRound),
    metrics: Object.fromEntries(
      Object.entries(run.summaries).map(([name, { first, last, min }]) => [
        name,
        { first: jsonNumber(first), last: jsonNumber(last), min: min === null ? null : jsonNumber(min) },
      ]),
    ),
    resultHash: run.resultHash,
  };
}

/** What `run` and `show` print. */
export function studyJson(study: string, runs: readonly StudyRun[]): object {
  return { schema: 1, study, runs: runs.map(runJson) };
}

/** What `list` prints. */
export function listJson(
  studies: readonly { readonly name: string; readonly studyKey: string; readonly states: Readonly<Record<string, number>> }[],
): object {
  return { schema: 1, studies: studies.map(({ name, studyKey, states }) => ({ study: name, studyKey, runs: states })) };
}
