/** Summaries of repeated measurements: the median, and the smallest and largest beside it. */
import { median } from 'simple-statistics';

function digits(value: number): string {
  if (value >= 1000) return value.toFixed(0);
  return value >= 100 ? value.toFixed(1) : value.toPrecision(3);
}

/** "median (smallest - largest)" with a unit. */
export function spread(values: readonly number[], unit = ''): string {
  const suffix = unit === '' ? '' : ` ${unit}`;
  return `${digits(median([...values]))}${suffix} (${digits(Math.min(...values))} - ${digits(Math.max(...values))})`;
}

/** "met" or "missed", against a target that is a lower (`least`) or an upper bound. */
export function against(values: readonly number[], bound: { readonly least: number } | { readonly most: number }): string {
  const middle = median([...values]);
  return 'least' in bound
    ? `target at least ${bound.least}: ${middle >= bound.least ? 'met' : 'missed'}`
    : `target at most ${bound.most}: ${middle <= bound.most ? 'met' : 'missed'}`;
}
