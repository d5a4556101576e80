/** `marinade run`: submit, compute, wait; show what came out. */

import { hostname } from 'node:os';
import { relative, resolve } from 'node:path';
import { inProcessDispatcher } from '../../orchestrator/dispatchers/in-process.ts';
import type { Plan } from '../../orchestrator/plan/plan-study.ts';
import { studyJson } from '../../orchestrator/results/json.ts';
import { outcomeTable, textTable } from '../../orchestrator/results/tables.ts';
import { runStudy, type StudySummary } from '../../orchestrator/run-study.ts';
import type { Dispatcher } from '../../shared/contracts/dispatcher.ts';
import type { KernelsName } from '../../shared/contracts/kernels.ts';
import type { Ledger } from '../../shared/contracts/ledger.ts';
import { codeOf } from '../../shared/errors.ts';
import { IsolatedExecutor } from '../../worker/isolated.ts';
import type { ThreadPlan, WorkerPool } from '../../worker/pool.ts';
import { type Interrupt, listenForInterrupt, unlessInterrupted } from '../interrupt.ts';
import { counted, print, printJson, say } from '../output.ts';
import { createProgressLine, type ProgressLine } from '../progress.ts';
import type { openQueue } from '../queue.ts';
import {
  chooseThreadPlan,
  createPool,
  dataOf,
  dataOptionsOf,
  defaultThreads,
  modulesOf,
  ownLedger,
  planOf,
  type StudyOptions,
} from '../wire.ts';

interface RunOptions extends StudyOptions {
  readonly results: string;
  readonly threads?: number;
  readonly kernels: KernelsName;
  readonly parallel: ThreadPlan | 'auto';
  readonly roundsPerJob: number | 'auto';
  readonly redis?: string;
  readonly queue: string;
  readonly redisPasswordFile?: string;
  readonly redisCa?: string;
  readonly workers?: number;
  readonly acceptLosingQueuedJobs: boolean;
  readonly report: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** What carrying out a study needs, made by `run` and closed by it. */
interface Workshop {
  readonly options: RunOptions & { readonly threads: number };
  readonly pool: WorkerPool;
  readonly dispatcher: Dispatcher;
  readonly progress: ProgressLine;
  readonly interrupt: Interrupt;
}

export async function run(studyPath: string, given: RunOptions): Promise<void> {
  const options = { ...given, threads: given.threads ?? defaultThreads() };
  const progress = createProgressLine(process.stderr, given.quiet);
  const interrupt = listenForInterrupt((signal) => progress.note(`${signal}: finishing the rounds under way; once more to stop at once`));
  if (options.parallel === 'inline') progress.note('computing on the main thread (--parallel inline is for debugging)');
  // Threads start while the study is planned.
  const pool = createPool(options);
  const isolated = new IsolatedExecutor({ kernels: options.kernels, data: dataOptionsOf(options), strategyModules: modulesOf(options) });
  const { signal } = interrupt;
  let queue: Awaited<ReturnType<typeof openQueue>> | undefined;
  try {
    if (given.redis !== undefined) {
      // The client of Redis is loaded by whoever needs it.
      const { openQueue } = await import('../queue.ts');
      const opening = openQueue({ ...options, redis: given.redis, dataDir: given.dataDir }, (text) => progress.warn(text));
      queue = await unlessInterrupted(opening, signal, 'connecting');
    }
    const data = dataOf(pool, options, { signal, say: (text) => progress.warn(text) });
    const plan = await unlessInterrupted(planOf(studyPath, options, data), signal, 'planning');
    const dispatcher = queue?.dispatcher ?? inProcessDispatcher(pool, isolated);
    await carryOut(plan, { options, pool, dispatcher, progress, interrupt });
  } catch (thrown) {
    if (interrupt.exitCode() === undefined || codeOf(thrown) !== 'MARINADE_EXECUTION_INTERRUPTED') throw thrown;
    progress.warn('stopped before any run began');
    process.exitCode = interrupt.exitCode()!;
  } finally {
    progress.end();
    await queue?.dispatcher.close();
    await queue?.workers.stop();
    await Promise.all([pool.close(), isolated.close()]);
    interrupt.dispose();
  }
}

async function carryOut(plan: Plan, { options, pool, dispatcher, progress, interrupt }: Workshop): Promise<void> {
  for (const { parameters, why } of plan.dropped.slice(0, 3)) progress.note(`dropped ${JSON.stringify(parameters)}: ${why}`);
  if (plan.dropped.length > 3) progress.note(`and ${counted(plan.dropped.length - 3, 'more cell')}; \`marinade plan\` shows them`);
  for (const warning of new Set(plan.cells.flatMap(({ warnings }) => warnings))) progress.warn(`note: ${warning}`);
  const ledger = await ownLedger(options.results);
  try {
    pool.plan = options.parallel === 'inline' ? 'runs' : chooseThreadPlan(options.parallel, plan.runs.length, options.threads);
    progress.start();
    const summary = await runStudy({
      ledger,
      dispatcher,
      plan,
      worker: `${hostname()}/${process.pid} ${options.parallel === 'inline' ? 'inline' : `${pool.plan} x${options.threads}`} ${options.kernels}`,
      roundsPerJob: options.roundsPerJob,
      solveOptimum: async (experiment) => {
        const { value, ...certificate } = await unlessInterrupted(pool.solveOptimum(experiment), interrupt.signal, 'solving for f*');
        return { value, certificate };
      },
      signal: interrupt.signal,
      onProgress: (now) => progress.update(now),
      onWarning: (message) => progress.warn(message),
    });
    progress.end();
    const unfinished = await showOutcome(ledger, plan, summary, options);
    if (unfinished > 0) process.exitCode = interrupt.exitCode() ?? 130;
  } finally {
    await ledger.close();
  }
}

/** Prints what came out, and returns how many runs an interrupt left unfinished. */
async function showOutcome(ledger: Ledger, { studyKey, name }: Plan, summary: StudySummary, options: RunOptions): Promise<number> {
  const runs = await ledger.runs(studyKey);
  if (options.json) printJson(studyJson(name, runs));
  else if (options.quiet) print(runs.map(({ runKey }) => runKey).join('\n'));
  else print(`${name}: ${counted(runs.length, 'run')} (${summary.submitted.finished} known before)\n\n${textTable(outcomeTable(runs))}`);

  for (const { runKey, failure, outcome } of runs) {
    if (failure !== null) say(`${outcome} ${runKey.slice(0, 12)}: ${failure.code}: ${failure.message}`);
  }
  const unfinished = runs.filter(({ state }) => state !== 'finished').length;
  if (unfinished > 0) {
    say(`stopped with ${counted(unfinished, 'run')} unfinished; the same command goes on with them`);
    return unfinished;
  }
  if (options.report) {
    const { reportStudy } = await import('../study-report.ts');
    const { htmlPath } = await reportStudy(ledger, studyKey, resolve(options.results, 'reports', name));
    say(`report: ${relative(process.cwd(), htmlPath)}`);
  }
  if (runs.some(({ outcome }) => outcome === 'failed' || outcome === 'quarantined')) process.exitCode = 3;
  return 0;
}
