/** Runs whose numbers are a chain of 32-bit words: a wrong checkpoint, a lost or a doubled round changes all that follow. */
import type { PlannedRun } from '../../../src/shared/contracts/ledger.ts';
import type { RoundJob, RoundJobResult } from '../../../src/shared/messages/round-job.ts';

/** `troubled` runs meet a broken surrounding so many times; a poisonous one kills what executes it, a failing one throws. */
export type Nature = 'healthy' | 'failing' | 'poisonous' | 'troubled';

export interface SimulatedRun {
  readonly runKey: string;
  readonly rounds: number;
  readonly nature: Nature;
  /** The round that shows it. */
  readonly at: number;
  /** What an undisturbed run records: one value at x^0 and one after each round. */
  readonly values: Float64Array;
  readonly hash: string;
  readonly planned: PlannedRun;
}

const next = (value: number, round: number): number => Math.imul(value ^ Math.imul(round + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;

export function hashOf(points: ArrayLike<number>): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < points.length; i++) hash = Math.imul(hash ^ points[i]!, 0x01000193) >>> 0;
  return `${points.length}:${hash}`;
}

export function simulatedRun(runKey: string, seed: number, rounds: number, nature: Nature, at: number): SimulatedRun {
  const values = new Float64Array(rounds + 1);
  values[0] = next(seed, -1);
  for (let round = 0; round < rounds; round++) values[round + 1] = next(values[round]!, round);
  const planned: PlannedRun = {
    runKey,
    trajectoryKey: runKey,
    experiment: runKey,
    dataSha256: '',
    objectiveKey: seed % 3 === 0 ? 'objective' : null,
    seed,
    rounds,
    metrics: ['value'],
    every: 1,
    parameters: '{}',
    warnings: [],
  };
  return { runKey, rounds, nature, at, values, hash: hashOf(values), planned };
}

const encode = (round: number, value: number): Uint8Array => new Uint8Array(Float64Array.of(round, value).buffer);

/** What `rounds` more rounds from the job's checkpoint come to, whatever they should. */
export function computed(run: SimulatedRun, { runKey, epoch, fromRound, checkpoint }: RoundJob, rounds: number): RoundJobResult {
  const [start, value] = checkpoint === null ? [0, run.values[0]!] : (new Float64Array(checkpoint.slice().buffer) as unknown as number[]);
  const column = fromRound < 0 ? [value!] : [];
  const toRound = Math.max(0, fromRound) + rounds;
  let last = value!;
  for (let round = start!; round < start! + rounds; round++) {
    last = next(last, round);
    column.push(last);
  }
  const ends = toRound >= run.rounds;
  return {
    runKey,
    epoch,
    fromRound,
    toRound,
    checkpoint: encode(toRound, last),
    points: { first: fromRound < 0 ? 0 : fromRound + 1, count: column.length, columns: { value: Float64Array.from(column) } },
    outcome: ends ? 'completed' : null,
    x: ends ? Float64Array.of(last) : null,
    computeMs: 1,
    threads: 1,
    notes: {},
  };
}
