/** The figures of a report: which chart shows what, at any width, with the numbers behind it. */
import { type Curve, type CurvePanel, curveChart } from '../../figures/curve-chart.ts';
import { dotChart } from '../../figures/dot-chart.ts';
import { majorityChart } from '../../figures/majority-chart.ts';
import type { ReportData } from './report-data.ts';
import { axisNames, metricAxis, metricTitle } from './report-names.ts';
import { type CellStatistics, estimate, lastValues, NUMERICAL_FLOOR, ranked } from './statistics.ts';
import { shortNumber, type Table } from './tables.ts';

export interface ReportFigure {
  /** Also its file name. */
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly draw: (width?: number) => string;
  readonly table: Table;
}

/** Rows of a table behind a figure. */
const TABLE_ROWS = 25;
/** Rows of the chart of last values; beyond, the best and the worst. */
const DOT_ROWS = 60;

/** The headline metric by every axis that was recorded. */
export function headlineFigures(data: ReportData): ReportFigure[] {
  const { headline } = data;
  return headline === undefined ? [] : data.axes.map((axis) => curveFigure(data, headline, axis));
}

/** Last values, cohorts, further metrics. */
export function furtherFigures(data: ReportData): ReportFigure[] {
  const { headline, metrics } = data;
  const constant = new Set(constantMetrics(data).map(({ name }) => name));
  return [
    ...(headline === undefined ? [] : [lastValuesFigure(data, headline)]),
    ...(data.cohorts.length === 0 ? [] : [majorityFigure(data)]),
    ...metrics.filter(({ name }) => name !== headline && !constant.has(name)).map(({ name }) => curveFigure(data, name, data.axes[0]!)),
  ];
}

/** Further metrics with one value, or none, throughout all runs: a figure of them would be empty. */
export function constantMetrics({ runs, metrics, headline }: ReportData): { readonly name: string; readonly value: number | undefined }[] {
  return metrics.flatMap(({ name }) => {
    // Of runs under way the ledger has no summary: their curves may yet show something.
    if (name === headline || runs.some(({ summaries }) => summaries[name] === undefined)) return [];
    const values = new Set(runs.flatMap(({ summaries: { [name]: summary } }) => [summary!.min, summary!.max]));
    const known = [...values].filter((value) => typeof value === 'number');
    return known.length > 1 ? [] : [{ name, value: known[0] }];
  });
}

function panelsOf(data: ReportData, metric: string, axis: string): CurvePanel[] {
  return data.layout.panels.map(({ title, cells }) => ({
    title,
    curves: cells.map(({ cell, label, style }): Curve => {
      const curves = data.curves.get(cell);
      const points = curves?.points(metric, axis) ?? [];
      const shown = data.layout.placed.size === 1 ? '' : label;
      // Without clipping the level is infinite from the first round to the last: there is nothing to draw.
      if (points.length > 0 && points.every(({ centre }) => centre === Number.POSITIVE_INFINITY))
        return { label: `${shown} (infinite)`, style, points: [], ends: [] };
      return { label: shown, style, points, ends: curves?.ends(metric, axis) ?? [] };
    }),
  }));
}

function curveFigure(data: ReportData, metric: string, axis: string): ReportFigure {
  const { logarithmic } = data.metrics.find(({ name }) => name === metric)!;
  const panels = panelsOf(data, metric, axis);
  const { axis: xLabel, short } = axisNames[axis]!;
  const several = data.cells.some(({ runs }) => runs.length > 1);
  const drawn = panels.flatMap(({ curves }) => curves);
  const reach = [...data.curves.values()].reduce((most, curves) => Math.max(most, curves.reach(axis)), 0);
  const notes = [
    several
      ? `Lines: ${logarithmic ? 'geometric' : 'arithmetic'} mean over the seeds of a cell; bands: from the smallest to the largest run.`
      : 'One run per cell.',
    drawn.some(({ ends }) => ends.some(({ diverged }) => diverged)) ? 'A cross marks where a run diverged.' : '',
    drawn.some(({ ends }) => ends.some(({ diverged }) => !diverged)) ? 'A ring marks where a run ended before its last round.' : '',
    drawn.some(({ points }) => points.some(({ partial }) => partial)) ? 'Thin lines: over the runs that had not ended.' : '',
    metric === 'optimality-gap' && drawn.some(({ points }) => points.some(({ low }) => low < NUMERICAL_FLOOR))
      ? 'Shaded: gaps that the loss cannot resolve in double precision.'
      : '',
  ];
  return {
    name: metric === data.headline ? `curves-${short.replaceAll(' ', '-')}` : metric,
    title: metricTitle(metric),
    caption: [`${metricTitle(metric)} against ${xLabel === 'round' ? 'the round' : xLabel}.`, ...notes]
      .filter((note) => note !== '')
      .join(' '),
    draw: (width) =>
      curveChart({
        title: `${metricTitle(metric)} against ${xLabel}`,
        xLabel,
        yLabel: metricAxis(metric),
        logarithmic,
        floor: metric === 'optimality-gap' ? NUMERICAL_FLOOR : undefined,
        low: metric !== data.headline,
        panels,
        reach,
        ...(width === undefined ? {} : { width }),
      }),
    table: curveTable(panels, xLabel, data.layout.panels.length > 1 || drawn.length > 8),
  };
}

/** Few series: a row per recorded point. Many: a row per series, a column per point. */
function curveTable(panels: readonly CurvePanel[], xLabel: string, wide: boolean): Table {
  const series = panels.flatMap(({ title, curves }) =>
    curves.map(({ label, points }) => ({ name: [title, label].filter((part) => part !== '').join(' · ') || 'all runs', points })),
  );
  const longest = series.reduce((most, one) => (one.points.length > most.length ? one.points : most), series[0]?.points ?? []);
  const wanted = Math.min(longest.length, wide ? 6 : TABLE_ROWS);
  const picked = [...new Set(Array.from({ length: wanted }, (_, i) => Math.round((i * (longest.length - 1)) / Math.max(1, wanted - 1))))];
  const value = (points: Curve['points'], i: number): string => {
    const point = points[i];
    if (point === undefined) return '';
    const band = point.low === point.high ? '' : ` [${shortNumber(point.low)}, ${shortNumber(point.high)}]`;
    return `${shortNumber(point.centre)}${band}`;
  };
  const at = (i: number): string => shortCount(longest[i]!.x);
  if (!wide) {
    return {
      head: [xLabel, ...series.map(({ name }) => name)],
      rows: picked.map((i) => [at(i), ...series.map(({ points }) => value(points, i))]),
      right: [true, ...series.map(() => true)],
    };
  }
  return {
    head: ['cell', ...picked.map((i) => `${xLabel === 'round' ? 'round ' : ''}${at(i)}`)],
    rows: series.map(({ name, points }) => [name, ...picked.map((i) => value(points, i))]),
    right: [false, ...picked.map(() => true)],
  };
}

function shortCount(value: number): string {
  return Math.abs(value) < 1e7 ? String(Math.round(value)) : shortNumber(value);
}

/** All cells, or the best and the worst of very many. */
function dotCells(data: ReportData, metric: string): { cells: readonly CellStatistics[]; rule: string } {
  if (data.cells.length <= DOT_ROWS) return { cells: data.cells, rule: '' };
  const order = ranked(data.cells, metric);
  const half = DOT_ROWS / 2;
  return {
    cells: [...order.slice(0, half), ...order.slice(-half)],
    rule: ` Shown: the ${half} best and the ${half} worst of ${data.cells.length} cells, in order.`,
  };
}

function lastValuesFigure(data: ReportData, metric: string): ReportFigure {
  const { cells, rule } = dotCells(data, metric);
  const { logarithmic } = data.metrics.find(({ name }) => name === metric)!;
  const rows = cells.map((cell) => {
    const found = estimate(cell.runs, metric);
    return {
      label: cell.label,
      style: data.layout.placed.get(cell)?.style ?? 0,
      values: lastValues(cell.runs, metric),
      mean: found?.mean,
      low: found?.low ?? Number.NaN,
      high: found?.high ?? Number.NaN,
      diverged: cell.outcomes['diverged'] ?? 0,
    };
  });
  return {
    name: 'last-values',
    title: 'Where the runs ended',
    caption: `${metricTitle(metric)} at the end of each run: a faint mark per seed, the mean as an upright bar, its 95 % interval as a line. Runs that diverged have no place on the axis and are counted at the right.${rule}`,
    draw: (width) =>
      dotChart({
        title: 'Where the runs ended',
        xLabel: `${metricAxis(metric)} at the end`,
        logarithmic,
        rows,
        ...(width === undefined ? {} : { width }),
      }),
    table: {
      head: ['cell', 'runs with a last value', 'mean', '95 % low', '95 % high', 'diverged'],
      rows: rows.map(({ label, values, mean, low, high, diverged }) => [
        label,
        String(values.length),
        mean === undefined ? '–' : shortNumber(mean),
        shortNumber(low),
        shortNumber(high),
        String(diverged),
      ]),
      right: [false, true, true, true, true, true],
    },
  };
}

function majorityFigure({ cohorts }: ReportData): ReportFigure {
  const series = cohorts.slice(0, 8).map(({ label, expected, runs }) => ({ label, runs, probability: expected }));
  const cut = cohorts.length > series.length ? ` Shown: the first ${series.length} of ${cohorts.length} kinds of cohort.` : '';
  return {
    name: 'majorities',
    title: 'Byzantine majorities',
    caption: `Share of rounds so far in which byzantine clients were a strict majority of the cohort, one line per seed. Dashed: the expected share; shaded: three standard errors around it.${cut}`,
    draw: (width) => majorityChart({ title: 'Rounds with a byzantine majority', series, ...(width === undefined ? {} : { width }) }),
    table: {
      head: ['cohort', 'seed', 'round', 'share of majority rounds'],
      rows: series.flatMap(({ label, runs }) =>
        runs
          .slice(0, TABLE_ROWS)
          .map(({ seed, rounds, shares }) => [
            label,
            String(seed),
            String(rounds.at(-1) ?? 0),
            `${(100 * (shares.at(-1) ?? Number.NaN)).toFixed(2)} %`,
          ]),
      ),
      right: [false, true, true, true],
    },
  };
}
