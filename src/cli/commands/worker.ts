/** `marinade worker`: one process per machine that computes round jobs of a queue until it is told to leave. */

import type { Experiment } from '../../algorithm/experiment.ts';
import { runIdentity } from '../../orchestrator/plan/run-key.ts';
import type { KernelsName } from '../../shared/contracts/kernels.ts';
import { IsolatedExecutor } from '../../worker/isolated.ts';
import { QueueWorker } from '../../worker/queue-worker.ts';
import { hashStrategyModules } from '../../worker/strategy-modules.ts';
import { tokenOf } from '../client.ts';
import { listenForInterrupt, whenInterrupted } from '../interrupt.ts';
import { openLog } from '../log.ts';
import { obtainFrom, type Source } from '../obtain-data.ts';
import { createPool, dataOptionsOf, defaultThreads, modulesOf } from '../pool.ts';
import { connectionOf, type QueueOptions, requireAdmission } from '../queue.ts';
import { version } from '../version.ts';

export interface WorkerOptions extends QueueOptions {
  readonly threads?: number;
  readonly kernels: KernelsName;
  readonly dataDir: string | undefined;
  readonly offline: boolean;
  readonly strategies: readonly string[];
  readonly lockDuration: number;
  readonly drainLimit: number;
  readonly orchestrator?: string;
  readonly tokenFile?: string;
}

/** The orchestrator that data come from, where one is named. */
async function sourceOf({ orchestrator, tokenFile }: WorkerOptions): Promise<Source | undefined> {
  if (orchestrator === undefined) return undefined;
  return { address: orchestrator, token: await tokenOf(tokenFile) };
}

export async function worker(given: WorkerOptions): Promise<void> {
  const log = openLog('worker', 'worker: ');
  const interrupt = listenForInterrupt((signal) => log.note(`${signal}: finishing the rounds under way; once more to stop at once`));
  const connection = await connectionOf(given);
  await requireAdmission(connection);
  const threads = given.threads ?? defaultThreads();
  const source = await sourceOf(given);
  const obtain = source === undefined ? {} : { obtain: obtainFrom(source, dataOptionsOf(given), log.note) };
  const pool = createPool({ ...given, threads, parallel: 'runs', ...obtain });
  const strategyModules = modulesOf(given);
  const isolated = new IsolatedExecutor({
    kernels: given.kernels,
    data: dataOptionsOf(given),
    strategyModules,
  });
  const strategies = hashStrategyModules(strategyModules);
  const leaving = Promise.withResolvers<void>();
  const member = new QueueWorker({
    waiting: connection.waiting,
    keys: connection.keys,
    executor: pool,
    isolated,
    version,
    runKeyOf: (experiment, dataSha256) => runIdentity(JSON.parse(experiment) as Experiment, dataSha256, strategies).runKey,
    lockDurationMs: 1000 * given.lockDuration,
    onDrain: leaving.resolve,
    onWarning: log.warn,
  });
  log.bind({ worker: member.id });
  log.note(`${member.id} computes on ${threads} threads with ${given.kernels} kernels for queue '${given.queue}' at ${connection.shown}`);
  try {
    await Promise.race([
      whenInterrupted(interrupt.signal),
      leaving.promise.then(() => log.note('asked to leave: finishing the rounds under way')),
    ]);
    await member.drain(1000 * given.drainLimit);
    process.exitCode = interrupt.exitCode() ?? 0;
  } finally {
    interrupt.dispose();
    await Promise.all([pool.close(), isolated.close()]);
  }
}
