/** `marinade compare`: cells of a study against each other, seed by seed. */

import { type PairedComparison, pairedComparison, pairsAlong, pairsWithFirst } from '../../orchestrator/results/paired.ts';
import { distinctData, standInNote } from '../../orchestrator/results/run-data.ts';
import type { Estimate } from '../../orchestrator/results/statistics.ts';
import { cellsOf } from '../../orchestrator/results/statistics.ts';
import { headlineMetric, shortNumber, textTable } from '../../orchestrator/results/tables.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { requireStudy, withReader } from '../lookup.ts';
import { print, printJson } from '../output.ts';

interface CompareOptions {
  readonly results: string;
  readonly metric?: string;
  readonly by?: string;
  readonly json: boolean;
}

export async function compare(nameOrKey: string, { results, metric: wanted, by, json }: CompareOptions): Promise<void> {
  await withReader(results, async (ledger) => {
    const { name, studyKey } = await requireStudy(ledger, nameOrKey);
    const runs = await ledger.runs(studyKey);
    const known = [...new Set(runs.flatMap(({ metrics }) => metrics))];
    const metric = wanted ?? headlineMetric(runs);
    if (metric === undefined || !known.includes(metric))
      throw new MarinadeError('MARINADE_CONFIG_USAGE', `--metric: study '${name}' records ${known.join(', ')}; got '${metric}'`);
    const cells = cellsOf(runs);
    const paths = Object.keys(cells[0]?.parameters ?? {});
    if (by !== undefined && !paths.includes(by)) {
      const varied = paths.length === 0 ? 'varies nothing' : `varies ${paths.join(', ')}`;
      throw new MarinadeError('MARINADE_CONFIG_USAGE', `--by: study '${name}' ${varied}; got '${by}'`);
    }
    const pairs = by === undefined ? pairsWithFirst(cells) : pairsAlong(cells, by);
    if (pairs.length === 0)
      throw new MarinadeError('MARINADE_CONFIG_USAGE', `study '${name}' has one cell: there is nothing to compare it with`);
    const compared = pairs.map((pair) => pairedComparison(pair, metric));
    if (json) printJson({ schema: 1, study: name, studyKey, metric, data: distinctData(runs), comparisons: compared.map(comparisonJson) });
    else print([standInNote(runs), comparisonText(metric, compared)].filter((part) => part !== undefined).join('\n'));
  });
}

function comparisonText(metric: string, compared: readonly PairedComparison[]): string {
  const rows = compared.map(({ cell, reference, pairs, difference, ratio, lower, equal, higher, without }) => [
    cell.label,
    reference.label,
    String(pairs),
    intervalText(ratio),
    intervalText(difference),
    `${lower}/${equal}/${higher}`,
    `${without.cell} vs ${without.reference}`,
  ]);
  const head = ['cell', 'against', 'pairs', 'ratio [95 %]', 'difference [95 %]', 'lower/equal/higher', 'no value'];
  const table = textTable({ head, rows, right: [false, false, true, false, false, true, true] });
  return `last ${metric}, paired over seeds: mean of the differences, geometric mean of the ratios\n\n${table}`;
}

function intervalText(estimate: Estimate | undefined): string {
  if (estimate === undefined) return '–';
  const { n, mean, low, high } = estimate;
  return n < 2 ? shortNumber(mean) : `${shortNumber(mean)} [${shortNumber(low)}, ${shortNumber(high)}]`;
}

function comparisonJson({ cell, reference, difference, ratio, without, ...counts }: PairedComparison): object {
  const interval = (estimate: Estimate | undefined): object | null =>
    estimate === undefined ? null : { mean: estimate.mean, low: estimate.low, high: estimate.high };
  return {
    parameters: cell.parameters,
    reference: reference.parameters,
    ...counts,
    difference: interval(difference),
    ratio: interval(ratio),
    withoutValue: without,
  };
}
