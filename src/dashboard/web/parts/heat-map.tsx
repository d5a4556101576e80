/**
 * Two parameters against each other: in every cell the mean of the metric's last values over the runs that ended by
 * themselves, how many there are, and how far the others are. Cells fill while runs finish.
 */

import { useComputed } from '@preact/signals';
import { count, shortNumber } from '../state/format.ts';
import { endedByItself, hasEnded } from '../state/outcomes.ts';
import { show, shown } from '../state/route.ts';
import { filtered, type StudyTable, table, version } from '../state/study-table.ts';
import { heatAxes, joined, labelsOf, listed, metric } from '../state/view.ts';
import { inkOn, shade } from './colours.ts';
import { Scroll } from './scroll.tsx';
import { isDark, palette } from './theme.tsx';

interface HeatCell {
  runs: number;
  ended: number;
  good: number;
  sum: number;
  logs: number;
  positive: boolean;
  diverged: number;
  failed: number;
}

export interface Heat {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly cells: readonly (readonly HeatCell[])[];
  readonly low: number;
  readonly high: number;
}

export function meanOf(cell: HeatCell, logarithmic: boolean): number {
  if (cell.good === 0) return Number.NaN;
  return logarithmic && cell.positive ? 10 ** (cell.logs / cell.good) : cell.sum / cell.good;
}

export function heatOf(
  known: StudyTable,
  rows: Int32Array,
  name: string,
  logarithmic: boolean,
  rowPath: string | undefined,
  columnPath: string | undefined,
): Heat {
  const place = (path: string | undefined): { readonly labels: readonly string[]; readonly at: number } =>
    path === undefined ? { labels: ['all runs'], at: -1 } : { labels: labelsOf(path), at: known.paths.indexOf(path) };
  const [down, across] = [place(rowPath), place(columnPath)];
  const index = ({ labels, at }: typeof down): Int32Array => {
    const numbers = new Map(labels.map((label, i) => [label, i]));
    return Int32Array.from(known.cells, (cell) => (at < 0 ? 0 : numbers.get(cell[at]!)!));
  };
  const [rowOfCell, columnOfCell] = [index(down), index(across)];
  const cells = down.labels.map(() =>
    across.labels.map((): HeatCell => ({ runs: 0, ended: 0, good: 0, sum: 0, logs: 0, positive: true, diverged: 0, failed: 0 })),
  );
  const last = known.values[name]?.last;
  for (const row of rows) {
    const cell = cells[rowOfCell[known.cell[row]!]!]![columnOfCell[known.cell[row]!]!]!;
    const outcome = known.outcome[row]!;
    cell.runs++;
    if (!hasEnded(outcome)) continue;
    cell.ended++;
    if (outcome === 'diverged') cell.diverged++;
    if (outcome === 'failed' || outcome === 'quarantined') cell.failed++;
    const value = last?.[row] ?? Number.NaN;
    if (!endedByItself(outcome) || !Number.isFinite(value)) continue;
    cell.good++;
    cell.sum += value;
    if (value > 0) cell.logs += Math.log10(value);
    else cell.positive = false;
  }
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const cell of cells.flat()) {
    const mean = meanOf(cell, logarithmic);
    if (!Number.isFinite(mean)) continue;
    low = Math.min(low, mean);
    high = Math.max(high, mean);
  }
  return { rows: down.labels, columns: across.labels, cells, low, high };
}

/** Where a value lies between the best (0) and the worst (1). */
function placeOf(value: number, { low, high }: Heat, logarithmic: boolean, higherIsBetter: boolean): number {
  const [v, l, h] = logarithmic && low > 0 ? [Math.log10(value), Math.log10(low), Math.log10(high)] : [value, low, high];
  const place = h > l ? (v - l) / (h - l) : 0;
  return higherIsBetter ? 1 - place : place;
}

export function HeatMap() {
  const heat = useComputed(() => {
    const known = table.value;
    void version.value;
    const facts = metric.value;
    if (known === undefined || facts === undefined) return undefined;
    const { rows, columns } = heatAxes.value;
    return heatOf(known, filtered.value, facts.name, facts.logarithmic, rows, columns);
  });
  const known = heat.value;
  const facts = metric.value;
  void palette.value;
  if (known === undefined || facts === undefined) return null;
  const { rows: rowPath, columns: columnPath } = heatAxes.value;
  const pickedRow = rowPath === undefined ? undefined : listed(shown(`f.${rowPath}`));
  const pickedColumn = columnPath === undefined ? undefined : listed(shown(`f.${columnPath}`));
  const isPicked = (row: string, column: string): boolean =>
    (pickedRow !== undefined || pickedColumn !== undefined) &&
    (pickedRow?.length === 1 || pickedColumn?.length === 1) &&
    (pickedRow?.includes(row) ?? true) &&
    (pickedColumn?.includes(column) ?? true);
  const pick = (row: string, column: string): void => {
    const off = isPicked(row, column) && pickedRow?.length === 1;
    show({
      ...(rowPath === undefined ? {} : { [`f.${rowPath}`]: off ? undefined : joined([row]) }),
      ...(columnPath === undefined ? {} : { [`f.${columnPath}`]: off ? undefined : joined([column]) }),
    });
  };
  return (
    <div>
      <Scroll label="Heat map">
        <table class="heat">
          <caption class="visually-hidden">
            {facts.title}, mean of last values, by {rowPath ?? 'nothing'} and {columnPath ?? 'nothing'}
          </caption>
          <thead>
            <tr>
              <td style={{ background: 'none' }} />
              {known.columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {known.rows.map((row, i) => (
              <tr key={row}>
                <th scope="row">{row}</th>
                {known.columns.map((column, j) => (
                  <Cell
                    key={column}
                    cell={known.cells[i]![j]!}
                    heat={known}
                    name={`${row}, ${column}`}
                    logarithmic={facts.logarithmic}
                    higherIsBetter={facts.higherIsBetter}
                    picked={isPicked(row, column)}
                    onPick={() => pick(row, column)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ScaleKey heat={known} />
    </div>
  );
}

interface CellProps {
  readonly cell: HeatCell;
  readonly heat: Heat;
  readonly name: string;
  readonly logarithmic: boolean;
  readonly higherIsBetter: boolean;
  readonly picked: boolean;
  readonly onPick: () => void;
}

function Cell({ cell, heat, name, logarithmic, higherIsBetter, picked, onPick }: CellProps) {
  const { runs, ended, good, diverged, failed } = cell;
  if (runs === 0) return <td aria-label={`${name}: no runs`} />;
  const mean = meanOf(cell, logarithmic);
  const gone = [diverged > 0 ? `${diverged} diverged` : '', failed > 0 ? `${failed} failed` : ''].filter((text) => text !== '').join(', ');
  const colour = good > 0 ? shade(placeOf(mean, heat, logarithmic, higherIsBetter), isDark()) : undefined;
  const beside = ended < runs ? `${ended}/${runs}` : gone !== '' ? gone : `n=${good}`;
  const value = good > 0 ? shortNumber(mean) : diverged > 0 ? '✕' : failed > 0 ? '!' : ended === 0 ? '' : '–';
  const mentioned = good > 0 ? `mean over ${good} of ${count(runs, 'run')}` : `no mean of ${count(runs, 'run')}`;
  // What is seen comes first, so that the cell can be called by it.
  const told = `${value} ${beside}: ${name}; ${mentioned}, ${ended} ended${gone === '' ? '' : `, ${gone}`}`;
  return (
    <td
      class={colour === undefined ? 'pending' : ''}
      style={colour === undefined ? {} : { background: colour, color: inkOn(colour) }}
      {...(picked ? { 'data-picked': true } : {})}
    >
      <button type="button" class={gone === '' ? '' : 'bad-corner'} onClick={onPick} aria-label={told} title={told} aria-pressed={picked}>
        <b>{value}</b> <small>{beside}</small>
        {ended < runs && <span class="progress" style={{ width: `${(100 * ended) / runs}%` }} />}
      </button>
    </td>
  );
}

function ScaleKey({ heat }: { readonly heat: Heat }) {
  if (!Number.isFinite(heat.low)) return null;
  const facts = metric.value!;
  const dark = isDark();
  const steps = Array.from({ length: 24 }, (_, i) => i / 23);
  return (
    <p class="scale">
      <span>better {shortNumber(facts.higherIsBetter ? heat.high : heat.low)}</span>
      <svg viewBox="0 0 24 1" preserveAspectRatio="none" aria-hidden="true">
        {steps.map((step, i) => (
          <rect key={step} x={i} width="1.05" height="1" fill={shade(step, dark)} />
        ))}
      </svg>
      <span>{shortNumber(facts.higherIsBetter ? heat.low : heat.high)} worse</span>
    </p>
  );
}
