/**
 * Entry of an isolated process: executes the one round job it is sent, sends the result back, ends. It computes on a
 * thread, so that it ends with its parent at once, however that dies: the channel closes.
 */
import { toPlain } from '../shared/errors.ts';
import type { RoundJob } from '../shared/messages/round-job.ts';
import type { IsolatedRequest } from './isolated.ts';
import { WorkerPool } from './pool.ts';

async function execute({ job, options }: IsolatedRequest): Promise<void> {
  const pool = new WorkerPool({ ...options, threads: 1, plan: 'runs' });
  try {
    const value = await pool.execute(job satisfies RoundJob);
    process.send!({ ok: true, value }, () => process.exit(0));
  } catch (thrown) {
    process.send!({ ok: false, failure: toPlain(thrown) }, () => process.exit(0));
  }
}

process.on('disconnect', () => process.exit(1));
// A terminal's Ctrl-C reaches the whole group; the parent decides what becomes of this job.
process.on('SIGINT', () => {});
process.once('message', (request) => void execute(request as IsolatedRequest));
