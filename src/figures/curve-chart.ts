/**
 * Curves with bands: one line per series (a cell of the study), the band from the smallest to the largest run.
 *
 * On a logarithmic axis the line is the geometric mean, values that are not positive are left out, and what lies above
 * the axis is drawn at its edge. A run that diverged ends with a cross where its curve left the finite numbers.
 */
import { linearScale, logScale, type Scale } from './scale.ts';
import { coordinate, element, escapeText, figure, marker, styleOf, text } from './svg.ts';

export interface Curve {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly diverged: boolean;
}

export interface CurveSeries {
  readonly label: string;
  /** One curve per seed. */
  readonly curves: readonly Curve[];
}

export interface CurveChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logarithmic: boolean;
  readonly series: readonly CurveSeries[];
  readonly width?: number;
  readonly height?: number;
}

interface Band {
  readonly x: number;
  readonly low: number;
  readonly centre: number;
  readonly high: number;
}

/** Points drawn per line at most. */
const MAX_POINTS = 400;

/** Centre and extremes over the seeds at each recorded point. */
export function bandOf({ curves }: CurveSeries, logarithmic: boolean): Band[] {
  const length = Math.max(0, ...curves.map(({ x }) => x.length));
  const stride = Math.max(1, Math.ceil(length / MAX_POINTS));
  const band: Band[] = [];
  for (let i = 0; i < length; i += i + stride < length || i === length - 1 ? stride : length - 1 - i) {
    const at = curves.filter(({ x }) => i < x.length);
    const values = at.map(({ y }) => y[i]!).filter((value) => Number.isFinite(value) && (!logarithmic || value > 0));
    if (values.length === 0) continue;
    const centre = logarithmic
      ? 10 ** (values.reduce((sum, value) => sum + Math.log10(value), 0) / values.length)
      : values.reduce((sum, value) => sum + value, 0) / values.length;
    band.push({ x: at.reduce((sum, { x }) => sum + x[i]!, 0) / at.length, low: Math.min(...values), centre, high: Math.max(...values) });
  }
  return band;
}

/** The vertical extent: all bands, but a diverging run may not flatten the others (at most four decades above the start). */
function extent(bands: readonly (readonly Band[])[], logarithmic: boolean): [number, number] {
  const all = bands.flat();
  if (all.length === 0) return logarithmic ? [0.1, 1] : [0, 1];
  const low = all.reduce((least, band) => Math.min(least, band.low), Number.POSITIVE_INFINITY);
  const high = all.reduce((most, band) => Math.max(most, band.high), Number.NEGATIVE_INFINITY);
  const start = Math.max(...bands.map((band) => band[0]?.high ?? Number.NEGATIVE_INFINITY));
  const cap = logarithmic ? start * 1e4 : start + 10 * Math.abs(start);
  return [low, start > 0 ? Math.min(high, Math.max(cap, low)) : high];
}

export function curveChart({ title, xLabel, yLabel, logarithmic, series, width = 640, height = 400 }: CurveChart): string {
  const bands = series.map((one) => bandOf(one, logarithmic));
  const legendRows = Math.ceil(series.length / 2);
  const frame = { left: 66, right: width - 18, top: 14, bottom: height - 52 - 18 * legendRows };
  const [low, high] = extent(bands, logarithmic);
  const y = logarithmic ? logScale(low, high, frame.bottom, frame.top) : linearScale(low, high, frame.bottom, frame.top);
  const xs = bands.flat().map((band) => band.x);
  const x = linearScale(0, Math.max(1, ...xs), frame.left, frame.right);
  const inside = (value: number): number => Math.min(Math.max(y(value), frame.top), frame.bottom);

  const drawn = bands.map((band, index) => {
    const { colour, dash, marker: shape } = styleOf(index);
    const path = (points: readonly (readonly [number, number])[]): string =>
      points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${coordinate(px)} ${coordinate(py)}`).join('');
    const area = [
      ...band.map((at) => [x(at.x), inside(at.high)] as const),
      ...[...band].reverse().map((at) => [x(at.x), inside(at.low)] as const),
    ];
    const line = band.map((at) => [x(at.x), inside(at.centre)] as const);
    const every = Math.max(1, Math.floor(line.length / 6));
    const offset = Math.floor((every * (index % 4)) / 4);
    const markers = line.filter((_, i) => i % every === offset).map(([px, py]) => marker(shape, px, py, colour));
    const crosses = series[index]!.curves.filter(({ diverged }) => diverged).map((curve) => cross(lastFinite(curve), x, inside, colour));
    return [
      area.length > 2 ? element('path', { d: `${path(area)}Z`, fill: colour, 'fill-opacity': '0.16', stroke: 'none' }) : '',
      line.length > 1
        ? element('path', {
            d: path(line),
            fill: 'none',
            stroke: colour,
            'stroke-width': '1.8',
            'stroke-linejoin': 'round',
            'stroke-dasharray': dash === '' ? undefined : dash,
          })
        : '',
      ...markers,
      ...crosses,
    ].join('');
  });
  const description = `${yLabel} against ${xLabel}, ${logarithmic ? 'logarithmic' : 'linear'} vertical axis; ${series.length} series: ${series.map(({ label, curves }) => `${label} (${curves.length} runs)`).join('; ')}.`;
  return figure(
    width,
    height,
    title,
    description,
    axes(x, y, frame, xLabel, yLabel) + drawn.join('') + legend(series, frame.left, frame.bottom + 52, width),
  );
}

interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Axes with ticks outside and hairlines inside. */
export function axes(x: Scale, y: Scale, { left, right, top, bottom }: Frame, xLabel: string, yLabel: string): string {
  const muted = { fill: 'currentColor', 'fill-opacity': '0.75' };
  const horizontal = y.ticks.map(({ value, label, minor }) => {
    const at = y(value);
    const rule = element('line', {
      x1: left,
      y1: at,
      x2: right,
      y2: at,
      stroke: 'currentColor',
      'stroke-opacity': minor ? '0.05' : '0.11',
      'stroke-width': '1',
    });
    return rule + (label === '' ? '' : text(left - 8, at + 4, escapeText(label), { 'text-anchor': 'end', ...muted }));
  });
  const vertical = x.ticks.map(({ value, label }) => {
    const at = x(value);
    return (
      element('line', { x1: at, y1: bottom, x2: at, y2: bottom + 4, stroke: 'currentColor', 'stroke-opacity': '0.6' }) +
      text(at, bottom + 18, escapeText(label), { 'text-anchor': 'middle', ...muted })
    );
  });
  return [
    ...horizontal,
    ...vertical,
    element('line', { x1: left, y1: bottom, x2: right, y2: bottom, stroke: 'currentColor', 'stroke-opacity': '0.6' }),
    text((left + right) / 2, bottom + 36, escapeText(xLabel), { 'text-anchor': 'middle' }),
    element(
      'text',
      { transform: `translate(16 ${coordinate((top + bottom) / 2)}) rotate(-90)`, 'text-anchor': 'middle' },
      escapeText(yLabel),
    ),
  ].join('');
}

/** A legend in two columns under the chart: colour, dash and marker of each series. */
export function legend(series: readonly { readonly label: string }[], left: number, top: number, width: number): string {
  const column = (width - left - 18) / 2;
  const room = Math.floor((column - 40) / 6.4);
  return series
    .map(({ label }, index) => {
      const { colour, dash, marker: shape } = styleOf(index);
      const px = left + (index % 2) * column;
      const py = top + Math.floor(index / 2) * 18;
      const short = label.length > room ? `${label.slice(0, room - 1)}…` : label;
      return (
        element('line', {
          x1: px,
          y1: py,
          x2: px + 26,
          y2: py,
          stroke: colour,
          'stroke-width': '1.8',
          'stroke-dasharray': dash === '' ? undefined : dash,
        }) +
        marker(shape, px + 13, py, colour) +
        text(px + 34, py + 4, escapeText(short))
      );
    })
    .join('');
}

/** The last finite point of a diverged curve. */
function lastFinite({ x, y }: Curve): { x: number; y: number } | undefined {
  for (let i = y.length - 1; i >= 0; i--) if (Number.isFinite(y[i]!) && y[i]! > 0) return { x: x[i]!, y: y[i]! };
  return undefined;
}

function cross(at: { x: number; y: number } | undefined, x: Scale, inside: (value: number) => number, colour: string): string {
  if (at === undefined) return '';
  const [px, py] = [x(at.x), inside(at.y)];
  return element('path', {
    d: `M${coordinate(px - 5)} ${coordinate(py - 5)}l10 10m0 -10l-10 10`,
    fill: 'none',
    stroke: colour,
    'stroke-width': '2.2',
  });
}
