/** Gathers what a report shows from a ledger, and writes it. */

import type { Experiment } from '../algorithm/experiment.ts';
import { cohortProbabilities } from '../algorithm/theory/probabilities.ts';
import { valueLabel } from '../orchestrator/results/statistics.ts';
import { writeReport } from '../orchestrator/results/write-report.ts';
import type { LedgerReader, StudyRun } from '../shared/contracts/ledger.ts';
import type { StudyReportData } from '../shared/messages/results.ts';
import { numericsVersion } from '../shared/messages/round-job.ts';
import { requireStudy } from './lookup.ts';
import { version } from './version.ts';

/** Probability of a strict byzantine majority in the small cohort, where participation is a uniform subset or full. */
export function majorityProbabilityOf({ participation, clients }: Experiment): number | undefined {
  const cohort =
    participation.name === 'uniform' ? Number(participation['cohort']) : participation.name === 'full' ? clients.total : undefined;
  return cohort === undefined ? undefined : cohortProbabilities(clients.total, clients.byzantine, cohort, Math.floor(cohort / 2)).majority;
}

async function dataOf(ledger: LedgerReader, studyKey: string): Promise<StudyReportData> {
  const study = await requireStudy(ledger, studyKey);
  const rows = await ledger.runs(study.studyKey);
  const runs: (StudyRun & { curves: Awaited<ReturnType<LedgerReader['curves']>> })[] = [];
  for (const row of rows) runs.push({ ...row, curves: await ledger.curves(row.runKey) });
  const majorityProbability: Record<string, number> = {};
  for (const run of runs) {
    const probability = majorityProbabilityOf(JSON.parse(run.experiment) as Experiment);
    if (probability !== undefined) majorityProbability[JSON.stringify(run.parameters)] = probability;
  }
  const labels = new Map<string, Set<string>>();
  for (const { parameters } of runs) {
    for (const [path, value] of Object.entries(parameters)) labels.set(path, (labels.get(path) ?? new Set()).add(valueLabel(value)));
  }
  const datasets = [...new Set(runs.map(({ dataSha256 }) => dataSha256))].filter((sha256) => sha256 !== '');
  return {
    study: study.name,
    studyKey: study.studyKey,
    source: study.source,
    parameters: [...labels].map(([path, values]) => ({ path, labels: [...values] })),
    runs,
    facts: [
      { name: 'marinade', value: version },
      { name: 'node', value: process.versions.node },
      { name: 'numericsVersion', value: String(numericsVersion) },
      { name: 'submitted', value: study.submittedAt },
      { name: 'computation', value: `${runs.reduce((sum, run) => sum + run.computeSeconds, 0).toFixed(1)} s on all threads together` },
      ...datasets.map((sha256) => ({ name: 'data identity', value: sha256 })),
    ],
    majorityProbability,
  };
}

export async function reportStudy(
  ledger: LedgerReader,
  studyKey: string,
  folder: string,
): Promise<{ readonly htmlPath: string; readonly figurePaths: readonly string[] }> {
  return writeReport(folder, await dataOf(ledger, studyKey));
}
