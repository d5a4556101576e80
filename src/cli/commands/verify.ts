/**
 * `marinade verify`: computes a recorded run again, or every run of a study, and compares every bit with what the
 * ledger holds. Says what was compared and how much of it, and on a difference what to do.
 */
import type { Experiment } from '../../algorithm/experiment.ts';
import { needsOptimum } from '../../algorithm/metrics.ts';
import type { KernelsName } from '../../shared/contracts/kernels.ts';
import type { LedgerReader, StudyRow, StudyRun } from '../../shared/contracts/ledger.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { ThreadPlan, WorkerPool } from '../../worker/pool.ts';
import { findStudyOrRun, withReader } from '../lookup.ts';
import { counted, print, printJson, say } from '../output.ts';
import { createPool, type DataChoice, dataOptionsOf, defaultThreads, modulesOf } from '../pool.ts';
import { createProgressLine } from '../progress.ts';
import { type Recomputation, recompute, type Verified } from '../recompute.ts';
import { settleData } from '../settle-data.ts';

interface VerifyOptions extends DataChoice {
  readonly results: string;
  readonly strategies: readonly string[];
  readonly threads?: number;
  readonly kernels: KernelsName;
  readonly parallel: ThreadPlan;
  readonly from?: number;
  readonly json: boolean;
}

interface Compared {
  readonly run: StudyRun;
  readonly verified: Verified;
}

/** Ends with 0 when all bits agree, with 1 when one does not. */
export async function verify(name: string, given: VerifyOptions): Promise<void> {
  await withReader(given.results, async (ledger) => {
    const { study, run } = await findStudyOrRun(ledger, name);
    if (study !== undefined && given.from !== undefined) throw usage(`--from belongs to one run; '${name}' is a study`);
    const runs = study === undefined ? [run] : await ledger.runs(study.studyKey);
    const recorded = runs.filter(({ committedRound }) => committedRound >= 0);
    if (recorded.length === 0) {
      const what = study === undefined ? `run ${run.runKey}` : `study '${study.name}'`;
      throw usage(`nothing of ${what} is recorded yet: there is nothing to compare`);
    }
    const threads = given.threads ?? defaultThreads();
    const pool = createPool({ ...given, threads });
    try {
      const compared = await recomputeAll(recorded, ledger, pool, { ...given, threads });
      if (study === undefined) tellRun(compared[0]!, given.json);
      else tellStudy(study, compared, runs.length - recorded.length, given.json);
      if (compared.some(({ verified }) => verified.difference !== undefined)) process.exitCode = 1;
    } finally {
      await pool.close();
    }
  });
}

/** Every run in turn, as many at a time as there are threads. */
async function recomputeAll(
  runs: readonly StudyRun[],
  ledger: LedgerReader,
  pool: WorkerPool,
  options: VerifyOptions & { readonly threads: number },
): Promise<Compared[]> {
  const data = new Map(runs.map((run) => [run.dataSha256, (JSON.parse(run.experiment) as Experiment).data]));
  for (const spec of data.values()) if (spec !== undefined) await settleData(spec, dataOptionsOf(options), { say });
  const optima = new Map<string, Promise<number>>();
  const recomputation: Recomputation = {
    ledger,
    pool,
    modules: modulesOf(options),
    from: options.from,
    solve(objectiveKey, experiment) {
      const solved = optima.get(objectiveKey) ?? pool.solveOptimum(experiment).then(({ value }) => value);
      optima.set(objectiveKey, solved);
      return solved;
    },
  };
  const progress = createProgressLine(process.stderr, options.json || runs.length === 1);
  const compared: Compared[] = [];
  let [next, roundsDone, failed] = [0, 0, 0];
  const total = runs.reduce((sum, { committedRound }) => sum + committedRound, 0);
  const lane = async (): Promise<void> => {
    for (let i = next++; i < runs.length; i = next++) {
      const run = runs[i]!;
      const verified = await recompute(run, recomputation);
      compared[i] = { run, verified };
      roundsDone += run.committedRound;
      if (verified.difference !== undefined) failed++;
      const finished = compared.filter((one) => one !== undefined).length;
      progress.update({ total: runs.length, finished, failed, roundsDone, roundsLeft: total - roundsDone });
    }
  };
  try {
    await Promise.all(Array.from({ length: options.parallel === 'inline' ? 1 : options.threads }, lane));
  } finally {
    progress.end();
  }
  return compared;
}

function runJson({ run, verified: { difference, ...counts } }: Compared): object {
  return { runKey: run.runKey, equal: difference === undefined, ...counts, difference: difference ?? null };
}

function tellRun(compared: Compared, json: boolean): void {
  const { run, verified } = compared;
  if (json) printJson({ schema: 1, ...runJson(compared) });
  else if (verified.difference !== undefined) print(`${differenceText(compared)}\n${remedy}`);
  else
    print(
      `equal to the last bit: run ${run.runKey.slice(0, 16)}, computed again ${beginText(verified)} to round ${verified.to}: ${contentText([compared])}`,
    );
}

function tellStudy({ name, studyKey }: StudyRow, compared: readonly Compared[], unrecorded: number, json: boolean): void {
  const different = compared.filter(({ verified }) => verified.difference !== undefined);
  if (json) {
    printJson({ schema: 1, study: name, studyKey, equal: different.length === 0, runs: compared.map(runJson), unrecorded });
    return;
  }
  const equal = compared.filter(({ verified }) => verified.difference === undefined);
  const lines = [];
  const of = `${counted(compared.length, 'run')} of study ${name} (${studyKey})`;
  if (different.length === 0) lines.push(`equal to the last bit: ${of}, computed again from x^0: ${contentText(equal)}`);
  else lines.push(`DIFFERENT: ${different.length} of ${of}, computed again from x^0`, ...different.map(differenceText));
  if (different.length > 0 && equal.length > 0)
    lines.push(`equal to the last bit: the other ${counted(equal.length, 'run')}: ${contentText(equal)}`);
  if (unrecorded > 0) lines.push(`not compared: ${counted(unrecorded, 'run')} of which nothing is recorded yet`);
  if (different.length > 0) lines.push(remedy);
  print(lines.join('\n'));
}

/** What was compared, and how much of it. */
function contentText(compared: readonly Compared[]): string {
  const sum = (count: (one: Compared) => number): number => compared.reduce((all, one) => all + count(one), 0);
  const points = sum(({ verified }) => verified.points);
  const numbers = sum(({ run, verified }) => verified.points * run.metrics.length);
  const metrics = new Set(compared.flatMap(({ run }) => run.metrics));
  const hashes = compared.flatMap(({ run }) => run.resultHash ?? []);
  const optima = new Set(compared.flatMap(({ run }) => (run.metrics.some(needsOptimum) ? (run.objectiveKey ?? []) : [])));
  const parts = [
    `${counted(points, 'point')} of ${counted(metrics.size, 'metric')} (${counted(numbers, 'number')})`,
    counted(
      sum(({ verified }) => verified.checkpoints.length),
      'checkpoint',
    ),
    optima.size === 0 ? '' : optima.size === 1 ? 'f*' : `${optima.size} values of f*`,
    hashes.length === 1 ? `result hash ${hashes[0]!.slice(0, 16)}` : hashes.length === 0 ? '' : `${hashes.length} result hashes`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function beginText({ from }: Verified): string {
  return from === 0 ? 'from x^0' : `from the checkpoint of round ${from}`;
}

function differenceText({ run, verified }: Compared): string {
  const { what, round, stored, computed } = verified.difference!;
  const place = `${what}${round === undefined ? '' : ` at round ${round}`}`;
  return `DIFFERENT: run ${run.runKey} ${beginText(verified)}: first difference in ${place}\n  stored    ${stored}\n  computed  ${computed}`;
}

const remedy = `to do: one experiment has one result, so the record or this computation is wrong. Verify the run once more with
  --kernels reference --parallel inline
  The same difference again: the record is wrong. \`marinade doctor\` checks the ledger; a run into another results folder records it anew.
  No difference, or another one: this machine or our kernels err. Please report it with the lines above.`;

function usage(message: string): MarinadeError {
  return new MarinadeError('MARINADE_CONFIG_USAGE', message);
}
