/** What a report needs beside the ledger's rows: versions, data sets, optima; and where it is written. */
import type { Experiment } from '../algorithm/experiment.ts';
import type { Fact } from '../orchestrator/results/report-data.ts';
import { writeReport } from '../orchestrator/results/write-report.ts';
import type { LedgerReader, StudyRow, StudyRun } from '../shared/contracts/ledger.ts';
import { MarinadeError } from '../shared/errors.ts';
import { numericsVersion } from '../shared/messages/round-job.ts';
import { version } from './version.ts';

/** Optima listed in a report; more objectives than this are counted. */
const MAX_OPTIMA = 12;

function dataFacts(runs: readonly StudyRun[]): Fact[] {
  const names = new Map<string, string>();
  for (const { dataSha256, experiment } of runs) {
    if (dataSha256 === '' || names.has(dataSha256)) continue;
    const { data } = JSON.parse(experiment) as Experiment;
    names.set(dataSha256, data === undefined ? '' : 'name' in data ? data.name : (data.file.split('/').at(-1) ?? ''));
  }
  return [...names].map(([sha256, name]) => ({ name: `data ${name}`, value: `sha256 ${sha256}` }));
}

/** f* of each objective with its certificate, where the ledger has it. */
async function optimumFacts(ledger: LedgerReader, runs: readonly StudyRun[]): Promise<Fact[]> {
  const keys = [...new Set(runs.flatMap(({ objectiveKey }) => objectiveKey ?? []))];
  const facts: Fact[] = [];
  for (const key of keys.slice(0, MAX_OPTIMA)) {
    const optimum = await ledger.optimum(key);
    if (optimum === undefined) continue;
    const certificate = Object.entries(optimum.certificate).map(([name, value]) => `${name} ${String(value)}`);
    facts.push({ name: 'f*', value: [String(optimum.value), ...certificate].join(', ') });
  }
  if (keys.length > MAX_OPTIMA) facts.push({ name: 'f*', value: `and of ${keys.length - MAX_OPTIMA} further objectives, in the ledger` });
  return facts;
}

async function factsOf(ledger: LedgerReader, study: StudyRow, runs: readonly StudyRun[]): Promise<Fact[]> {
  const seconds = runs.reduce((sum, run) => sum + run.computeSeconds, 0);
  return [
    { name: 'marinade', value: version },
    { name: 'node', value: `${process.versions.node} on ${process.platform}-${process.arch}` },
    { name: 'numericsVersion', value: String(numericsVersion) },
    { name: 'submitted', value: study.submittedAt },
    { name: 'computation', value: `${seconds.toFixed(1)} s on all threads together` },
    ...dataFacts(runs),
    ...(await optimumFacts(ledger, runs)),
  ];
}

export async function reportStudy(
  ledger: LedgerReader,
  studyKey: string,
  folder: string,
): Promise<{ readonly htmlPath: string; readonly figurePaths: readonly string[] }> {
  const study = await ledger.study(studyKey);
  if (study === undefined)
    throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no study '${studyKey}' in this results folder; see \`marinade list\``);
  const runs = await ledger.runs(study.studyKey);
  return writeReport(folder, {
    study,
    runs,
    curves: (runKey, metrics) => ledger.curves(runKey, metrics),
    facts: await factsOf(ledger, study, runs),
  });
}
