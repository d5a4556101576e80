/** Axes: hairlines for the ticks, labels outside, the name of the vertical axis above it, where it can be read. */
import type { Scale, Tick } from './scale.ts';
import { element, escapeText, line, text } from './svg.ts';
import { textWidth } from './text-width.ts';

/** The rectangle of a plot. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const TICK_SIZE = 11;
/** How far a label may reach beyond the plot: room for half of 10,000, so that it stands centred under the end of its axis. */
const OVERHANG = 19;
/** Room beside a plot for what its labels reach beyond it. */
export const MARGIN = OVERHANG + 2;
const muted = { fill: 'currentColor', 'fill-opacity': '0.72', 'font-size': TICK_SIZE };

/** An escaped label with its exponent raised. */
function tickText({ label, exponent }: Tick): string {
  return escapeText(label) + (exponent === undefined ? '' : raised(exponent));
}

function raised(exponent: string): string {
  return element('tspan', { dy: -4, 'font-size': 8.5 }, escapeText(exponent));
}

/** The name of an axis, escaped, with the power of ten its labels are in. */
export function axisName(name: string, { unit }: Scale): string {
  return unit === 0 ? escapeText(name) : `${escapeText(`${name} (×10`)}${raised(String(unit).replace('-', '−'))}<tspan dy="4">)</tspan>`;
}

/** Room that the labels of a vertical axis need. */
export function labelWidth({ ticks }: Scale): number {
  return Math.max(0, ...ticks.map(({ label, exponent = '' }) => textWidth(label, TICK_SIZE) + textWidth(exponent, 8.5)));
}

/** Hairlines and labels of a vertical axis. */
export function verticalAxis(y: Scale, { left, right }: Frame, labelled: boolean): string {
  return y.ticks
    .map((tick) => {
      const at = y(tick.value);
      const hair = line(left, at, right, at, { 'stroke-opacity': tick.minor ? '0.06' : '0.13' });
      return hair + (labelled && tick.label !== '' ? text(left - 7, at + 4, tickText(tick), { 'text-anchor': 'end', ...muted }) : '');
    })
    .join('');
}

/** Base line, ticks and labels of a horizontal axis; labels stay at the plot, and those that would meet are left out. */
export function horizontalAxis(x: Scale, { left, right, bottom }: Frame, labelled: boolean, hairsFrom?: number): string {
  let freeFrom = Number.NEGATIVE_INFINITY;
  const ticks = x.ticks.map((tick) => {
    const at = x(tick.value);
    const mark =
      hairsFrom === undefined
        ? line(at, bottom, at, bottom + 4, { 'stroke-opacity': '0.6' })
        : line(at, hairsFrom, at, bottom, { 'stroke-opacity': tick.minor ? '0.06' : '0.13' });
    const half = (textWidth(tick.label, TICK_SIZE) + textWidth(tick.exponent ?? '', 8.5)) / 2;
    const centre = Math.min(Math.max(at, left - OVERHANG + half), right + OVERHANG - half);
    if (!labelled || tick.label === '' || centre - half < freeFrom) return mark;
    freeFrom = centre + half + 6;
    return mark + text(centre, bottom + 17, tickText(tick), { 'text-anchor': 'middle', ...muted });
  });
  return ticks.join('') + line(left, bottom, right, bottom, { 'stroke-opacity': '0.6' });
}

/** The name of the horizontal axis, under its labels. */
export function horizontalName(name: string, x: Scale, { left, right, bottom }: Frame): string {
  return text((left + right) / 2, bottom + 36, axisName(name, x), { 'text-anchor': 'middle' });
}
