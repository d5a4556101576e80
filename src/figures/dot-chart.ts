/** Last values per cell: one row a cell, one dot a run, the mean as a bar; diverged runs are crosses at the edge. */
import { linearScale, logScale } from './scale.ts';
import { coordinate, element, escapeText, figure, marker, styleOf, text } from './svg.ts';

export interface DotRow {
  readonly label: string;
  /** Last values of runs that ended with finite numbers. */
  readonly values: readonly number[];
  readonly mean: number | undefined;
  readonly diverged: number;
}

export function dotChart({
  title,
  xLabel,
  logarithmic,
  rows,
  width = 640,
}: {
  readonly title: string;
  readonly xLabel: string;
  readonly logarithmic: boolean;
  readonly rows: readonly DotRow[];
  readonly width?: number;
}): string {
  const longest = Math.max(8, ...rows.map(({ label }) => label.length));
  const left = Math.min(280, 20 + 6.4 * longest);
  const room = Math.floor((left - 20) / 6.4);
  const right = width - 30;
  const top = 12;
  const bottom = top + 26 * rows.length + 6;
  const values = rows.flatMap((row) => row.values).filter((value) => Number.isFinite(value) && (!logarithmic || value > 0));
  const [low, high] = values.length === 0 ? [0.1, 1] : [Math.min(...values), Math.max(...values)];
  const x = logarithmic ? logScale(low, high, left, right) : linearScale(low, high, left, right);
  const ticks = x.ticks.map(({ value, label, minor }) => {
    const at = x(value);
    return (
      element('line', { x1: at, y1: top, x2: at, y2: bottom, stroke: 'currentColor', 'stroke-opacity': minor ? '0.05' : '0.11' }) +
      (label === '' ? '' : text(at, bottom + 16, escapeText(label), { 'text-anchor': 'middle', 'fill-opacity': '0.75' }))
    );
  });
  const drawn = rows.map((row, index) => {
    const y = top + 26 * index + 16;
    const { colour, marker: shape } = styleOf(index);
    const short = row.label.length > room ? `${row.label.slice(0, room - 1)}…` : row.label;
    const dots = row.values
      .filter((value) => Number.isFinite(value) && (!logarithmic || value > 0))
      .map((value) => marker(shape, x(value), y, colour));
    const bar =
      row.mean === undefined || (logarithmic && !(row.mean > 0))
        ? ''
        : element('line', { x1: x(row.mean), y1: y - 9, x2: x(row.mean), y2: y + 9, stroke: colour, 'stroke-width': '2.4' });
    const crosses = Array.from({ length: row.diverged }, (_, i) =>
      element('path', {
        d: `M${coordinate(right + 6 - 12 * i)} ${coordinate(y - 4)}l8 8m0 -8l-8 8`,
        fill: 'none',
        stroke: colour,
        'stroke-width': '2',
      }),
    );
    return text(left - 10, y + 4, escapeText(short), { 'text-anchor': 'end' }) + dots.join('') + bar + crosses.join('');
  });
  const description = `${xLabel} at the end of each run: ${rows.map(({ label, mean, diverged }) => `${label}: mean ${mean === undefined ? 'none' : mean.toExponential(2)}${diverged > 0 ? `, ${diverged} diverged` : ''}`).join('; ')}.`;
  return figure(
    width,
    bottom + 44,
    title,
    description,
    ticks.join('') +
      element('line', { x1: left, y1: bottom, x2: right, y2: bottom, stroke: 'currentColor', 'stroke-opacity': '0.6' }) +
      text((left + right) / 2, bottom + 36, escapeText(xLabel), { 'text-anchor': 'middle' }) +
      drawn.join(''),
  );
}
