/** Entry of a pool thread: attaches to the shared heap, loads users' strategies, then answers tasks one by one. */
import { workerData } from 'node:worker_threads';
import { toPlain } from '../shared/errors.ts';
import { SharedHeap } from './shared-heap.ts';
import { loadCatalog } from './strategy-modules.ts';
import { TaskRunner } from './task-runner.ts';
import type { PoolTask, TaskAnswer, ThreadData } from './tasks.ts';

// Piscina puts its own data beside ours: [piscina, ours].
const { memory, stopFlag, strategyModules } = (Array.isArray(workerData) ? workerData[1] : workerData) as ThreadData;
const runner = loadCatalog(strategyModules).then((catalog) => new TaskRunner(new SharedHeap(memory), catalog, stopFlag));
// The failure reaches whoever sends the first task; without this it would end the thread before.
runner.catch(() => {});

/** Answers one task; a failure is returned as plain data. */
export async function answerTask(task: PoolTask): Promise<TaskAnswer> {
  try {
    return { ok: true, value: await (await runner).run(task) };
  } catch (thrown) {
    return { ok: false, failure: toPlain(thrown) };
  }
}
