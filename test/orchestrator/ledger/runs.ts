/** A small deterministic "computation" whose results the ledger tests commit. Child processes use it too. */
import type { PlannedRun, PlannedStudy } from '../../../src/shared/contracts/ledger.ts';
import { resultHash } from '../../../src/shared/hash.ts';
import { encodeCheckpoint } from '../../../src/shared/messages/codec.ts';
import { numericsVersion, type RoundJobResult } from '../../../src/shared/messages/round-job.ts';

export const metrics = ['loss', 'gap'] as const;

export function plannedRun(runKey: string, { rounds = 1000, every = 1, parameters = '{}' }: Partial<PlannedRun> = {}): PlannedRun {
  return {
    runKey,
    trajectoryKey: `trajectory-of-${runKey}`,
    experiment: JSON.stringify({ runKey, rounds }),
    objectiveKey: null,
    dataSha256: '',
    seed: 5,
    rounds,
    metrics,
    every,
    parameters,
    warnings: ['a warning'],
  };
}

export function plannedStudy(studyKey: string, runs: readonly (PlannedRun | string)[], name = `name-of-${studyKey}`): PlannedStudy {
  return { studyKey, name, source: `study: ${name}\n`, runs: runs.map((run) => (typeof run === 'string' ? plannedRun(run) : run)) };
}

/** The value of a metric at point i: every kind of double comes up. */
export function valueAt(metric: string, i: number): number {
  const offset = metric === 'loss' ? 0 : 1;
  if (i % 11 === 3 + offset) return Number.NaN;
  if (i % 13 === 5 + offset) return -0;
  if (i % 17 === 7 + offset) return Number.NEGATIVE_INFINITY;
  return Math.sin(i * 12.9898 + offset) * 43758.5453;
}

export function columnUpTo(metric: string, points: number): Float64Array {
  return Float64Array.from({ length: points }, (_, i) => valueAt(metric, i));
}

export function iterateAt(round: number): Float64Array {
  return Float64Array.of(round, -0, 1 / (round + 2));
}

export function checkpointAt(runKey: string, round: number): Uint8Array {
  return encodeCheckpoint({ runKey, round, numericsVersion, sections: { x: iterateAt(round) }, meta: {} });
}

/** Points recorded when the run stands at `round`; the last planned round is always one. */
export function pointsAt(round: number, { rounds = 1000, every = 1 }: { rounds?: number; every?: number } = {}): number {
  if (round < 0) return 0;
  return Math.floor(round / every) + 1 + (round === rounds && round % every !== 0 ? 1 : 0);
}

type Changes = Partial<RoundJobResult> & { readonly rounds?: number; readonly every?: number };

/** What rounds `fromRound + 1 .. toRound` come to (from x^0 where `fromRound` is -1). */
export function jobResult(
  runKey: string,
  fromRound: number,
  toRound: number,
  { rounds = 1000, every = 1, ...changes }: Changes = {},
): RoundJobResult {
  const first = pointsAt(fromRound, { rounds, every });
  const count = pointsAt(toRound, { rounds, every }) - first;
  const ends = toRound === rounds;
  return {
    runKey,
    epoch: 1,
    fromRound,
    toRound,
    checkpoint: checkpointAt(runKey, toRound),
    points: {
      first,
      count,
      columns: Object.fromEntries(
        metrics.map((metric) => [metric, Float64Array.from({ length: count }, (_, i) => valueAt(metric, first + i))]),
      ),
    },
    outcome: ends ? 'completed' : null,
    x: ends ? iterateAt(toRound) : null,
    computeMs: 2,
    threads: 1,
    notes: { emptyCohorts: toRound },
    ...changes,
  };
}

/** The hash of a whole run, without a ledger. */
export function hashOfRun(rounds = 1000, every = 1): string {
  const points = pointsAt(rounds, { rounds, every });
  const columns = Object.fromEntries(metrics.map((metric) => [metric, columnUpTo(metric, points)]));
  return resultHash({ numericsVersion, x: iterateAt(rounds), columns });
}

/** A small generator of random numbers for tests that print their seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the killed process works on. */
export const runOptions = { rounds: 1500, every: 2 } as const;
export const runsToCommit = plannedStudy(
  'study-to-commit',
  Array.from({ length: 5 }, (_, i) => plannedRun(`run-${i}`, runOptions)),
);
