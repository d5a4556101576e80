/**
 * Statistics over the seeds of a cell. Diverged and failed runs are never dropped: they are counted beside the mean of
 * the others, and a cell in which any run diverged says so.
 */
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { mean, sampleStandardDeviation } from 'simple-statistics';
import type { StudyRun } from '../../shared/contracts/ledger.ts';

/** Gaps below this are as small as the loss can resolve. */
export const NUMERICAL_FLOOR = 1e-14;

export interface CellStatistics {
  readonly label: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly runs: readonly StudyRun[];
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Mean and interval of a metric's last values over the runs that ended with finite numbers. */
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
    const outcomes: Record<string, number> = {};
    for (const { outcome, state } of members) outcomes[outcome ?? state] = (outcomes[outcome ?? state] ?? 0) + 1;
    return { label: Object.values(parameters).map(valueLabel).join(' · ') || 'all', parameters, runs: members, outcomes };
  });
}

/** Metrics that span decades and are positive: their means are geometric. */
function spansDecades(metric: string): boolean {
  return /gap|norm|loss|error|level/.test(metric);
}

/** Statistics of the last value of a metric over a cell; undefined when no run ended with a finite one. */
export function estimate(runs: readonly StudyRun[], metric: string): Estimate | undefined {
  const values = runs
    .filter(({ outcome }) => outcome !== 'diverged' && outcome !== null)
    .flatMap(({ summaries }) => summaries[metric]?.last ?? []);
  return estimateOf(values.filter(Number.isFinite), spansDecades(metric));
}

/** Mean and 95 % t-interval; geometric where asked and all values are positive. */
export function estimateOf(values: readonly number[], geometric: boolean): Estimate | undefined {
  if (values.length === 0) return undefined;
  const logs = geometric && values.every((value) => value > 0);
  const scaled = logs ? values.map(Math.log10) : [...values];
  const back = (value: number): number => (logs ? 10 ** value : value);
  const centre = mean(scaled);
  if (scaled.length < 2) return { n: scaled.length, mean: back(centre), low: Number.NaN, high: Number.NaN, geometric: logs };
  const half = (tQuantile(0.975, scaled.length - 1) * sampleStandardDeviation(scaled)) / Math.sqrt(scaled.length);
  return { n: scaled.length, mean: back(centre), low: back(centre - half), high: back(centre + half), geometric: logs };
}
