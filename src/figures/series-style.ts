/**
 * How series are told apart: by colour, dash pattern and marker together, so that none of the three is needed alone.
 *
 * The colours are at least 3:1 on white and were chosen so that the first eight stay apart under simulated
 * protanopia, deuteranopia and tritanopia (least CIE76 distance 24; 6 for the usual Okabe and Ito set on white).
 */
import { type Attributes, coordinate, element, line } from './svg.ts';

interface SeriesStyle {
  readonly colour: string;
  /** The colour on a dark page. */
  readonly darkColour: string;
  readonly dash: string | undefined;
  readonly marker: 'circle' | 'square' | 'triangle' | 'diamond';
}

export const seriesStyles: readonly SeriesStyle[] = [
  { colour: '#1d65bf', darkColour: '#5b93f5', dash: undefined, marker: 'circle' },
  { colour: '#b43f16', darkColour: '#ee6a35', dash: '7 3', marker: 'square' },
  { colour: '#1da155', darkColour: '#41d983', dash: '2.5 2.5', marker: 'triangle' },
  { colour: '#a8568c', darkColour: '#d673b4', dash: '9 3 2 3', marker: 'diamond' },
  { colour: '#ce8800', darkColour: '#f5c542', dash: '4 2', marker: 'circle' },
  { colour: '#9591cb', darkColour: '#c1b6ff', dash: '1.5 2', marker: 'square' },
  { colour: '#422c42', darkColour: '#cfe9de', dash: '12 3', marker: 'triangle' },
  { colour: '#740f17', darkColour: '#b39683', dash: '6 2 1.5 2', marker: 'diamond' },
];

export function styleOf(index: number): SeriesStyle {
  return seriesStyles[index % seriesStyles.length]!;
}

/** A group whose ink is the series' colour; a page may change the colour through the class. */
export function inSeries(index: number, content: string, attributes: Attributes = {}): string {
  return element('g', { class: `series-${index % seriesStyles.length}`, color: styleOf(index).colour, ...attributes }, content);
}

/** Rules for a page with these figures in the dark. */
export function darkSeriesRules(): string {
  return seriesStyles.map(({ darkColour }, i) => `.series-${i}{color:${darkColour}}`).join('');
}

/** The series' marker around a point, in the current colour. */
export function marker(index: number, x: number, y: number, radius = 3.1): string {
  const { marker: shape } = styleOf(index);
  const ink = { fill: 'currentColor' };
  if (shape === 'circle') return element('circle', { cx: x, cy: y, r: radius, ...ink });
  if (shape === 'square') {
    const half = 0.9 * radius;
    return element('rect', { x: x - half, y: y - half, width: 2 * half, height: 2 * half, ...ink });
  }
  const r = 1.3 * radius;
  const corners =
    shape === 'triangle'
      ? [[x, y - r] as const, [x + 0.9 * r, y + 0.65 * r] as const, [x - 0.9 * r, y + 0.65 * r] as const]
      : [[x, y - r] as const, [x + r, y] as const, [x, y + r] as const, [x - r, y] as const];
  return element('polygon', { points: corners.map(([px, py]) => `${coordinate(px)},${coordinate(py)}`).join(' '), ...ink });
}

/** A cross: a run that diverged. */
export function cross(x: number, y: number, half = 4): string {
  const d = `M${coordinate(x - half)} ${coordinate(y - half)}l${2 * half} ${2 * half}m0 -${2 * half}l-${2 * half} ${2 * half}`;
  return element('path', { d, fill: 'none', stroke: 'currentColor', 'stroke-width': '1.8' });
}

/** The series' line and marker, as a key shows them. */
export function sample(index: number, x: number, y: number, length = 26): string {
  return inSeries(
    index,
    line(x, y, x + length, y, { 'stroke-width': '1.8', 'stroke-dasharray': styleOf(index).dash }) + marker(index, x + length / 2, y),
  );
}
