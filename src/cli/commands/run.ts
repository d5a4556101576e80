/** `marinade run`: submit, compute, wait; show what came out. */
import { hostname } from 'node:os';
import { relative, resolve } from 'node:path';
import { inProcessDispatcher } from '../../orchestrator/dispatchers/in-process.ts';
import { studyJson } from '../../orchestrator/results/json.ts';
import { outcomeTable, textTable } from '../../orchestrator/results/tables.ts';
import { runStudy } from '../../orchestrator/run-study.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { IsolatedExecutor } from '../../worker/isolated.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { createProgressLine } from '../progress.ts';
import { openQueue } from '../queue.ts';
import { reportStudy } from '../study-report.ts';
import { chooseThreadPlan, createPool, dataOptionsOf, defaultThreads, type ExecutionOptions, ownLedger, planOf } from '../wire.ts';

type RunOptions = Omit<ExecutionOptions, 'threads' | 'roundsPerJob'> & {
  readonly threads?: number;
  readonly roundsPerJob: string;
  readonly redis?: string;
  readonly queue: string;
  readonly redisPasswordFile?: string;
  readonly redisCa?: string;
  readonly workers?: number;
  readonly acceptLosingQueuedJobs: boolean;
  readonly report: boolean;
  readonly quiet?: boolean;
  readonly json: boolean;
};

function roundsPerJobOf(text: string): number | 'auto' {
  const value = Number(text);
  if (text === 'auto' || (Number.isInteger(value) && value > 0)) return text === 'auto' ? text : value;
  throw new MarinadeError('MARINADE_CONFIG_USAGE', `--rounds-per-job expects auto or a positive integer; got '${text}'`);
}

export async function run(studyPath: string, given: RunOptions): Promise<void> {
  const options: ExecutionOptions = {
    ...given,
    threads: given.threads ?? defaultThreads(),
    roundsPerJob: roundsPerJobOf(given.roundsPerJob),
  };
  const progress = createProgressLine(process.stderr, given.quiet === true);
  const interrupt = listenForInterrupt((signal) => progress.note(`${signal}: finishing the rounds under way; once more to stop at once`));
  if (options.parallel === 'inline') progress.note('computing on the main thread (--parallel inline is for debugging)');
  // Threads start while the study is planned.
  const pool = createPool(options);
  const isolated = new IsolatedExecutor({ data: dataOptionsOf(options), strategyModules: options.strategies.map((path) => resolve(path)) });
  const queue =
    given.redis === undefined
      ? undefined
      : await openQueue({ ...given, redis: given.redis, threads: options.threads }, (text) => progress.note(text));
  const dispatcher = queue?.dispatcher ?? inProcessDispatcher(pool, isolated);
  try {
    const { plan } = await planOf(studyPath, options, pool);
    for (const { parameters, why } of plan.dropped.slice(0, 3)) progress.note(`dropped ${JSON.stringify(parameters)}: ${why}`);
    for (const warning of new Set(plan.cells.flatMap(({ warnings }) => warnings))) progress.note(`note: ${warning}`);
    const ledger = await ownLedger(options.results);
    try {
      pool.plan = options.parallel === 'inline' ? 'runs' : chooseThreadPlan(options.parallel, plan.runs.length, options.threads);
      const summary = await runStudy({
        ledger,
        dispatcher,
        plan,
        worker: `${hostname()}/${process.pid} ${options.parallel === 'inline' ? 'inline' : `${pool.plan} x${options.threads}`}`,
        roundsPerJob: options.roundsPerJob,
        solveOptimum: async (experiment) => {
          const { value, ...certificate } = await pool.solveOptimum(experiment);
          return { value, certificate };
        },
        signal: interrupt.signal,
        onProgress: (now) => progress.update(now),
        onWarning: (message) => progress.note(message),
      });
      progress.end();
      const runs = await ledger.runs(plan.studyKey);
      if (given.json) process.stdout.write(`${JSON.stringify(studyJson(plan.name, runs))}\n`);
      else
        process.stdout.write(
          `${plan.name}: ${runs.length} runs (${summary.submitted.finished} known before)\n\n${textTable(outcomeTable(runs))}\n`,
        );
      for (const { runKey, failure, outcome } of runs.filter((one) => one.failure !== null)) {
        process.stderr.write(`${outcome} ${runKey.slice(0, 12)}: ${failure!.code}: ${failure!.message}\n`);
      }
      if (given.report && !summary.interrupted) {
        const { htmlPath } = await reportStudy(ledger, plan.studyKey, resolve(options.results, 'reports', plan.name));
        process.stderr.write(`report: ${relative(process.cwd(), htmlPath)}\n`);
      }
      if (summary.interrupted) {
        const unfinished = runs.filter(({ state }) => state !== 'finished').length;
        process.stderr.write(`stopped with ${unfinished} runs unfinished; the same command goes on with them\n`);
        process.exitCode = interrupt.exitCode() ?? 130;
      } else if (runs.some(({ outcome }) => outcome === 'failed' || outcome === 'quarantined')) process.exitCode = 3;
    } finally {
      await ledger.close();
    }
  } finally {
    interrupt.dispose();
    await dispatcher.close();
    await queue?.workers.stop();
    await Promise.all([pool.close(), isolated.close()]);
  }
}
