/**
 * Curves of a cell, gathered while its runs are read one after the other: what stays in memory is a fixed number of
 * points per cell and metric, whatever the number of runs and rounds.
 *
 * Runs of a cell record at the same rounds, so the i-th points of all runs belong together. Neighbouring points share
 * a bucket where there are more than can be drawn; the first and the last point have a bucket of their own, so that a
 * curve begins and ends where the table says.
 */
import type { CurveEnd, CurvePoint } from '../../figures/curve-chart.ts';
import type { RunCurves, StudyRun } from '../../shared/contracts/ledger.ts';

export interface GatheredMetric {
  readonly name: string;
  readonly logarithmic: boolean;
}

/** What is known of a bucket of points of one metric. */
interface Column {
  readonly logarithmic: boolean;
  /** Over finite values; of their logarithms where the axis is logarithmic, and then over positive ones. */
  readonly sum: Float64Array;
  readonly count: Float64Array;
  readonly notPositive: Float64Array;
  readonly infinite: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly ends: { readonly axes: Readonly<Record<string, number>>; readonly y: number; readonly diverged: boolean }[];
}

export const ROUNDS = 'rounds';

export class CellCurves {
  readonly #length: number;
  readonly #buckets: number;
  readonly #axes: ReadonlyMap<string, { readonly sum: Float64Array; readonly count: Float64Array }>;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #runsIn: Float64Array;
  #runs = 0;

  /** @param axes metrics that serve as horizontal axes, beside the round */
  constructor(length: number, buckets: number, metrics: readonly GatheredMetric[], axes: readonly string[]) {
    this.#length = Math.max(1, length);
    this.#buckets = Math.min(this.#length, Math.max(3, buckets));
    const zeros = (): Float64Array => new Float64Array(this.#buckets);
    this.#axes = new Map([ROUNDS, ...axes].map((axis) => [axis, { sum: zeros(), count: zeros() }]));
    this.#columns = new Map(
      metrics.map(({ name, logarithmic }) => [
        name,
        {
          logarithmic,
          sum: zeros(),
          count: zeros(),
          notPositive: zeros(),
          infinite: zeros(),
          low: zeros().fill(Number.POSITIVE_INFINITY),
          high: zeros().fill(Number.NEGATIVE_INFINITY),
          ends: [],
        },
      ]),
    );
    this.#runsIn = zeros();
  }

  add({ rounds, columns }: RunCurves, { outcome, rounds: planned }: StudyRun): void {
    const length = rounds.length;
    if (length === 0) return;
    this.#runs++;
    for (let i = 0, before = -1; i < length; i++) {
      const bucket = this.#bucketOf(i);
      if (bucket !== before) this.#runsIn[bucket]!++;
      before = bucket;
    }
    // Column by column: wide studies have millions of points.
    for (const [axis, { sum, count }] of this.#axes) {
      const xs = axis === ROUNDS ? rounds : columns[axis];
      if (xs === undefined) continue;
      for (let i = 0; i < length; i++) {
        if (!Number.isFinite(xs[i]!)) continue;
        const bucket = this.#bucketOf(i);
        sum[bucket]! += xs[i]!;
        count[bucket]!++;
      }
    }
    for (const [name, column] of this.#columns) {
      const values = columns[name];
      if (values === undefined) continue;
      for (let i = 0; i < length; i++) take(column, this.#bucketOf(i), values[i]!);
    }
    const early = outcome === 'diverged' || (outcome !== null && rounds[length - 1]! < planned);
    if (!early) return;
    for (const [name, { ends }] of this.#columns) {
      const values = columns[name];
      const last = values?.findLastIndex(Number.isFinite) ?? -1;
      if (last < 0) continue;
      const axes = Object.fromEntries(
        [...this.#axes.keys()].map((axis) => [axis, (axis === ROUNDS ? rounds : columns[axis])?.[last] ?? 0]),
      );
      ends.push({ axes, y: values![last]!, diverged: outcome === 'diverged' });
    }
  }

  points(metric: string, axis: string): CurvePoint[] {
    const column = this.#columns.get(metric);
    const xs = this.#axes.get(axis);
    if (column === undefined || xs === undefined) return [];
    const points: CurvePoint[] = [];
    for (let i = 0; i < this.#buckets; i++) {
      const centre = centreOf(column, i);
      if (xs.count[i] === 0 || Number.isNaN(centre)) continue;
      points.push({
        x: xs.sum[i]! / xs.count[i]!,
        low: column.low[i]!,
        centre,
        high: column.high[i]!,
        partial: this.#runsIn[i]! < this.#runs,
      });
    }
    return points;
  }

  ends(metric: string, axis: string): CurveEnd[] {
    return (this.#columns.get(metric)?.ends ?? []).map(({ axes, y, diverged }) => ({ x: axes[axis] ?? 0, y, diverged }));
  }

  /** Where an axis ends: its last recorded point, whether or not a metric has a value there. */
  reach(axis: string): number {
    const xs = this.#axes.get(axis);
    return xs === undefined ? 0 : xs.sum.reduce((most, sum, i) => (xs.count[i]! > 0 ? Math.max(most, sum / xs.count[i]!) : most), 0);
  }

  #bucketOf(i: number): number {
    if (i === 0) return 0;
    if (i >= this.#length - 1) return this.#buckets - 1;
    return 1 + Math.floor(((i - 1) * (this.#buckets - 2)) / (this.#length - 2));
  }
}

function take(column: Column, bucket: number, value: number): void {
  if (Number.isNaN(value)) return;
  column.low[bucket] = Math.min(column.low[bucket]!, value);
  column.high[bucket] = Math.max(column.high[bucket]!, value);
  if (!Number.isFinite(value)) column.infinite[bucket]!++;
  else if (column.logarithmic && value <= 0) column.notPositive[bucket]!++;
  else {
    column.sum[bucket]! += column.logarithmic ? Math.log10(value) : value;
    column.count[bucket]!++;
  }
}

/** The mean, geometric on a logarithmic axis; where most values are infinite or not positive, that is what it is. */
function centreOf({ logarithmic, sum, count, notPositive, infinite, high }: Column, i: number): number {
  const all = count[i]! + notPositive[i]! + infinite[i]!;
  if (all === 0) return Number.NaN;
  if (2 * infinite[i]! > all || count[i]! + notPositive[i]! === 0)
    return high[i]! > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if (2 * notPositive[i]! > all || count[i] === 0) return 0;
  const mean = sum[i]! / count[i]!;
  return logarithmic ? 10 ** mean : mean;
}
