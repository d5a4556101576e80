/** Export of a study: runs.csv and metrics.csv (long format), or the same as NDJSON. Curves stream run by run. */
import { join } from 'node:path';
import type { LedgerReader, StudyRun } from '../../shared/contracts/ledger.ts';
import { jsonText } from '../../shared/json.ts';
import { writeFileDurably } from './durable-file.ts';
import { runJson } from './json.ts';
import { dataLabel, distinctData } from './run-data.ts';
import { valueLabel } from './statistics.ts';
import { csvText } from './tables.ts';

type Curves = Pick<LedgerReader, 'curves'>;

/** Writes the files and returns their paths. */
export async function exportCsv(folder: string, ledger: Curves, runs: readonly StudyRun[]): Promise<string[]> {
  const paths = [...new Set(runs.flatMap(({ parameters }) => Object.keys(parameters)))];
  const metrics = [...new Set(runs.flatMap((run) => run.metrics))];
  const datas = new Map(distinctData(runs).map((data) => [data.sha256, dataLabel(data)]));
  const head = [
    'run',
    'seed',
    ...paths,
    'data_set',
    'outcome',
    'rounds',
    'result_hash',
    ...metrics.flatMap((name) => [`${name} first`, `${name} last`, `${name} min`]),
  ];
  const rows = runs.map((run) => [
    run.runKey,
    String(run.seed),
    ...paths.map((path) => csvText(valueLabel(run.parameters[path]))),
    csvText(datas.get(run.dataSha256) ?? ''),
    run.outcome ?? '',
    String(Math.max(0, run.committedRound)),
    run.resultHash ?? '',
    ...metrics.flatMap((name) => {
      const summary = run.summaries[name];
      return [summary?.first, summary?.last, summary?.min].map((value) => (value === undefined || value === null ? '' : String(value)));
    }),
  ]);
  async function* longFormat(): AsyncIterable<string> {
    yield `run,seed,${paths.map(csvText).join(',')}${paths.length > 0 ? ',' : ''}metric,round,value\n`;
    for (const run of runs) {
      const { rounds, columns } = await ledger.curves(run.runKey);
      const lead = [run.runKey, String(run.seed), ...paths.map((path) => csvText(valueLabel(run.parameters[path])))].join(',');
      for (const [metric, values] of Object.entries(columns)) {
        yield Array.from(values, (value, i) => `${lead},${metric},${rounds[i]},${value}\n`).join('');
      }
    }
  }
  const files = [join(folder, 'runs.csv'), join(folder, 'metrics.csv')] as const;
  await writeFileDurably(files[0], `${[head.map(csvText), ...rows].map((row) => row.join(',')).join('\n')}\n`);
  await writeFileDurably(files[1], longFormat());
  return [...files];
}

/** One object per run, with its curves: non-finite numbers as strings. */
export async function exportNdjson(folder: string, ledger: Curves, runs: readonly StudyRun[]): Promise<string[]> {
  async function* lines(): AsyncIterable<string> {
    for (const run of runs) {
      const { rounds, columns } = await ledger.curves(run.runKey);
      const curves = Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, Array.from(values)]));
      yield `${jsonText({ schema: 1, ...runJson(run), recorded: Array.from(rounds), curves })}\n`;
    }
  }
  const path = join(folder, 'runs.ndjson');
  await writeFileDurably(path, lines());
  return [path];
}
