/**
 * Executes each round job in a child process of its own: for a run under suspicion of killing what executes it. A
 * death there is witnessed: exit code or signal, and the last lines the child wrote to its standard error.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { RoundJobExecutor } from '../shared/contracts/round-job.ts';
import { fromPlain, isDeath, MarinadeError } from '../shared/errors.ts';
import type { RoundJob, RoundJobResult } from '../shared/messages/round-job.ts';
import { entryUrl } from '../shared/program.ts';
import type { PoolOptions } from './pool.ts';
import type { TaskAnswer } from './tasks.ts';

export interface IsolatedRequest {
  readonly job: RoundJob;
  readonly options: Omit<PoolOptions, 'threads' | 'plan'>;
}

const KEPT_OUTPUT = 2000;
/** What V8 says before it ends a process that has no memory left. */
const OUT_OF_MEMORY = /heap out of memory|allocation failed/i;

export class IsolatedExecutor implements RoundJobExecutor {
  readonly capacity = 1;
  readonly #options: IsolatedRequest['options'];
  readonly #children = new Set<ChildProcess>();
  readonly #stopped = new WeakSet<ChildProcess>();

  constructor(options: IsolatedRequest['options']) {
    this.#options = options;
  }

  execute(job: RoundJob): Promise<RoundJobResult> {
    const child = fork(entryUrl('worker/isolated-entry'), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#children.add(child);
    let output = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT);
    });
    return new Promise((resolve, reject) => {
      let answer: TaskAnswer | undefined;
      child.once('message', (message) => {
        answer = message as TaskAnswer;
      });
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.#children.delete(child);
        if (answer?.ok === true) resolve(answer.value as RoundJobResult);
        else if (this.#stopped.has(child))
          reject(new MarinadeError('MARINADE_EXECUTION_INTERRUPTED', 'an isolated process was ended because this one stops'));
        // A thread of the child that died is a death as well: the child lived to see it.
        else if (answer !== undefined && !isDeath(answer.failure.code)) reject(fromPlain(answer.failure));
        else {
          const how = answer?.failure.message ?? `the process ended with ${signal === null ? `exit code ${code}` : `signal ${signal}`}`;
          const outOfMemory = answer?.failure.code === 'MARINADE_EXECUTION_OUT_OF_MEMORY' || OUT_OF_MEMORY.test(output);
          reject(
            new MarinadeError(
              outOfMemory ? 'MARINADE_EXECUTION_OUT_OF_MEMORY' : 'MARINADE_EXECUTION_WORKER_LOST',
              `run ${job.runKey.slice(0, 12)}, alone in a process of its own: ${how}${output === '' ? '' : `; its last words: ${output.trim()}`}`,
              { code, signal, output, witnessed: true },
            ),
          );
        }
      });
      child.send({ job, options: this.#options } satisfies IsolatedRequest, (error) => {
        if (error !== null) child.kill('SIGKILL');
      });
    });
  }

  requestStop(): void {
    for (const child of this.#children) {
      this.#stopped.add(child);
      child.kill('SIGKILL');
    }
  }

  async close(): Promise<void> {
    this.requestStop();
    await Promise.all([...this.#children].map((child) => new Promise((resolve) => child.once('close', resolve))));
  }
}
