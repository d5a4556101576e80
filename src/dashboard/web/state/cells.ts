/** Cells of the selected runs with the mean of a metric's last values, best first. */
import { computed } from '@preact/signals';
import { endedByItself } from './outcomes.ts';
import { filtered, table, version } from './study-table.ts';
import { metric } from './view.ts';

export interface CellLine {
  readonly cell: number;
  readonly runs: number;
  readonly good: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

interface Gathered {
  runs: number;
  good: number;
  sum: number;
  logs: number;
  positive: boolean;
  low: number;
  high: number;
}

/** Cells in which every run ended by itself come before those with others, those without a mean last. */
export const rankedCells = computed((): readonly CellLine[] => {
  const known = table.value;
  const facts = metric.value;
  void version.value;
  if (known === undefined || facts === undefined) return [];
  const last = known.values[facts.name]?.last;
  const gathered = new Map<number, Gathered>();
  for (const row of filtered.value) {
    const cell = known.cell[row]!;
    let of = gathered.get(cell);
    if (of === undefined) {
      of = { runs: 0, good: 0, sum: 0, logs: 0, positive: true, low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
      gathered.set(cell, of);
    }
    of.runs++;
    const value = last?.[row] ?? Number.NaN;
    if (!endedByItself(known.outcome[row]!) || !Number.isFinite(value)) continue;
    of.good++;
    of.sum += value;
    of.low = Math.min(of.low, value);
    of.high = Math.max(of.high, value);
    if (value > 0) of.logs += Math.log10(value);
    else of.positive = false;
  }
  const sign = facts.higherIsBetter ? -1 : 1;
  const group = ({ runs, good }: CellLine): number => (good === 0 ? 2 : good < runs ? 1 : 0);
  return [...gathered]
    .map(
      ([cell, { runs, good, sum, logs, positive, low, high }]): CellLine => ({
        cell,
        runs,
        good,
        mean: good === 0 ? Number.NaN : facts.logarithmic && positive ? 10 ** (logs / good) : sum / good,
        low,
        high,
      }),
    )
    .sort((a, b) => group(a) - group(b) || (group(a) === 2 ? 0 : sign * (a.mean - b.mean)));
});
