/** What a report needs beside the ledger's rows: versions, data sets, optima; and where it is written. */
import { join, resolve } from 'node:path';
import type { Fact } from '../orchestrator/results/report-data.ts';
import { objectivesOf } from '../orchestrator/results/report-optima.ts';
import { dataLabel, distinctData } from '../orchestrator/results/run-data.ts';
import { reportedStudy, writeReport } from '../orchestrator/results/write-report.ts';
import type { LedgerReader, StudyRow, StudyRun } from '../shared/contracts/ledger.ts';
import { MarinadeError } from '../shared/errors.ts';
import { numericsVersion } from '../shared/messages/round-job.ts';
import { isBuilt } from '../shared/program.ts';
import { version } from './version.ts';

/** Optima listed in a report; more objectives than this are counted. */
const MAX_OPTIMA = 12;

function dataFacts(runs: readonly StudyRun[]): Fact[] {
  return distinctData(runs).map((data) => ({ name: `data ${dataLabel(data)}`, value: `sha256 ${data.sha256}` }));
}

/** f* of each objective with its certificate and its cells, where the ledger has it. */
async function optimumFacts(ledger: LedgerReader, runs: readonly StudyRun[]): Promise<Fact[]> {
  const objectives = objectivesOf(runs);
  const facts: Fact[] = [];
  for (const { objectiveKey, label } of objectives.slice(0, MAX_OPTIMA)) {
    const optimum = await ledger.optimum(objectiveKey);
    if (optimum === undefined) continue;
    const certificate = Object.entries(optimum.certificate).map(([name, value]) => `${name} ${String(value)}`);
    facts.push({ name: `f* of ${label}`, value: [String(optimum.value), ...certificate].join(', ') });
  }
  const further = objectives.length - MAX_OPTIMA;
  if (further > 0) facts.push({ name: 'f*', value: `and of ${further} further objectives, in the ledger` });
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

/** How whoever made a report calls this program: from a checkout by its script, else as the package that is installed. */
const command = isBuilt ? 'npx marinade' : 'npm run marinade --';

/**
 * Where a study's report goes when nobody says where: the folder of its name, and beside it, with its key, when the
 * report of another study of that name lies there. A study stays in the folder it has.
 */
async function reportFolder(results: string, { name, studyKey }: StudyRow): Promise<string> {
  const [plain, own] = [name, `${name}-${studyKey.slice(0, 8)}`].map((folder) => join(resolve(results), 'reports', folder));
  if ((await reportedStudy(own!)) === studyKey) return own!;
  const holder = await reportedStudy(plain!);
  return holder === undefined || holder === studyKey ? plain! : own!;
}

/** Writes the report of a study into a folder, or to its place in a results folder. */
export async function reportStudy(
  ledger: LedgerReader,
  studyKey: string,
  place: { readonly results: string; readonly out?: string | undefined },
): Promise<{ readonly htmlPath: string; readonly figurePaths: readonly string[] }> {
  const study = await ledger.study(studyKey);
  if (study === undefined)
    throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no study '${studyKey}' in this results folder; see \`marinade list\``);
  const runs = await ledger.runs(study.studyKey);
  const folder = place.out === undefined ? await reportFolder(place.results, study) : resolve(place.out);
  return writeReport(folder, {
    study,
    runs,
    curves: (runKey, metrics) => ledger.curves(runKey, metrics),
    facts: await factsOf(ledger, study, runs),
    command,
  });
}
