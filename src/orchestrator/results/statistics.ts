/**
 * Statistics over the seeds of a cell. Runs that diverged, failed or have not ended are never dropped in silence: they
 * are counted beside the mean of the others, and every mean says over how many runs it is.
 */
import { createRequire } from 'node:module';
import { mean, sampleStandardDeviation } from 'simple-statistics';
import type { RunRow, StudyRun } from '../../shared/contracts/ledger.ts';

const require = createRequire(import.meta.url);

/** Quantile of Student's t. Its 400 modules are loaded by the first interval, not by every start of the program. */
function tQuantile(probability: number, degreesOfFreedom: number): number {
  const quantile = require('@stdlib/stats-base-dists-t-quantile') as typeof import('@stdlib/stats-base-dists-t-quantile');
  return quantile(probability, degreesOfFreedom);
}

/** Gaps below this are as small as the loss can resolve. */
export const NUMERICAL_FLOOR = 1e-14;

/** A combination of parameter values with its runs, one per seed. */
export interface CellStatistics {
  readonly label: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly runs: readonly StudyRun[];
  /** How often each outcome occurred; a run that has not ended counts under its state. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Mean and interval of a metric's last values over the runs that ended by themselves with finite numbers. */
export interface Estimate {
  readonly n: number;
  readonly mean: number;
  /** 95 % t-interval; NaN for fewer than two runs. */
  readonly low: number;
  readonly high: number;
  /** Geometric mean and an interval of log10: for quantities that span decades. */
  readonly geometric: boolean;
}

/** A value of a parameter as a short label. */
export function valueLabel(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(valueLabel).join('+');
  const { name, ...rest } = value as Record<string, unknown>;
  const parts = Object.entries(rest).map(([key, inner]) => `${key} ${valueLabel(inner)}`);
  return [name === undefined ? '' : String(name), parts.join(', ')].filter((part) => part !== '').join(' ');
}

/** A parameter's value as it reads without its column: names speak for themselves, numbers do not. */
export function parameterLabel(path: string, value: unknown): string {
  const step = path.split('.').at(-1)!;
  const named = typeof value === 'object' && value !== null && 'name' in value;
  return named || step === 'name' ? valueLabel(value) : `${step} ${valueLabel(value)}`;
}

/** A cell's parameters as one label. */
export function cellLabel(parameters: Readonly<Record<string, unknown>>): string {
  return (
    Object.entries(parameters)
      .map(([path, value]) => parameterLabel(path, value))
      .join(' · ') || 'all runs'
  );
}

/** How often each outcome occurred; a run that has not ended counts under its state. */
export function outcomesOf(runs: readonly RunRow[]): Record<string, number> {
  const outcomes: Record<string, number> = {};
  for (const { outcome, state } of runs) outcomes[outcome ?? state] = (outcomes[outcome ?? state] ?? 0) + 1;
  return outcomes;
}

/** Runs grouped by their varied parameters, in study order. */
export function cellsOf(runs: readonly StudyRun[]): CellStatistics[] {
  const cells = new Map<string, StudyRun[]>();
  for (const run of runs) {
    const key = JSON.stringify(run.parameters);
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, [run]);
    else cell.push(run);
  }
  return [...cells.values()].map((members) => {
    const { parameters } = members[0]!;
    return { label: cellLabel(parameters), parameters, runs: members, outcomes: outcomesOf(members) };
  });
}

/** Metrics that span decades and are positive: their means are geometric, their axes logarithmic. */
export function spansDecades(metric: string): boolean {
  return /gap|norm|loss|error|level/.test(metric);
}

/** A run whose last value is where it went, not where it was stopped: it belongs into a mean. */
function endedByItself({ outcome }: RunRow): boolean {
  return outcome === 'completed' || outcome === 'target-reached' || outcome === 'plateau';
}

/** Last values of a metric over the runs of a cell that ended by themselves with finite numbers. */
export function lastValues(runs: readonly StudyRun[], metric: string): number[] {
  return runs
    .filter(endedByItself)
    .flatMap(({ summaries }) => summaries[metric]?.last ?? [])
    .filter(Number.isFinite);
}

/** Statistics of the last value of a metric over a cell; undefined when no run ended by itself with a finite one. */
export function estimate(runs: readonly StudyRun[], metric: string): Estimate | undefined {
  return estimateOf(lastValues(runs, metric), spansDecades(metric));
}

/** Mean and 95 % t-interval; geometric where asked and all values are positive. */
export function estimateOf(values: readonly number[], geometric: boolean): Estimate | undefined {
  if (values.length === 0) return undefined;
  const logs = geometric && values.every((value) => value > 0);
  const scaled = logs ? values.map(Math.log10) : [...values];
  const back = (value: number): number => (logs ? 10 ** value : value);
  const centre = mean(scaled);
  if (scaled.length < 2) return { n: scaled.length, mean: values[0]!, low: Number.NaN, high: Number.NaN, geometric: logs };
  const half = (tQuantile(0.975, scaled.length - 1) * sampleStandardDeviation(scaled)) / Math.sqrt(scaled.length);
  return { n: scaled.length, mean: back(centre), low: back(centre - half), high: back(centre + half), geometric: logs };
}

/** Whether more of a metric is better. */
export function higherIsBetter(metric: string): boolean {
  return metric === 'test-accuracy';
}

/**
 * Cells from best to worst by the mean of a metric's last values. Cells in which every run ended by itself come before
 * those in which any diverged, failed or has not ended; cells without a mean are last. Equals keep their order.
 */
export function ranked(cells: readonly CellStatistics[], metric: string): CellStatistics[] {
  const sign = higherIsBetter(metric) ? -1 : 1;
  const keys = new Map(
    cells.map((cell) => {
      const found = estimate(cell.runs, metric);
      const group = found === undefined ? 2 : found.n < cell.runs.length ? 1 : 0;
      return [cell, { group, value: sign * (found?.mean ?? 0) }] as const;
    }),
  );
  return [...cells].sort((a, b) => {
    const [left, right] = [keys.get(a)!, keys.get(b)!];
    return left.group - right.group || left.value - right.value;
  });
}
