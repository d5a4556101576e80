/**
 * Curves with bands, in one panel or in several that share their axes: the line is the mean over the runs of a cell,
 * the band reaches from the smallest to the largest run.
 *
 * Nothing is left out in silence. On a logarithmic axis what is not positive stands on a line of its own at the bottom;
 * what lies above the axis is drawn at its edge; a run that diverged ends with a cross; where some runs of a cell have
 * ended, the line goes on thinner over the others. What a loss cannot resolve is shaded.
 */
import { axisName, type Frame, horizontalAxis, horizontalName, labelWidth, MARGIN, verticalAxis } from './axes.ts';
import { cutLabel, endLabels, type KeyEntry, key, labelLines } from './key.ts';
import { linearScale, logScale, type Scale } from './scale.ts';
import { cross, inSeries, marker, styleOf } from './series-style.ts';
import { element, figure, line, type Point, pathThrough, text } from './svg.ts';
import { textWidth } from './text-width.ts';

export interface CurvePoint {
  readonly x: number;
  readonly low: number;
  readonly centre: number;
  readonly high: number;
  /** Some runs of the cell had ended before this point. */
  readonly partial: boolean;
}

/** Where a run ended before its last round. */
export interface CurveEnd {
  readonly x: number;
  readonly y: number;
  readonly diverged: boolean;
}

export interface Curve {
  readonly label: string;
  readonly style: number;
  readonly points: readonly CurvePoint[];
  readonly ends: readonly CurveEnd[];
}

export interface CurvePanel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

export interface CurveChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logarithmic: boolean;
  /** Values below this are rounding. */
  readonly floor?: number | undefined;
  readonly panels: readonly CurvePanel[];
  /** Where the horizontal axis ends; it begins at 0. */
  readonly reach: number;
  /** Half as high: a figure beside the main one. */
  readonly low?: boolean;
  readonly width?: number;
}

/** Room between panels, and of the labels under a panel. */
const GAP = MARGIN + 10;
const UNDER = 24;
const TITLE_SIZE = 11.5;
const TITLE_LINE = 14;
/** Height of the line for values that are not positive. */
const ZERO_STRIP = 20;
/** A diverging run may not flatten the others: it is cut this far above its start, farther where there are no others. */
const DIVERGED_DECADES = 4;
const LONE_DIVERGED_DECADES = 12;

export function curveChart({ title, xLabel, yLabel, logarithmic, floor, panels, reach, low = false, width = 720 }: CurveChart): string {
  const curves = panels.flatMap((panel) => panel.curves);
  const entries = keyOf(curves);
  const columns = columnsFor(panels, width);
  const rows = Math.ceil(panels.length / columns);
  const extent = extentOf(curves, logarithmic, floor);
  const y0 = verticalScale(extent, logarithmic, 1, 0, 8);
  const left = Math.max(34, widestLabels(extent, logarithmic) + 10);
  const direct = panels.length === 1 ? endLabelRoom(entries, width - left) : 0;
  const keyed = direct === 0 ? key(entries, 2, 4, width - 8) : { svg: '', height: 0 };
  const margin = direct === 0 ? MARGIN : 8;
  const panelWidth = (width - left - margin - direct - GAP * (columns - 1)) / columns;
  const panelHeight =
    panels.length === 1 ? Math.max(low ? 150 : 220, (low ? 0.28 : 0.46) * width) : Math.max(104, (low ? 0.5 : 0.66) * panelWidth);
  const titles = panels.map((panel) => (panels.length > 1 ? labelLines(panel.title, 0.97 * panelWidth, TITLE_SIZE) : []));
  const top = keyed.height + (keyed.height === 0 ? 26 : 32);
  const lines = Math.max(0, ...titles.map((title) => title.length));
  const headroom = lines === 0 ? 0 : 3 + TITLE_LINE * lines;
  const pitch = panelHeight + headroom + UNDER;

  const drawn = panels.map((panel, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const frame: Frame = {
      left: left + column * (panelWidth + GAP),
      right: left + column * (panelWidth + GAP) + panelWidth,
      top: top + row * pitch + headroom,
      bottom: top + row * pitch + headroom + panelHeight,
    };
    const x = linearScale(0, reach || 1, frame.left, frame.right, Math.max(1, Math.floor(panelWidth / 80)), 'exact');
    const y = plotScale(extent, logarithmic, frame);
    const lowest = i + columns >= panels.length;
    return [
      ...titles[i]!.map((title, row, { length }) => titleLine(title, frame, length - 1 - row)),
      floorShade(y, logarithmic ? floor : undefined, frame, panels.length === 1),
      verticalAxis(y.scale, frame, column === 0),
      zeroAxis(y, frame, column === 0),
      horizontalAxis(x, frame, lowest),
      ...panel.curves.map((curve) => curveIn(curve, x, y, frame)),
      panel.curves.every(({ points }) => points.length === 0)
        ? text((frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2, 'no value was recorded', {
            'text-anchor': 'middle',
            'fill-opacity': '0.7',
          })
        : '',
      direct === 0 ? '' : endLabels(endsOf(panel.curves, y), frame.right, frame),
    ].join('');
  });
  const bottom = top + (rows - 1) * pitch + headroom + panelHeight;
  const whole: Frame = { left, right: width - margin - direct, top, bottom };
  const x = linearScale(0, reach || 1, whole.left, whole.right, 5, 'exact');
  return figure(
    width,
    bottom + 44,
    title,
    descriptionOf(panels, xLabel, yLabel, logarithmic),
    keyed.svg + text(2, top - 12, axisName(yLabel, y0)) + drawn.join('') + horizontalName(xLabel, x, whole),
  );
}

/** A line of a panel's title, so many lines above its plot. */
function titleLine(title: string, { left, right, top }: Frame, above: number): string {
  const content = cutLabel(title, 0.97 * (right - left), TITLE_SIZE);
  return text(left, top - 7 - TITLE_LINE * above, content, { 'font-size': TITLE_SIZE, 'font-weight': 600 });
}

/** Each series once, in the order of its first panel. */
function keyOf(curves: readonly Curve[]): KeyEntry[] {
  const seen = new Map<string, KeyEntry>();
  for (const { label, style } of curves) if (label !== '' && !seen.has(label)) seen.set(label, { label, style });
  return [...seen.values()];
}

function columnsFor(panels: readonly CurvePanel[], width: number): number {
  const count = panels.length;
  const wide = panels.some(({ title }) => textWidth(title, TITLE_SIZE) > 0.22 * width);
  const wanted = count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 || wide ? 3 : 4;
  return Math.min(width >= 600 ? 4 : 2, wanted);
}

/** Room for labels at the ends of the lines; 0 when a key says it better. */
function endLabelRoom(entries: readonly KeyEntry[], width: number): number {
  const room = 26 + Math.max(0, ...entries.map(({ label }) => textWidth(label, 12)));
  return entries.length > 0 && entries.length <= 8 && room <= 0.32 * width ? room : 0;
}

interface Extent {
  readonly low: number;
  readonly high: number;
  /** Something on a logarithmic axis is not positive. */
  readonly zeros: boolean;
}

function extentOf(curves: readonly Curve[], logarithmic: boolean, floor: number | undefined): Extent {
  let [low, high, zeros] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false];
  const everyDiverged = curves.every(({ ends }) => ends.some((end) => end.diverged));
  const decades = everyDiverged ? LONE_DIVERGED_DECADES : DIVERGED_DECADES;
  for (const { points, ends } of curves) {
    const start = points.find(({ centre }) => Number.isFinite(centre))?.centre ?? 0;
    const diverged = ends.some((end) => end.diverged);
    const cap = !diverged ? Number.MAX_VALUE : logarithmic ? Math.abs(start) * 10 ** decades : start + 10 * Math.abs(start);
    for (const point of points) {
      for (const value of [point.low, point.centre, point.high]) {
        if (!Number.isFinite(value)) continue;
        if (logarithmic && value <= 0) {
          zeros = true;
          continue;
        }
        low = Math.min(low, value);
        high = Math.max(high, Math.min(value, cap));
      }
    }
  }
  if (low === Number.POSITIVE_INFINITY) [low, high] = logarithmic ? [0.1, 1] : [0, 1];
  if (high < low) high = low;
  // Two decades of rounding say as much as ten.
  if (logarithmic && floor !== undefined) low = Math.max(low, floor / 100);
  return { low, high: Math.max(high, low), zeros };
}

function verticalScale({ low, high }: Extent, logarithmic: boolean, from: number, to: number, room: number): Scale {
  return logarithmic
    ? logScale(low, high, from, to, room)
    : linearScale(low > 0 && low < 0.4 * high ? 0 : low, high, from, to, Math.min(5, Math.ceil(room / 2)));
}

/** Room that the labels of an extent may need, however high the plot will be and however many labels it will have. */
function widestLabels(extent: Extent, logarithmic: boolean): number {
  return [2, 4, 6, 8, 10, 12, 14].reduce((most, room) => Math.max(most, labelWidth(verticalScale(extent, logarithmic, 1, 0, room))), 0);
}

/** Where values stand in a panel. */
interface PlotScale {
  readonly scale: Scale;
  /** Undefined for NaN. */
  readonly at: (value: number) => number | undefined;
  /** The line of values that are not positive, if there are any. */
  readonly zero: number | undefined;
}

function plotScale(extent: Extent, logarithmic: boolean, { top, bottom }: Frame): PlotScale {
  const zero = extent.zeros ? bottom - 6 : undefined;
  const base = extent.zeros ? bottom - ZERO_STRIP : bottom;
  const scale = verticalScale(extent, logarithmic, base, top, Math.max(2, Math.floor((base - top) / 26)));
  const at = (value: number): number | undefined => {
    if (Number.isNaN(value)) return undefined;
    if (logarithmic && value <= 0) return zero ?? bottom;
    return Math.min(Math.max(scale(value), top), base);
  };
  return { scale, at, zero };
}

/** The line for what is not positive, set apart by a broken rule. */
function zeroAxis({ zero }: PlotScale, { left, right, bottom }: Frame, labelled: boolean): string {
  if (zero === undefined) return '';
  const rule = line(left, bottom - ZERO_STRIP + 4, right, bottom - ZERO_STRIP + 4, { 'stroke-opacity': '0.35', 'stroke-dasharray': '2 3' });
  return rule + (labelled ? text(left - 7, zero + 4, '≤ 0', { 'text-anchor': 'end', 'font-size': 11, 'fill-opacity': '0.72' }) : '');
}

function floorShade(
  { scale }: PlotScale,
  floor: number | undefined,
  { left, right, top: highest, bottom }: Frame,
  labelled: boolean,
): string {
  if (floor === undefined || scale.domain[0] >= floor) return '';
  const top = Math.max(scale(floor), highest);
  const shade = element('rect', {
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
    fill: 'currentColor',
    'fill-opacity': '0.06',
  });
  const fits = labelled && bottom - top > 18 && right - left > 190;
  const label = fits ? text(left + 6, top + 13, 'below the resolution of the loss', { 'font-size': 10.5, 'fill-opacity': '0.65' }) : '';
  return shade + label;
}

function curveIn({ style, points, ends }: Curve, x: Scale, y: PlotScale, frame: Frame): string {
  // What some runs have left begins anew: a mean over others is not connected with the mean over all.
  const split = points.findIndex(({ partial }) => partial);
  const parts = split < 0 ? [points] : [points.slice(0, split), points.slice(split)];
  const centres: Point[] = [];
  const drawn = parts.map((part, i) => {
    const line: Point[] = [];
    const [above, below]: [Point[], Point[]] = [[], []];
    for (const point of part) {
      const px = x(point.x);
      const [low, centre, high] = [y.at(point.low), y.at(point.centre), y.at(point.high)];
      if (centre !== undefined) line.push([px, centre]);
      if (low === undefined || high === undefined) continue;
      above.push([px, high]);
      below.push([px, low]);
    }
    centres.push(...line);
    return bandPath(above, below) + linePath(line, style, i === 0 && split !== 0);
  });
  return inSeries(style, [...drawn, ...markersAlong(centres, style, frame), ...ends.map((end) => endMark(end, x, y))].join(''));
}

/** The area between the smallest and the largest run, where it can be seen. */
function bandPath(above: readonly Point[], below: readonly Point[]): string {
  if (!above.some(([, high], i) => below[i]![1] - high > 0.8)) return '';
  return element('path', { d: `${pathThrough([...above, ...[...below].reverse()])}z`, fill: 'currentColor', 'fill-opacity': '0.15' });
}

function linePath(points: readonly Point[], style: number, whole: boolean): string {
  if (points.length < 2) return '';
  return element('path', {
    d: pathThrough(points),
    'stroke-width': whole ? '1.8' : '1',
    'stroke-opacity': whole ? undefined : '0.75',
    fill: 'none',
    stroke: 'currentColor',
    'stroke-linejoin': 'round',
    'stroke-dasharray': styleOf(style).dash,
  });
}

/** A few markers along a line, at other places for each series. */
function markersAlong(points: readonly Point[], style: number, { left, right }: Frame): string[] {
  if (points.length === 0) return [];
  const count = Math.max(2, Math.min(6, Math.round((right - left) / 90)));
  const wanted = Array.from({ length: count }, (_, i) => left + ((i + 0.25 + 0.13 * (style % 5)) * (right - left)) / count);
  const nearest = wanted.map((at) => points.reduce((best, point) => (Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best)));
  const radius = right - left < 260 ? 2.4 : 3.1;
  return [...new Set(nearest)].map(([px, py]) => marker(style, px, py, radius));
}

function endMark({ x: round, y: value, diverged }: CurveEnd, x: Scale, y: PlotScale): string {
  const py = y.at(value);
  if (py === undefined) return '';
  const px = x(round);
  return diverged
    ? cross(px, py)
    : element('circle', { cx: px, cy: py, r: 3.4, fill: 'none', stroke: 'currentColor', 'stroke-width': '1.4' });
}

/** Where the lines of a panel end, for their labels. */
function endsOf(curves: readonly Curve[], y: PlotScale): (KeyEntry & { readonly y: number })[] {
  return curves.flatMap(({ label, style, points }) => {
    const last = points.findLast(({ centre }) => !Number.isNaN(centre));
    const at = last === undefined ? undefined : y.at(last.centre);
    return at === undefined ? [] : [{ label, style, y: at }];
  });
}

function descriptionOf(panels: readonly CurvePanel[], xLabel: string, yLabel: string, logarithmic: boolean): string {
  const written = (value: number | undefined): string => (value === undefined ? 'nothing' : value.toPrecision(3));
  const said = panels.flatMap(({ title, curves }) =>
    curves.map(({ label, points, ends }) => {
      const diverged = ends.filter((end) => end.diverged).length;
      const name = [title, label].filter((part) => part !== '').join(', ') || 'all runs';
      return `${name}: from ${written(points[0]?.centre)} to ${written(points.at(-1)?.centre)}${diverged > 0 ? `, ${diverged} diverged` : ''}`;
    }),
  );
  const shown = said.slice(0, 40);
  const more = said.length > shown.length ? `; and ${said.length - shown.length} more` : '';
  return `${yLabel} against ${xLabel}, ${logarithmic ? 'logarithmic' : 'linear'} vertical axis. ${shown.join('; ')}${more}.`;
}
