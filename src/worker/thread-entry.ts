/** Entry of a pool thread: attaches to the shared heap, loads users' strategies, then answers tasks one by one. */
import { Console } from 'node:console';
import { threadId, workerData } from 'node:worker_threads';
import { SharedHeap } from './shared-heap.ts';
import { loadCatalog } from './strategy-modules.ts';
import { taskFailure } from './task-failure.ts';
import { TaskRunner } from './task-runner.ts';
import type { PoolTask, TaskAnswer, ThreadData } from './tasks.ts';

// Standard output is for results; what users' strategies say while they are tried out is none.
globalThis.console = new Console(process.stderr);

// Piscina puts its own data beside ours: [piscina, ours].
const { memory, kernels, stopFlag, strategyModules } = (Array.isArray(workerData) ? workerData[1] : workerData) as ThreadData;
const heap = new SharedHeap(memory, kernels, threadId);
const runner = loadCatalog(strategyModules).then((catalog) => new TaskRunner(heap, catalog, stopFlag, threadId));
// The failure reaches whoever sends the first task; without this it would end the thread before.
runner.catch(() => {});

/** Answers one task; a failure is returned as plain data. */
export async function answerTask(task: PoolTask): Promise<TaskAnswer> {
  try {
    const value = await (await runner).run(task);
    // Results of round jobs are plain copies by construction; data are views of the shared memory.
    if (task.kind !== 'round-job') structuredClone(value);
    return { ok: true, value };
  } catch (thrown) {
    return { ok: false, failure: taskFailure(thrown) };
  }
}
