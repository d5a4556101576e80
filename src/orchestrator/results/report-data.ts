/** Gathers what a report shows. Curves are read run by run and reduced at once: a study of any size fits into memory. */
import type { RunCurves, StudyRow, StudyRun } from '../../shared/contracts/ledger.ts';
import { type CohortGroup, cohortsOf } from './report-cohorts.ts';
import { CellCurves, type GatheredMetric, ROUNDS } from './report-curves.ts';
import { type Layout, layOut } from './report-layout.ts';
import { axisNames, drawnMetrics } from './report-names.ts';
import { type CellStatistics, cellsOf, spansDecades } from './statistics.ts';
import { headlineMetric } from './tables.ts';

/** What a report is made from. */
export interface ReportSource {
  readonly study: StudyRow;
  readonly runs: readonly StudyRun[];
  readonly curves: (runKey: string, metrics: readonly string[]) => Promise<RunCurves>;
  /** Versions and hashes: marinade, node, numericsVersion, data sets, optima. */
  readonly facts: readonly Fact[];
  /** How a reader of the report calls marinade. */
  readonly command: string;
}

export interface Fact {
  readonly name: string;
  readonly value: string;
}

export interface ReportData {
  readonly study: StudyRow;
  readonly runs: readonly StudyRun[];
  readonly cells: readonly CellStatistics[];
  readonly layout: Layout;
  /** The metric tables and the first figure are about. */
  readonly headline: string | undefined;
  /** Metrics that are drawn, the headline first. */
  readonly metrics: readonly GatheredMetric[];
  /** Horizontal axes that every drawn run recorded, rounds first. */
  readonly axes: readonly string[];
  readonly curves: ReadonlyMap<CellStatistics, CellCurves>;
  readonly cohorts: readonly CohortGroup[];
  readonly facts: readonly Fact[];
  readonly command: string;
}

/** Points per curve, in one panel and in several. */
const POINTS = 240;
const PANEL_POINTS = 90;

/** Metrics whose axis is linear although they are positive. */
const linear = new Set(['loss']);

export async function gatherReportData({ study, runs, curves: read, facts, command }: ReportSource): Promise<ReportData> {
  const cells = cellsOf(runs);
  const headline = headlineMetric(runs);
  const layout = layOut(cells, headline);
  const drawn = [...layout.placed.keys()];
  const recorded = new Set(drawn.flatMap((cell) => cell.runs.flatMap(({ metrics }) => metrics)));
  const names = [headline, ...drawnMetrics].filter((name) => name !== undefined && recorded.has(name)) as string[];
  const metrics = [...new Set(names)].map((name) => ({ name, logarithmic: spansDecades(name) && !linear.has(name) }));
  const everywhere = (metric: string): boolean => drawn.every((cell) => cell.runs.every((run) => run.metrics.includes(metric)));
  const axes = Object.keys(axisNames).filter((axis) => axis === ROUNDS || (drawn.length > 0 && everywhere(axis)));
  const wanted = new Set([...metrics.map(({ name }) => name), ...axes]);
  const curves = new Map<CellStatistics, CellCurves>();
  for (const cell of drawn) {
    const { rounds, every } = cell.runs[0]!;
    const points = Math.ceil(rounds / every) + 1;
    const gathered = new CellCurves(points, layout.panels.length > 1 ? PANEL_POINTS : POINTS, metrics, axes.slice(1));
    for (const run of cell.runs) {
      gathered.add(
        await read(
          run.runKey,
          run.metrics.filter((metric) => wanted.has(metric)),
        ),
        run,
      );
    }
    curves.set(cell, gathered);
  }
  return { study, runs, cells, layout, headline, metrics, axes, curves, cohorts: await cohortsOf(runs, read), facts, command };
}
