/**
 * Where runs ended: a row per cell, a faint dot per run, the mean with its interval in front, and a count of runs that
 * diverged, which have no place on the axis.
 */
import { axisName, type Frame, horizontalAxis, MARGIN } from './axes.ts';
import { cutLabel } from './key.ts';
import { linearScale, logScale, type Scale } from './scale.ts';
import { cross, inSeries, marker } from './series-style.ts';
import { element, figure, line, text } from './svg.ts';
import { textWidth } from './text-width.ts';

export interface DotRow {
  readonly label: string;
  readonly style: number;
  /** Last values of the runs that ended by themselves. */
  readonly values: readonly number[];
  readonly mean: number | undefined;
  /** The interval of the mean; NaN where there is none. */
  readonly low: number;
  readonly high: number;
  readonly diverged: number;
}

/** Room for values that are not positive, left of a logarithmic axis. */
const ZERO_STRIP = 46;

export function dotChart({
  title,
  xLabel,
  logarithmic,
  rows,
  width = 720,
}: {
  readonly title: string;
  readonly xLabel: string;
  readonly logarithmic: boolean;
  readonly rows: readonly DotRow[];
  readonly width?: number;
}): string {
  const widest = Math.max(40, ...rows.map(({ label }) => textWidth(label, 12)));
  // Long labels stand above their rows, or are cut where there are many rows.
  const beside = widest <= 0.42 * width || (rows.length > 12 && width >= 600);
  const longest = Math.min(widest, 0.5 * width);
  const rowHeight = beside ? (rows.length > 24 ? 19 : 25) : 40;
  const lostText = ({ diverged }: DotRow): string => `${diverged} diverged`;
  const lostWidth = Math.max(0, ...rows.map((row) => (row.diverged > 0 ? textWidth(lostText(row), 11) + 28 : 0)));
  const left = beside ? longest + 16 : MARGIN;
  const right = width - Math.max(MARGIN, lostWidth);
  const top = 10;
  const bottom = top + rowHeight * rows.length + 4;
  const frame: Frame = { left, right, top, bottom };
  const finite = rows.flatMap(({ values, mean, low, high }) => [...values, mean ?? Number.NaN, low, high]).filter(Number.isFinite);
  const usable = logarithmic ? finite.filter((value) => value > 0) : finite;
  const zeros = usable.length < finite.length;
  const [low, high] = usable.length === 0 ? [logarithmic ? 0.1 : 0, 1] : [smallest(usable), largest(usable)];
  const start = zeros ? left + ZERO_STRIP : left;
  const room = Math.max(2, Math.floor((right - start) / 52));
  const x: Scale = logarithmic ? logScale(low, high, start, right, room) : linearScale(low, high, start, right, room);
  const at = (value: number): number => (logarithmic && value <= 0 ? left + 10 : Math.min(Math.max(x(value), start), right));

  const drawn = rows.map((row, index) => {
    const y = top + rowHeight * index + (beside ? rowHeight / 2 + 2 : 27);
    const label = beside
      ? text(left - 12, y + 4, cutLabel(row.label, longest), { 'text-anchor': 'end' })
      : text(2, y - 12, cutLabel(row.label, width - 6));
    const interval = [row.low, row.high].every(Number.isFinite)
      ? line(at(row.low), y, at(row.high), y, { 'stroke-width': '1.6', 'stroke-linecap': 'round' })
      : '';
    const dots = row.values
      .filter(Number.isFinite)
      .map((value) => element('g', { 'fill-opacity': '0.4' }, marker(row.style, at(value), y)));
    const mean =
      row.mean === undefined || !Number.isFinite(row.mean)
        ? ''
        : line(at(row.mean), y - 7, at(row.mean), y + 7, { 'stroke-width': '2.4', 'stroke-linecap': 'round' });
    const hairs = beside ? '' : x.ticks.map(({ value }) => line(x(value), y - 8, x(value), y + 8, { 'stroke-opacity': '0.13' })).join('');
    const lost =
      row.diverged === 0
        ? ''
        : cross(right + 16, y, 3.4) + text(right + 24, y + 4, lostText(row), { fill: 'currentColor', 'font-size': 11 });
    return hairs + label + inSeries(row.style, interval + dots.join('') + mean + lost);
  });
  const zeroLine = zeros
    ? line(left + ZERO_STRIP - 8, top, left + ZERO_STRIP - 8, bottom, { 'stroke-opacity': '0.35', 'stroke-dasharray': '2 3' }) +
      text(left + 10, bottom + 17, '≤ 0', { 'text-anchor': 'middle', 'font-size': 11, 'fill-opacity': '0.72' })
    : '';
  return figure(
    width,
    bottom + 44,
    title,
    descriptionOf(rows, xLabel),
    horizontalAxis(x, frame, true, beside ? top : undefined) +
      zeroLine +
      text((start + right) / 2, bottom + 36, axisName(xLabel, x), { 'text-anchor': 'middle' }) +
      drawn.join(''),
  );
}

/** Spreading thousands of values over the parameters of Math.min would overflow the stack. */
function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value));
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value));
}

function descriptionOf(rows: readonly DotRow[], xLabel: string): string {
  const said = rows
    .slice(0, 40)
    .map(
      ({ label, mean, diverged }) =>
        `${label}: mean ${mean === undefined ? 'none' : mean.toPrecision(3)}${diverged > 0 ? `, ${diverged} diverged` : ''}`,
    );
  return `${xLabel}. ${said.join('; ')}${rows.length > 40 ? `; and ${rows.length - 40} more` : ''}.`;
}
