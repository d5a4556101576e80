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
  return headlineOf([...new Set(runs.flatMap(({ metrics }) => metrics))]);
}

/** The one of several metrics a table leads with. */
export function headlineOf(names: readonly string[]): string | undefined {
  return ['optimality-gap', 'squared-gradient-norm', 'gradient-norm', 'loss'].find((name) => names.includes(name)) ?? names[0];
}

/** Mean with its interval, over how many runs if not over all, and the floor of the arithmetic where it is reached. */
export function estimateText(cell: CellStatistics, metric: string): string {
  const found = estimate(cell.runs, metric);
  if (found === undefined) return '–';
  const interval = found.n > 1 ? ` [${shortNumber(found.low)}, ${shortNumber(found.high)}]` : '';
  const share = found.n < cell.runs.length ? ` (${found.n} of ${cell.runs.length})` : '';
  const floor = metric === 'optimality-gap' && found.mean < NUMERICAL_FLOOR ? ' (floor 1e-14)' : '';
  return `${shortNumber(found.mean)}${interval}${share}${floor}`;
}

/** How often each outcome occurred: "3 completed", "2 completed, 1 diverged". */
export function outcomeText(outcomes: Readonly<Record<string, number>>): string {
  return Object.entries(outcomes)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}

/** Rounds reached by the runs of a cell: one number, or the least and the most. */
export function roundsText(runs: readonly StudyRun[]): string {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const { committedRound } of runs) {
    least = Math.min(least, Math.max(0, committedRound));
    most = Math.max(most, committedRound);
  }
  return least === most ? String(most) : `${least}–${most}`;
}

/** One row per cell: parameters, outcomes over seeds, rounds, the headline metric at the end. */
export function outcomeTable(runs: readonly StudyRun[]): Table {
  const cells = cellsOf(runs);
  const paths = Object.keys(cells[0]?.parameters ?? {});
  const metric = headlineMetric(runs);
  return {
    head: [...paths, 'seeds', 'outcomes', 'rounds', ...(metric === undefined ? [] : [`${metric}, last [95 %]`])],
    rows: cells.map((cell) => [
      ...paths.map((path) => valueLabel(cell.parameters[path])),
      String(cell.runs.length),
      outcomeText(cell.outcomes),
      roundsText(cell.runs),
      ...(metric === undefined ? [] : [estimateText(cell, metric)]),
    ]),
    right: [...paths.map(() => false), true, false, true, false],
  };
}

/** Text without control characters and direction overrides. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: stripping them is the point
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ');
}

/** Aligned columns under a rule. */
export function textTable({ head, rows, right }: Table): string {
  const cells = [head, ...rows].map((row) => row.map(plain));
  const widths = head.map((_, column) => cells.reduce((most, row) => Math.max(most, [...row[column]!].length), 0));
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
  const printable = plain(text);
  const guarded = /^\s*[=+\-@]/.test(printable) ? `'${printable}` : printable;
  return /[",;]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

const latexCharacters: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  '&': '\\&',
  '%': '\\%',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedbl{}',
  '–': '--',
  '−': '$-$',
  '∞': '$\\infty$',
  '·': '$\\cdot$',
  '≤': '$\\leq$',
};

/** Text as LaTeX sets it; numbers such as 1.90e-6 become powers of ten. */
export function latexText(text: string): string {
  return [...plain(text)]
    .map((character) => latexCharacters[character] ?? character)
    .join('')
    .replace(/(?<![\w.])(-?\d(?:\.\d+)?)e(-?\d+)(?![\w.])/g, '$$$1\\cdot 10^{$2}$$');
}

/** A table for the package booktabs. */
export function latexTable({ head, rows, right }: Table): string {
  const line = (row: readonly string[]): string => {
    const set = row.map(latexText).join(' & ');
    // After \\ a bracket would be taken for an optional argument.
    return `${set.startsWith('[') || set.startsWith('*') ? '{}' : ''}${set} \\\\`;
  };
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
