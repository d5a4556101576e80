/** Carries out a study for `marinade run`: plan, ledger, dispatcher; then shows what came out. */
import { hostname } from 'node:os';
import { relative } from 'node:path';
import { inProcessDispatcher } from '../orchestrator/dispatchers/in-process.ts';
import type { Plan } from '../orchestrator/plan/plan-study.ts';
import { studyJson } from '../orchestrator/results/json.ts';
import { standInNote } from '../orchestrator/results/run-data.ts';
import { outcomeTable, textTable } from '../orchestrator/results/tables.ts';
import { runStudy, type StudySummary } from '../orchestrator/run-study.ts';
import type { Dispatcher } from '../shared/contracts/dispatcher.ts';
import type { Ledger } from '../shared/contracts/ledger.ts';
import { IsolatedExecutor } from '../worker/isolated.ts';
import type { RunOptions, Workshop } from './commands/run.ts';
import { failureLines } from './failures.ts';
import { unlessInterrupted } from './interrupt.ts';
import { requireMemory } from './memory.ts';
import { counted, print, printJson, say } from './output.ts';
import { dataOptionsOf, modulesOf } from './pool.ts';
import type { openQueue } from './queue.ts';
import { dataOf, ownLedger, planOf, untoldWarnings } from './wire.ts';

export async function carryOut(studyPath: string, workshop: Workshop): Promise<void> {
  const { options, pool, progress, interrupt } = workshop;
  const { signal } = interrupt;
  const isolated = new IsolatedExecutor({ kernels: options.kernels, data: dataOptionsOf(options), strategyModules: modulesOf(options) });
  let queue: Awaited<ReturnType<typeof openQueue>> | undefined;
  try {
    if (options.redis !== undefined) {
      // The client of Redis is loaded by whoever needs it.
      const { openQueue } = await import('./queue.ts');
      const opening = openQueue({ ...options, redis: options.redis, dataDir: options.dataDir }, (text) => progress.warn(text));
      queue = await unlessInterrupted(opening, signal, 'connecting');
    }
    const data = dataOf(pool, options, { signal, say: (text) => progress.warn(text) });
    const plan = await unlessInterrupted(planOf(studyPath, options, data), signal, 'planning');
    for (const warning of untoldWarnings(plan, data.told)) progress.warn(`note: ${warning}`);
    if (options.redis === undefined) requireMemory(plan, options);
    await computePlan(plan, workshop, queue?.dispatcher ?? inProcessDispatcher(pool, isolated));
  } finally {
    await queue?.dispatcher.close();
    await queue?.workers.stop();
    await isolated.close();
  }
}

async function computePlan(plan: Plan, { options, pool, progress, interrupt }: Workshop, dispatcher: Dispatcher): Promise<void> {
  for (const { parameters, why } of plan.dropped.slice(0, 3)) progress.note(`dropped ${JSON.stringify(parameters)}: ${why}`);
  if (plan.dropped.length > 3) progress.note(`and ${counted(plan.dropped.length - 3, 'more cell')}; \`marinade plan\` shows them`);
  // Threads start while the ledger is opened; what goes wrong with them, their first task tells.
  pool.attend(plan.runs.length).catch(() => {});
  const ledger = await ownLedger(options.results);
  const page = options.dash
    ? await (await import('./dashboard.ts')).lookAt(options.results, { host: '127.0.0.1', port: 0, allowHost: [] }, (text) =>
        progress.warn(text),
      )
    : undefined;
  try {
    progress.start();
    const summary = await runStudy({
      ledger,
      dispatcher,
      plan,
      worker: `${hostname()}/${process.pid} ${options.parallel} x${options.parallel === 'inline' ? 1 : options.threads} ${options.kernels}`,
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
    await page?.close();
    await ledger.close();
  }
}

/** Prints what came out, and returns how many runs an interrupt left unfinished. */
async function showOutcome(ledger: Ledger, { studyKey, name }: Plan, summary: StudySummary, options: RunOptions): Promise<number> {
  const runs = await ledger.runs(studyKey);
  if (options.json) printJson(studyJson({ name, studyKey }, runs));
  else if (options.quiet) print(runs.map(({ runKey }) => runKey).join('\n'));
  else {
    const head = [`${name}: ${counted(runs.length, 'run')} (${summary.submitted.finished} known before)`, standInNote(runs)];
    print(`${head.filter((line) => line !== undefined).join('\n')}\n\n${textTable(outcomeTable(runs))}`);
  }

  for (const line of failureLines(runs)) say(line);
  const unfinished = runs.filter(({ state }) => state !== 'finished').length;
  if (unfinished > 0) {
    say(`stopped with ${counted(unfinished, 'run')} unfinished; the same command goes on with them`);
    return unfinished;
  }
  if (options.report) {
    const { reportStudy } = await import('./study-report.ts');
    const { htmlPath } = await reportStudy(ledger, studyKey, options);
    say(`report: ${relative(process.cwd(), htmlPath)}`);
  }
  if (runs.some(({ outcome }) => outcome === 'failed' || outcome === 'quarantined')) process.exitCode = 3;
  return 0;
}
