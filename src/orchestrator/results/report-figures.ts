/** The figures of a report, from the data of a study: which chart shows what. */
import { type CurveSeries, curveChart } from '../../figures/curve-chart.ts';
import { dotChart } from '../../figures/dot-chart.ts';
import { majorityChart } from '../../figures/majority-chart.ts';
import type { StudyReportData } from '../../shared/messages/results.ts';
import { type CellStatistics, cellsOf, estimate } from './statistics.ts';
import { headlineMetric } from './tables.ts';

export interface ReportFigure {
  readonly name: string;
  readonly caption: string;
  readonly svg: string;
}

/** Horizontal axes a curve can have, where their metric is recorded. */
const axesOf = [
  { axis: 'rounds', metric: undefined, label: 'round' },
  { axis: 'gradient-evaluations', metric: 'gradient-evaluations', label: 'sample gradients computed by honest clients' },
  { axis: 'bits', metric: 'uplink-bits', label: 'bits sent by honest clients' },
] as const;

/** Metrics worth a picture of their own, beside the headline. */
const alsoDrawn = [
  'loss',
  'squared-gradient-norm',
  'gradient-norm',
  'estimator-error',
  'clipping-level',
  'clipped-fraction',
  'injected-error',
  'test-accuracy',
];

const logarithmic = (metric: string): boolean => !['test-accuracy', 'clipped-fraction', 'clipping-shrinkage', 'loss'].includes(metric);

type Runs = StudyReportData['runs'];

function seriesOf(cells: readonly CellStatistics[], runs: Runs, metric: string, axis: (typeof axesOf)[number]['metric']): CurveSeries[] {
  const byKey = new Map(runs.map((run) => [run.runKey, run]));
  return cells.map(({ label, runs: members }) => ({
    label,
    curves: members.flatMap(({ runKey, outcome }) => {
      const { curves } = byKey.get(runKey)!;
      const y = curves.columns[metric];
      const x = axis === undefined ? curves.rounds : curves.columns[axis];
      return y === undefined || x === undefined || y.length === 0 ? [] : [{ x, y, diverged: outcome === 'diverged' }];
    }),
  }));
}

/** Curves of the headline metric by every axis that was recorded: `curves-<axis>`. */
export function headlineFigures({ runs }: StudyReportData): ReportFigure[] {
  const metric = headlineMetric(runs);
  if (metric === undefined) return [];
  const cells = cellsOf(runs);
  return axesOf
    .filter(({ metric: axis }) => axis === undefined || runs.every(({ metrics }) => metrics.includes(axis)))
    .map(({ axis, metric: axisMetric, label }) => ({
      name: `curves-${axis}`,
      caption: `${metric} against ${label}. Lines: geometric mean over seeds${logarithmic(metric) ? '' : ' (arithmetic)'}; bands: smallest to largest run; a cross marks where a run diverged.`,
      svg: curveChart({
        title: `${metric} against ${label}`,
        xLabel: label,
        yLabel: metric,
        logarithmic: logarithmic(metric),
        series: seriesOf(cells, runs, metric, axisMetric),
      }),
    }));
}

/** All other figures: last values, majorities, further metrics. */
export function furtherFigures(data: StudyReportData): ReportFigure[] {
  const { runs } = data;
  const metric = headlineMetric(runs);
  const cells = cellsOf(runs);
  const figures: ReportFigure[] = [];
  if (metric !== undefined) {
    figures.push({
      name: 'last-values',
      caption: `${metric} at the end of each run: one mark per seed, the mean as a bar, diverged runs as crosses at the right edge.`,
      svg: dotChart({
        title: `${metric} at the end`,
        xLabel: `${metric}, last`,
        logarithmic: logarithmic(metric),
        rows: cells.map((cell) => ({
          label: cell.label,
          values: cell.runs.filter(({ outcome }) => outcome !== 'diverged').flatMap(({ summaries }) => summaries[metric]?.last ?? []),
          mean: estimate(cell.runs, metric)?.mean,
          diverged: cell.outcomes['diverged'] ?? 0,
        })),
      }),
    });
  }
  if (runs.some(({ metrics }) => metrics.includes('byzantine-majority'))) {
    const series = seriesOf(cells, runs, 'byzantine-majority', undefined).map(({ label, curves }, i) => ({
      label,
      runs: curves.map(({ x, y }) => ({ rounds: x, count: y })),
      probability: data.majorityProbability[JSON.stringify(cells[i]!.parameters)],
    }));
    figures.push({
      name: 'majorities',
      caption:
        'Share of rounds so far in which byzantine clients were a strict majority of the cohort; dashed: the probability, with three standard errors.',
      svg: majorityChart({ title: 'Rounds with a byzantine majority', series }),
    });
  }
  for (const name of alsoDrawn) {
    if (name === metric || !runs.some(({ metrics }) => metrics.includes(name))) continue;
    figures.push({
      name,
      caption: `${name} against the round.`,
      svg: curveChart({
        title: `${name} against the round`,
        xLabel: 'round',
        yLabel: name,
        logarithmic: logarithmic(name),
        series: seriesOf(cells, runs, name, undefined),
      }),
    });
  }
  return figures;
}
