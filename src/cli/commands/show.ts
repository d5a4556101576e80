/** `marinade list` and `marinade show`: what a results folder holds. */
import { listJson, oneRunJson, type RunHistory, studyJson } from '../../orchestrator/results/json.ts';
import { dataLabel, runData, standInNote } from '../../orchestrator/results/run-data.ts';
import { valueLabel } from '../../orchestrator/results/statistics.ts';
import { outcomeTable, plain, shortNumber, textTable } from '../../orchestrator/results/tables.ts';
import type { StudyRow, StudyRun } from '../../shared/contracts/ledger.ts';
import { findStudyOrRun, studyOf, withReader } from '../lookup.ts';
import { print, printJson } from '../output.ts';
import { duration } from '../progress.ts';

interface ShowOptions {
  readonly results: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

export async function list({ results, quiet, json }: ShowOptions): Promise<void> {
  const studies = await withReader(results, (ledger) => ledger.studies());
  if (json) printJson(listJson(studies));
  else if (quiet) print(studies.map(({ studyKey }) => studyKey).join('\n'));
  else {
    const rows = studies.map(({ name, studyKey, submittedAt, states }) => [
      name,
      studyKey,
      submittedAt,
      Object.entries(states)
        .map(([state, count]) => `${count} ${state}`)
        .join(', '),
    ]);
    print(textTable({ head: ['study', 'key', 'submitted', 'runs'], rows, right: [false, false, false, false] }));
  }
}

export async function show(name: string, { results, quiet, json }: ShowOptions): Promise<void> {
  await withReader(results, async (ledger) => {
    const { study, run } = await findStudyOrRun(ledger, name);
    const runs = study === undefined ? [run] : await ledger.runs(study.studyKey);
    if (quiet) print(runs.map(({ runKey }) => runKey).join('\n'));
    else if (study !== undefined) {
      if (json) printJson(studyJson(study, runs));
      else print(studyText(study, runs));
    } else {
      const owner = await studyOf(ledger, run.runKey);
      const history = { attempts: await ledger.attempts(run.runKey), checkpoints: await ledger.checkpointRounds(run.runKey) };
      if (json) printJson(oneRunJson(owner, run, history));
      else print(runText(owner, run, history));
    }
  });
}

function studyText({ name, studyKey, submittedAt }: StudyRow, runs: readonly StudyRun[]): string {
  const perRun = {
    head: ['run', 'parameters', 'seed', 'outcome', 'rounds', 'result hash'],
    rows: runs.map((run) => [
      run.runKey.slice(0, 12),
      cellOf(run),
      String(run.seed),
      outcomeOf(run),
      roundsOf(run),
      run.resultHash?.slice(0, 12) ?? '–',
    ]),
    right: [false, false, true, false, true, false],
  };
  const head = [`${name} (${studyKey}), submitted ${submittedAt}`, standInNote(runs)].filter((line) => line !== undefined);
  return [head.join('\n'), textTable(outcomeTable(runs)), textTable(perRun)].join('\n\n');
}

function runText(study: StudyRow | undefined, run: StudyRun, { attempts: began, checkpoints }: RunHistory): string {
  const data = runData(run);
  const facts: (readonly [string, string])[] = [
    ['run', run.runKey],
    ['study', study === undefined ? '–' : `${study.name} (${study.studyKey})`],
    ['parameters', cellOf(run)],
    ['seed', String(run.seed)],
    ['outcome', outcomeOf(run)],
    ['rounds', `${roundsOf(run)} of ${run.rounds}`],
    ['result hash', run.resultHash ?? '–'],
    ['computation', duration(run.computeSeconds)],
    ['checkpoints', checkpoints.length === 0 ? '–' : checkpoints.map((round) => `round ${round}`).join(', ')],
    ...(data === undefined ? [] : [['data', dataLabel(data)] as const, ['data identity', data.sha256] as const]),
    ...Object.entries(run.notes)
      .filter(([, count]) => count !== 0)
      .map(([note, count]) => [note, String(count)] as const),
    ...run.warnings.map((warning) => ['note', warning] as const),
    ...(run.failure === null ? [] : [['failure', `${run.failure.code}: ${run.failure.message}`] as const]),
  ];
  const metrics = {
    head: ['metric', 'first', 'last', 'min', 'max'],
    rows: Object.entries(run.summaries).map(([name, { first, last, min, max }]) => [
      name,
      ...[first, last, min, max].map((value) => shortNumber(value ?? Number.NaN)),
    ]),
    right: [false, true, true, true, true],
  };
  const attempts = {
    head: ['attempt', 'worker', 'from round', 'began', 'ended'],
    rows: began.map(({ fence, worker, fromRound, startedAt, endedAt, reason }) => [
      String(fence),
      worker,
      String(Math.max(0, fromRound)),
      startedAt,
      endedAt === null ? 'open' : `${endedAt}${reason === null ? '' : ` (${reason})`}`,
    ]),
    right: [true, false, true, false, false],
  };
  const width = Math.max(...facts.map(([name]) => name.length));
  const warned = standInNote([run]);
  const parts = warned === undefined ? [] : [warned];
  parts.push(facts.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`).join('\n'));
  if (metrics.rows.length > 0) parts.push(textTable(metrics));
  if (attempts.rows.length > 0) parts.push(textTable(attempts));
  parts.push(`experiment\n${JSON.stringify(JSON.parse(run.experiment), null, 2)}`);
  return parts.join('\n\n');
}

function cellOf({ parameters }: StudyRun): string {
  return (
    Object.entries(parameters)
      .map(([path, value]) => `${path}: ${valueLabel(value)}`)
      .join(' · ') || '–'
  );
}

function outcomeOf({ outcome, state }: StudyRun): string {
  return outcome ?? state;
}

function roundsOf({ committedRound }: StudyRun): string {
  return String(Math.max(0, committedRound));
}
