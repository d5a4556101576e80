/** Rounds with a byzantine majority in the cohort: the share so far in each run against the probability with three standard errors. */
import { axisName, type Frame, horizontalAxis, horizontalName, labelWidth, MARGIN, verticalAxis } from './axes.ts';
import { key } from './key.ts';
import { linearScale } from './scale.ts';
import { inSeries } from './series-style.ts';
import { element, figure, line, type Point, pathThrough, text } from './svg.ts';

export interface MajoritySeries {
  readonly label: string;
  /** Recorded rounds and the share of majority rounds up to each, one pair per seed. */
  readonly runs: readonly { readonly rounds: ArrayLike<number>; readonly shares: ArrayLike<number> }[];
  /** Expected share; undefined where the cohort's distribution is not known in closed form. */
  readonly probability: number | undefined;
}

/** Standard error of a share after so many rounds. */
function standardError(probability: number, rounds: number): number {
  return Math.sqrt((probability * (1 - probability)) / rounds);
}

/** Early shares of few rounds say little and would set the scale: those before this part of the axis. */
const EARLY = 1 / 25;

export function majorityChart({
  title,
  series,
  width = 720,
}: {
  readonly title: string;
  readonly series: readonly MajoritySeries[];
  readonly width?: number;
}): string {
  const last = Math.max(1, ...series.flatMap(({ runs }) => runs.map(({ rounds }) => rounds[rounds.length - 1] ?? 1)));
  const shown = series.map(({ runs }) =>
    runs.map(({ rounds, shares }) =>
      Array.from(rounds, (k, i) => [k, 100 * shares[i]!] as const).filter(([k, share]) => k >= last * EARLY && Number.isFinite(share)),
    ),
  );
  const expected = series.map(({ probability = 0 }) => 100 * (probability + 3 * standardError(probability, last / 6)));
  const highest = Math.max(1, ...expected, ...shown.flat().map((run) => run.reduce((most, [, share]) => Math.max(most, share), 0)));
  const y0 = linearScale(0, highest, 1, 0);
  const left = Math.max(34, labelWidth(y0) + 10);
  const entries = series.map(({ label, probability }, style) => ({
    label: probability === undefined ? label : `${label}: expected ${(100 * probability).toFixed(2)} %`,
    style,
  }));
  const keyed = key(entries, 2, 4, width - 8);
  const top = keyed.height + 32;
  const frame: Frame = { left, right: width - MARGIN, top, bottom: top + Math.min(240, Math.max(180, 0.36 * width)) };
  const x = linearScale(0, last, frame.left, frame.right, Math.floor((frame.right - frame.left) / 80), 'exact');
  const y = linearScale(0, highest, frame.bottom, frame.top);

  const drawn = series.map(({ probability: p }, style) => {
    const runs = shown[style]!.map((points) =>
      element('path', {
        d: pathThrough(points.map(([k, share]) => [x(k), y(share)])),
        fill: 'none',
        stroke: 'currentColor',
        'stroke-width': '1.3',
        'stroke-linejoin': 'round',
      }),
    );
    if (p === undefined) return inSeries(style, runs.join(''));
    const inside = (share: number): number => y(Math.min(y.domain[1], Math.max(0, share)));
    const ks = Array.from({ length: 80 }, (_, i) => last * (EARLY + ((1 - EARLY) * i * i) / (79 * 79)));
    const edge = (sign: number): Point[] => ks.map((k) => [x(k), inside(100 * (p + sign * 3 * standardError(p, k)))]);
    return inSeries(
      style,
      element('path', { d: `${pathThrough([...edge(1), ...edge(-1).reverse()])}z`, fill: 'currentColor', 'fill-opacity': '0.1' }) +
        line(frame.left, y(100 * p), frame.right, y(100 * p), { 'stroke-width': '1.3', 'stroke-dasharray': '5 3' }) +
        runs.join(''),
    );
  });
  return figure(
    width,
    frame.bottom + 44,
    title,
    `Share of rounds so far with a byzantine majority, by round; dashed lines and bands are the expected share with three standard errors. ${entries.map(({ label }) => label).join('; ')}.`,
    keyed.svg +
      text(2, top - 12, axisName('rounds with a byzantine majority so far (%)', y)) +
      verticalAxis(y, frame, true) +
      horizontalAxis(x, frame, true) +
      drawn.join('') +
      horizontalName('round', x, frame),
  );
}
