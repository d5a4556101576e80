/** `marinade run`: submit, compute, wait; show what came out. */
import type { KernelsName } from '../../shared/contracts/kernels.ts';
import { codeOf } from '../../shared/errors.ts';
import type { ThreadPlan, WorkerPool } from '../../worker/pool.ts';
import { type Interrupt, listenForInterrupt } from '../interrupt.ts';
import { createPool, defaultThreads } from '../pool.ts';
import { createProgressLine, type ProgressLine } from '../progress.ts';
import type { StudyOptions } from '../wire.ts';

export interface RunOptions extends StudyOptions {
  readonly results: string;
  readonly threads?: number;
  readonly kernels: KernelsName;
  readonly parallel: ThreadPlan;
  readonly roundsPerJob: number | 'auto';
  readonly redis?: string;
  readonly queue: string;
  readonly redisPasswordFile?: string;
  readonly redisCa?: string;
  readonly workers?: number;
  readonly acceptLosingQueuedJobs: boolean;
  readonly report: boolean;
  readonly dash: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** What carrying out a study needs, made by `run` and closed by it. */
export interface Workshop {
  readonly options: RunOptions & { readonly threads: number };
  readonly pool: WorkerPool;
  readonly progress: ProgressLine;
  readonly interrupt: Interrupt;
}

export async function run(studyPath: string, given: RunOptions): Promise<void> {
  const options = { ...given, threads: given.threads ?? defaultThreads() };
  const progress = createProgressLine(process.stderr, given.quiet);
  const interrupt = listenForInterrupt((signal) => progress.note(`${signal}: finishing the rounds under way; once more to stop at once`));
  if (options.parallel === 'inline') progress.note('computing on the main thread (--parallel inline is for debugging)');
  const pool = createPool(options);
  try {
    // Its threads load while the rest of the program does.
    const { carryOut } = await import('../carry-out.ts');
    await carryOut(studyPath, { options, pool, progress, interrupt });
  } catch (thrown) {
    if (interrupt.exitCode() === undefined || codeOf(thrown) !== 'MARINADE_EXECUTION_INTERRUPTED') throw thrown;
    progress.warn('stopped before any run began');
    process.exitCode = interrupt.exitCode()!;
  } finally {
    progress.end();
    await pool.close();
    interrupt.dispose();
  }
}
