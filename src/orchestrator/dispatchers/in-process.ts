/** The in-process dispatcher: round jobs straight to the executors it is given. No server. */
import type { Dispatcher } from '../../shared/contracts/dispatcher.ts';
import type { RoundJobExecutor } from '../../shared/contracts/round-job.ts';

/**
 * @param executor the pool of this process
 * @param isolated an executor that gives each job a process of its own
 */
export function inProcessDispatcher(executor: RoundJobExecutor, isolated: RoundJobExecutor): Dispatcher {
  return {
    // Behind every running job one waits: runs of equal length end together, and no thread should idle during commits.
    get outstanding() {
      return 2 * executor.capacity;
    },
    dispatch: (job, options) => (options.isolated ? isolated : executor).execute(job),
    // A job under way ends with its rounds, or with its budget if it has one; nobody hears its result.
    recall() {},
    requestStop() {
      executor.requestStop();
      isolated.requestStop();
    },
    async close() {
      await Promise.all([executor.close(), isolated.close()]);
    },
  };
}
