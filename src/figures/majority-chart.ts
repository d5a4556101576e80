/** Rounds with a byzantine majority in the cohort: observed frequency per run against the probability with three standard errors. */
import { axes, legend } from './curve-chart.ts';
import { linearScale } from './scale.ts';
import { coordinate, element, figure, styleOf } from './svg.ts';

export interface MajoritySeries {
  readonly label: string;
  /** Recorded rounds and the count of majority rounds so far, one pair per run. */
  readonly runs: readonly { readonly rounds: ArrayLike<number>; readonly count: ArrayLike<number> }[];
  /** Probability of a strict majority; undefined where the cohort's distribution is not known in closed form. */
  readonly probability: number | undefined;
}

export function majorityChart({
  title,
  series,
  width = 640,
  height = 330,
}: {
  readonly title: string;
  readonly series: readonly MajoritySeries[];
  readonly width?: number;
  readonly height?: number;
}): string {
  const legendRows = Math.ceil(series.length / 2);
  const frame = { left: 66, right: width - 18, top: 14, bottom: height - 52 - 18 * legendRows };
  const last = Math.max(1, ...series.flatMap(({ runs }) => runs.map(({ rounds }) => rounds[rounds.length - 1] ?? 1)));
  // Early frequencies of few rounds say nothing and would set the scale.
  const shown = series.map(({ runs }) =>
    runs.map(({ rounds, count }) => Array.from(rounds, (k, i) => [k, count[i]! / k] as const).filter(([k]) => k >= last / 50)),
  );
  const highest = Math.max(0.01, ...shown.flat(2).map(([, share]) => share), ...series.map(({ probability = 0 }) => 1.6 * probability));
  const x = linearScale(0, last, frame.left, frame.right);
  const y = linearScale(0, highest, frame.bottom, frame.top);
  const drawn = series.map(({ probability: p }, index) => {
    const { colour } = styleOf(index);
    const lines = shown[index]!.map((points) =>
      element('polyline', {
        points: points.map(([k, share]) => `${coordinate(x(k))},${coordinate(y(share))}`).join(' '),
        fill: 'none',
        stroke: colour,
        'stroke-width': '1.4',
        'stroke-opacity': '0.85',
      }),
    );
    if (p === undefined) return lines.join('');
    const ks = Array.from({ length: 60 }, (_, i) => (last * (i + 2)) / 61);
    const edge = (k: number, sign: number): string =>
      `${coordinate(x(k))},${coordinate(y(Math.min(highest, Math.max(0, p + sign * 3 * Math.sqrt((p * (1 - p)) / k)))))}`;
    const band = [...ks.map((k) => edge(k, 1)), ...[...ks].reverse().map((k) => edge(k, -1))].join(' ');
    return (
      element('polygon', { points: band, fill: colour, 'fill-opacity': '0.1', stroke: 'none' }) +
      element('line', {
        x1: frame.left,
        y1: y(p),
        x2: frame.right,
        y2: y(p),
        stroke: colour,
        'stroke-width': '1.4',
        'stroke-dasharray': '5 3',
      }) +
      lines.join('')
    );
  });
  const labelled = series.map(({ label, probability }) => ({
    label: probability === undefined ? label : `${label}: theory ${(100 * probability).toFixed(2)} %`,
  }));
  const description = `Share of rounds with a byzantine majority so far, by round; dashed lines and bands are the probability with three standard errors. ${labelled.map(({ label }) => label).join('; ')}.`;
  return figure(
    width,
    height,
    title,
    description,
    axes(x, y, frame, 'round', 'share of majority rounds') + drawn.join('') + legend(labelled, frame.left, frame.bottom + 52, width),
  );
}
