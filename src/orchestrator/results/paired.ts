/**
 * Paired comparison of cells: all cells share their seeds, so two cells are compared seed by seed and what the seeds
 * have in common drops out. Runs without a finite last value (diverged, failed, unfinished) are counted, never dropped
 * in silence.
 */
import type { SelectionComparison } from '../../shared/contracts/dashboard.ts';
import type { StudyRun } from '../../shared/contracts/ledger.ts';
import { type CellStatistics, type Estimate, estimateOf } from './statistics.ts';

export interface CellPair {
  readonly reference: CellStatistics;
  readonly cell: CellStatistics;
}

export interface PairedComparison extends CellPair {
  /** Seeds for which both cells ended with a finite number. */
  readonly pairs: number;
  /** Of cell - reference. */
  readonly difference: Estimate | undefined;
  /** Of cell / reference, geometric; undefined unless all numbers are positive. */
  readonly ratio: Estimate | undefined;
  /** In how many pairs the cell is below, equal to, above the reference. */
  readonly lower: number;
  readonly equal: number;
  readonly higher: number;
  /** Runs without a finite number to compare. */
  readonly without: { readonly cell: number; readonly reference: number };
}

/** Every further cell with the first. */
export function pairsWithFirst([reference, ...cells]: readonly CellStatistics[]): CellPair[] {
  return cells.map((cell) => ({ reference: reference!, cell }));
}

/** Along one parameter, all others equal: every further value with the first. */
export function pairsAlong(cells: readonly CellStatistics[], path: string): CellPair[] {
  const groups = new Map<string, CellStatistics[]>();
  for (const cell of cells) {
    const { [path]: _, ...others } = cell.parameters;
    const key = JSON.stringify(others);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cell]);
    else group.push(cell);
  }
  return [...groups.values()].flatMap(pairsWithFirst);
}

export function pairedComparison({ reference, cell }: CellPair, metric: string): PairedComparison {
  const base = lastValues(reference.runs, metric);
  const other = lastValues(cell.runs, metric);
  const pairs = [...other].flatMap(([seed, value]) => (base.has(seed) ? [[base.get(seed)!, value] as const] : []));
  const count = (fits: (before: number, after: number) => boolean): number => pairs.filter(([before, after]) => fits(before, after)).length;
  return {
    reference,
    cell,
    pairs: pairs.length,
    difference: estimateOf(
      pairs.map(([before, after]) => after - before),
      false,
    ),
    ratio: pairs.every(([before, after]) => before > 0 && after > 0)
      ? estimateOf(
          pairs.map(([before, after]) => after / before),
          true,
        )
      : undefined,
    lower: count((before, after) => after < before),
    equal: count((before, after) => after === before),
    higher: count((before, after) => after > before),
    without: { cell: cell.runs.length - other.size, reference: reference.runs.length - base.size },
  };
}

interface PairedRun {
  readonly seed: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** NaN: nothing to compare. */
  readonly value: number;
}

/** Two selections of runs, paired by seed and by all parameters in which they do not differ as a whole. */
export function pairedSelections(reference: readonly PairedRun[], other: readonly PairedRun[]): SelectionComparison {
  const valuesOf = (runs: readonly PairedRun[], path: string): Set<string> =>
    new Set(runs.map(({ parameters }) => JSON.stringify(parameters[path])));
  const paths = [...new Set([...reference, ...other].flatMap(({ parameters }) => Object.keys(parameters)))].filter(
    (path) => !valuesOf(reference, path).isDisjointFrom(valuesOf(other, path)),
  );
  const keyOf = ({ seed, parameters }: PairedRun): string => JSON.stringify([seed, paths.map((path) => parameters[path])]);
  const partners = new Map(reference.filter(({ value }) => Number.isFinite(value)).map((run) => [keyOf(run), run.value]));
  const pairs = other.flatMap((run) => {
    const before = partners.get(keyOf(run));
    return before === undefined || !Number.isFinite(run.value) ? [] : [[before, run.value] as const];
  });
  const count = (fits: (before: number, after: number) => boolean): number => pairs.filter(([before, after]) => fits(before, after)).length;
  const positive = pairs.every(([before, after]) => before > 0 && after > 0);
  const ratio = positive
    ? estimateOf(
        pairs.map(([before, after]) => after / before),
        true,
      )
    : undefined;
  return {
    pairs: pairs.length,
    ratio: ratio ?? null,
    difference:
      estimateOf(
        pairs.map(([before, after]) => after - before),
        false,
      ) ?? null,
    lower: count((before, after) => after < before),
    equal: count((before, after) => after === before),
    higher: count((before, after) => after > before),
    without: reference.length + other.length - 2 * pairs.length,
  };
}

/** Last finite value by seed, of the runs that ended without diverging. */
function lastValues(runs: readonly StudyRun[], metric: string): Map<number, number> {
  return new Map(
    runs.flatMap(({ seed, outcome, summaries }) => {
      const last = summaries[metric]?.last;
      return outcome !== null && outcome !== 'diverged' && last !== undefined && Number.isFinite(last) ? [[seed, last] as const] : [];
    }),
  );
}
