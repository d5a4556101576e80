/** Entry of a pool thread: attaches to the shared heap, loads users' strategies, then answers tasks one by one. */
import { threadId, workerData } from 'node:worker_threads';
import { toPlain } from '../shared/errors.ts';
import { SharedHeap } from './shared-heap.ts';
import { loadCatalog } from './strategy-modules.ts';
import { TaskRunner } from './task-runner.ts';
import type { PoolTask, TaskAnswer, ThreadData } from './tasks.ts';

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
    return failureOf(thrown);
  }
}

/** A failure that can be sent: an answer the other side cannot read would be lost, and the task never end. */
function failureOf(thrown: unknown): TaskAnswer {
  const failure = toPlain(thrown);
  try {
    return structuredClone({ ok: false, failure });
  } catch {
    return { ok: false, failure: { ...failure, details: {} } };
  }
}
