/** What data runs were computed on, and a plain word wherever that was the stand-in for data nobody had. */
import type { Experiment } from '../../algorithm/experiment.ts';
import type { RunRow } from '../../shared/contracts/ledger.ts';

/** Made from a seed. */
const STAND_IN = 'synthetic-adult';

export interface RunData {
  /** A registered name, or the name of a file. */
  readonly name: string;
  readonly sha256: string;
  /** No real data: numbers on it are no results about the data set a study may have asked for. */
  readonly standIn: boolean;
}

/** Undefined for problems without data. */
export function runData({ experiment, dataSha256 }: Pick<RunRow, 'experiment' | 'dataSha256'>): RunData | undefined {
  const { data } = JSON.parse(experiment) as Experiment;
  if (data === undefined) return undefined;
  const name = 'name' in data ? data.name : data.file.split('/').at(-1)!;
  return { name, sha256: dataSha256, standIn: 'name' in data && name === STAND_IN };
}

/** Each data set of some runs once. */
export function distinctData(runs: readonly RunRow[]): RunData[] {
  // One experiment is read per identity: thousands of runs share a few.
  const bySha256 = new Map(runs.map((run) => [run.dataSha256, run]));
  return [...bySha256.values()].flatMap((run) => runData(run) ?? []);
}

/** As one word for tables. */
export function dataLabel({ name, standIn }: RunData): string {
  return standIn ? `${name} (stand-in)` : name;
}

/** The sentence that must be read before any number of these runs; undefined when all data are real. */
export function standInNote(runs: readonly RunRow[]): string | undefined {
  const standIns = new Set(distinctData(runs).flatMap(({ standIn, sha256 }) => (standIn ? sha256 : [])));
  const concerned = runs.filter(({ dataSha256 }) => standIns.has(dataSha256)).length;
  if (concerned === 0) return undefined;
  const who = concerned < runs.length ? `${concerned} of ${runs.length} runs were` : runs.length === 1 ? 'the run was' : 'all runs were';
  return `stand-in data: ${who} computed on ${STAND_IN}, which is made from a seed in the shape of a9a; these are not results on real data`;
}
