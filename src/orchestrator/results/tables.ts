/** Result tables: for terminals, as CSV and as LaTeX. Text from studies is stripped of control characters. */
import type { StudyRun } from '../../shared/contracts/ledger.ts';
import { type CellStatistics, cellsOf, estimate, NUMERICAL_FLOOR, valueLabel } from './statistics.ts';

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of numbers are aligned to the right. */
  readonly right: readonly boolean[];
}

/** Four significant digits at most; exponents for the very large and small. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e5 || magnitude < 1e-3) return value.toExponential(2).replace('e+', 'e');
  return String(Number(value.toPrecision(4)));
}

/** The metric a table leads with. */
export function headlineMetric(runs: readonly StudyRun[]): string | undefined {
  const names = new Set(runs.flatMap(({ metrics }) => metrics));
  return ['optimality-gap', 'squared-gradient-norm', 'gradient-norm', 'loss'].find((name) => names.has(name)) ?? [...names][0];
}

/** Mean with its interval, and the floor of the arithmetic where it is reached. */
function estimateText(cell: CellStatistics, metric: string): string {
  const found = estimate(cell.runs, metric);
  if (found === undefined) return '–';
  const interval = found.n > 1 ? ` [${shortNumber(found.low)}, ${shortNumber(found.high)}]` : '';
  const floor = metric === 'optimality-gap' && found.mean < NUMERICAL_FLOOR ? ' (floor 1e-14)' : '';
  return `${shortNumber(found.mean)}${interval}${floor}`;
}

/** How often each outcome occurred: "3 completed", "2 completed, 1 diverged". */
export function outcomeText(outcomes: Readonly<Record<string, number>>): string {
  return Object.entries(outcomes)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}

/** One row per cell: parameters, outcomes over seeds, the headline metric at the start and at the end. */
export function outcomeTable(runs: readonly StudyRun[]): Table {
  const cells = cellsOf(runs);
  const paths = Object.keys(cells[0]?.parameters ?? {});
  const metric = headlineMetric(runs);
  const rounds = (cell: CellStatistics): string => {
    const reached = cell.runs.map(({ committedRound }) => Math.max(0, committedRound));
    const [least, most] = [Math.min(...reached), Math.max(...reached)];
    return least === most ? String(most) : `${least}–${most}`;
  };
  return {
    head: [...paths, 'seeds', 'outcomes', 'rounds', ...(metric === undefined ? [] : [`${metric}, last [95 %]`])],
    rows: cells.map((cell) => [
      ...paths.map((path) => valueLabel(cell.parameters[path])),
      String(cell.runs.length),
      outcomeText(cell.outcomes),
      rounds(cell),
      ...(metric === undefined ? [] : [estimateText(cell, metric)]),
    ]),
    right: [...paths.map(() => false), true, false, true, false],
  };
}

/** Text without control characters. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: stripping them is the point
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

/** Aligned columns under a rule. */
export function textTable({ head, rows, right }: Table): string {
  const cells = [head, ...rows].map((row) => row.map(plain));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => [...row[column]!].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const space = ' '.repeat(widths[column]! - [...cell].length);
        return right[column] === true ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [line(cells[0]!), widths.map((width) => '─'.repeat(width)).join('──'), ...cells.slice(1).map(line)].join('\n');
}

/** A cell of a CSV file; text that a spreadsheet would take for a formula is led by an apostrophe. */
export function csvText(text: string): string {
  const guarded = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

export function latexTable({ head, rows, right }: Table): string {
  const escape = (text: string): string =>
    plain(text)
      .replace(/[\\{}]/g, ' ')
      .replace(/[&%$#_]/g, '\\$&')
      .replace(/[~^]/g, ' ')
      .replaceAll('–', '--')
      .replaceAll('∞', '$\\infty$');
  const line = (row: readonly string[]): string => `${row.map(escape).join(' & ')} \\\\`;
  return [
    `\\begin{tabular}{${right.map((isRight) => (isRight ? 'r' : 'l')).join('')}}`,
    '\\toprule',
    line(head),
    '\\midrule',
    ...rows.map(line),
    '\\bottomrule',
    '\\end{tabular}',
  ].join('\n');
}
