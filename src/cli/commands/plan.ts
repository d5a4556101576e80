/** `marinade validate` and `marinade plan`: what a study would run, before anything is queued. */
import type { DataSource, Plan } from '../../orchestrator/plan/plan-study.ts';
import { valueLabel } from '../../orchestrator/results/statistics.ts';
import { textTable } from '../../orchestrator/results/tables.ts';
import { requireRegistered } from '../../worker/data/registry.ts';
import { type Estimate, estimateTime } from '../estimate.ts';
import { requireMemory } from '../memory.ts';
import { counted, paint, print, printJson, say } from '../output.ts';
import { createPool, defaultThreads } from '../pool.ts';
import { duration } from '../progress.ts';
import { dataOf, planOf, type StudyOptions, untoldWarnings } from '../wire.ts';

interface ValidateOptions extends StudyOptions {
  readonly json: boolean;
}

interface PlanOptions extends ValidateOptions {
  readonly threads?: number;
  readonly quiet: boolean;
}

/** Cells shown before the rest is only counted. */
const SHOWN = 10;

/** Data sets by name alone: enough to check a study where the data are not. */
const unread: DataSource = {
  async identify(spec) {
    if ('name' in spec && spec.name !== 'synthetic-adult') requireRegistered(spec.name);
    return { sha256: '' };
  },
};

export async function validate(path: string, options: ValidateOptions): Promise<void> {
  const plan = await planOf(path, options, unread);
  tellWarnings(plan, []);
  if (options.json) printJson({ schema: 1, study: plan.name, valid: true, cells: plan.cells.length, runs: plan.runs.length });
  else print(`${plan.name}: ${countText(plan)}`);
}

export async function plan(path: string, given: PlanOptions): Promise<void> {
  const threads = given.threads ?? defaultThreads();
  const pool = createPool({ ...given, threads, parallel: 'runs' });
  try {
    const data = dataOf(pool, given, { say });
    const found = await planOf(path, given, data);
    requireMemory(found, { parallel: 'auto', threads });
    const estimate = given.quiet ? undefined : await estimateTime(found, pool, threads);
    tellWarnings(found, data.told);
    if (given.json) printJson(planJson(found, estimate));
    else if (given.quiet) print(found.runs.map(({ runKey }) => runKey).join('\n'));
    else print(planText(found, estimate));
  } finally {
    await pool.close();
  }
}

function tellWarnings(found: Plan, told: readonly string[]): void {
  for (const warning of untoldWarnings(found, told)) say(warning, `${paint('yellow', 'note')}: `);
}

function countText({ cells, seeds, runs, dropped }: Plan): string {
  const left = dropped.length === 0 ? '' : `; ${counted(dropped.length, 'cell')} dropped`;
  const shared = cells.length * seeds.length === runs.length ? '' : ' (equal ones counted once)';
  return `${counted(cells.length, 'cell')} x ${counted(seeds.length, 'seed')} = ${counted(runs.length, 'run')}${shared}${left}`;
}

function planText(plan: Plan, estimate: Estimate | undefined): string {
  const { name, studyKey, cells, dropped, runs, parameters } = plan;
  const paths = parameters.map(({ path }) => path);
  const rowOf = (values: Readonly<Record<string, unknown>>): string[] => paths.map((path) => valueLabel(values[path]));
  const parts = [
    `${name} (${studyKey}): ${countText(plan)}, ${runs.reduce((sum, { rounds }) => sum + rounds, 0).toLocaleString('en-US')} rounds`,
  ];
  if (paths.length > 0) {
    const shown = cells.slice(0, SHOWN).map(({ parameters: values, experiment }) => [...rowOf(values), String(experiment.rounds)]);
    parts.push(textTable({ head: [...paths, 'rounds'], rows: shown, right: [...paths.map(() => false), true] }) + more(cells.length));
  }
  if (dropped.length > 0) {
    const shown = dropped.slice(0, SHOWN).map(({ parameters: values, why }) => [...rowOf(values), why]);
    parts.push(`dropped\n${textTable({ head: [...paths, 'why'], rows: shown, right: [] })}${more(dropped.length)}`);
  }
  if (estimate !== undefined) {
    const { seconds, threads, roundsPerSecond, sampledCells } = estimate;
    const rate = `${Math.round(roundsPerSecond).toLocaleString('en-US')} rounds/s a thread`;
    parts.push(
      `about ${duration(seconds)} on ${counted(threads, 'thread')} if every run goes to its end (${rate}, measured just now on ${sampledCells} of ${counted(cells.length, 'cell')})`,
    );
  }
  return parts.join('\n\n');
}

function more(count: number): string {
  return count > SHOWN ? `\n... and ${count - SHOWN} more` : '';
}

function planJson(plan: Plan, estimate: Estimate | undefined): object {
  return {
    schema: 1,
    study: plan.name,
    studyKey: plan.studyKey,
    seeds: plan.seeds,
    cells: plan.cells.map(({ parameters, warnings }) => ({ parameters, warnings })),
    dropped: plan.dropped,
    runs: plan.runs.map(({ runKey, parameters, seed, rounds }) => ({
      runKey,
      parameters: JSON.parse(parameters) as unknown,
      seed,
      rounds,
    })),
    estimate: estimate ?? null,
  };
}
