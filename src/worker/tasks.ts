/** What the main thread asks of a pool thread, and what comes back: plain data, and views of shared memory. */
import type { DataSpec } from '../algorithm/data/spec.ts';
import type { Optimum } from '../algorithm/engine/solve-optimum.ts';
import type { KernelsName } from '../shared/contracts/kernels.ts';
import type { PlainFailure } from '../shared/errors.ts';
import type { RoundJob, RoundJobResult } from '../shared/messages/round-job.ts';
import type { DataOptions, LoadedData } from './data/load.ts';

/** Runs kept warm per thread: one outstanding job each, and one more queued behind. */
export const WARM_RUNS = 2;

export type PoolTask =
  /** Nothing but to be there: what it loads, the tasks after it find. */
  | { readonly kind: 'attend' }
  | { readonly kind: 'load-data'; readonly spec: DataSpec; readonly options: DataOptions }
  | { readonly kind: 'solve-optimum'; readonly experiment: string; readonly loaded: LoadedData | undefined }
  | {
      readonly kind: 'round-job';
      readonly job: RoundJob;
      readonly loaded: LoadedData | undefined;
      readonly control: Int32Array | undefined;
      /** Requests to stop when the job was asked for. */
      readonly stops: number;
    }
  | {
      readonly kind: 'seat';
      readonly job: Pick<RoundJob, 'experiment' | 'runKey'>;
      readonly loaded: LoadedData | undefined;
      readonly control: Int32Array;
    };

export type TaskValue = {
  readonly attend: null;
  readonly 'load-data': LoadedData;
  readonly 'solve-optimum': Optimum;
  readonly 'round-job': RoundJobResult;
  readonly seat: null;
};

/** A failure is returned, never thrown: class and fields of an error do not survive a thread boundary. */
export type TaskAnswer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly failure: PlainFailure };

/** What every pool thread is started with. */
export interface ThreadData {
  readonly memory: WebAssembly.Memory;
  readonly kernels: KernelsName;
  /** Word 0 counts the requests to stop: a job that was asked for at another count ends at its next round. */
  readonly stopFlag: Int32Array;
  /** Absolute paths of users' strategy modules. */
  readonly strategyModules: readonly string[];
}
