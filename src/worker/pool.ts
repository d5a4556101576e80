/**
 * The Piscina pool of a process: every thread on the one shared heap, data sets loaded into it once.
 *
 * Thread plans, same bits: *runs* gives each round job a thread of its own; *clients* gives all threads to one round
 * job (a leader and helpers at its barrier); *auto* is *runs*, but *clients* for a run of long rounds while there are
 * fewer jobs than threads; *inline* computes on the calling thread, for debugging.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { DataSpec } from '../algorithm/data/spec.ts';
import type { Optimum } from '../algorithm/engine/solve-optimum.ts';
import type { Experiment } from '../algorithm/experiment.ts';
import type { KernelsName } from '../shared/contracts/kernels.ts';
import type { Arena } from '../shared/contracts/memory.ts';
import type { RoundJobExecutor } from '../shared/contracts/round-job.ts';
import { codeOf, fromPlain, MarinadeError } from '../shared/errors.ts';
import { canonicalJson } from '../shared/hash.ts';
import type { RoundJob, RoundJobResult } from '../shared/messages/round-job.ts';
import { keepNewest } from '../shared/newest.ts';
import { entryUrl } from '../shared/program.ts';
import type { DataOptions, LoadedData } from './data/load.ts';
import { closeBarrier, controlInts, failBarrier } from './gather-threads.ts';
import { SharedHeap } from './shared-heap.ts';
import { taskFailure } from './task-failure.ts';
import type { TaskRunner } from './task-runner.ts';
import { type PoolTask, type TaskAnswer, type TaskValue, type ThreadData, WARM_RUNS } from './tasks.ts';

/** Runs whose rounds were timed and that may go on. */
const MAX_TIMED = 10_000;

export type ThreadPlan = 'runs' | 'clients' | 'auto' | 'inline';

/** Rounds of so many milliseconds gain from threads that share their clients: meeting twice a round costs some 20 us. */
const LONG_ROUND_MS = 0.25;

export interface PoolOptions {
  readonly threads: number;
  /** How round jobs use the threads. */
  readonly plan: ThreadPlan;
  /** Which kernels compute, wasm by default; every thread uses the same. */
  readonly kernels?: KernelsName;
  readonly data: DataOptions;
  readonly strategyModules: readonly string[];
  /** Brings data this machine lacks before they are loaded. */
  readonly obtain?: (spec: DataSpec) => Promise<void>;
}

export class WorkerPool implements RoundJobExecutor {
  readonly #options: PoolOptions;
  readonly #heap: SharedHeap;
  readonly #stopFlag = new Int32Array(new SharedArrayBuffer(4));
  readonly #piscina: Piscina | undefined;
  readonly #inline: Promise<TaskRunner> | undefined;
  /** Round jobs begun and not ended. */
  #underWay = 0;
  /** Milliseconds a round of a run took on one thread, for runs that go on. */
  readonly #roundMs = new Map<string, number>();
  readonly #loaded = new Map<string, Promise<LoadedData>>();
  readonly #controls = new Map<string, { readonly control: Int32Array; readonly arena: Arena }>();
  /** Settles when the last job under the plan *clients* has given its threads back. */
  #threadsFree: Promise<unknown> = Promise.resolve();
  #closing = false;

  constructor(options: PoolOptions) {
    const { plan, threads, kernels = 'wasm', strategyModules } = options;
    this.#options = options;
    this.#heap = new SharedHeap(undefined, kernels);
    if (plan === 'inline') {
      this.#inline = this.#runInline();
      this.#inline.catch(() => {});
      return;
    }
    this.#piscina = new Piscina<PoolTask, TaskAnswer>({
      filename: entryUrl('worker/thread-entry').href,
      name: 'answerTask',
      // The others start with the first task that finds no idle thread, or with `attend`: not beside the main thread's planning.
      minThreads: 1,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData: { memory: this.#heap.memory, kernels, stopFlag: this.#stopFlag, strategyModules } satisfies ThreadData,
    });
    // A thread that ends while it does nothing concerns no task, and is replaced.
    this.#piscina.on('error', () => {});
  }

  /** What only this plan needs is loaded by it alone: a pool starts its threads at once. */
  async #runInline(): Promise<TaskRunner> {
    const [{ loadCatalog }, { TaskRunner }] = await Promise.all([import('./strategy-modules.ts'), import('./task-runner.ts')]);
    return new TaskRunner(this.#heap, await loadCatalog(this.#options.strategyModules), this.#stopFlag, 0);
  }

  get capacity(): number {
    const { plan, threads } = this.#options;
    return plan === 'inline' || plan === 'clients' ? 1 : threads;
  }

  /** Has as many threads as so many jobs can use; resolves when they are there. */
  async attend(jobs: number): Promise<void> {
    const wanted = Math.min(jobs, this.#options.threads);
    await Promise.all(Array.from({ length: wanted }, () => this.#ask({ kind: 'attend' })));
  }

  /** A data set in shared memory, loaded by the first who asks. */
  load(spec: DataSpec): Promise<LoadedData> {
    const key = canonicalJson(spec);
    let loaded = this.#loaded.get(key);
    if (loaded === undefined) {
      const { obtain, data } = this.#options;
      const load = (): Promise<LoadedData> => this.#ask({ kind: 'load-data', spec, options: data });
      loaded = obtain === undefined ? load() : obtain(spec).then(load);
      this.#loaded.set(key, loaded);
      // A failed load may be repeated: the file may have been put in place since.
      loaded.catch(() => this.#loaded.delete(key));
    }
    return loaded;
  }

  /** f* of an experiment's objective. */
  async solveOptimum(experiment: string): Promise<Optimum> {
    return this.#ask({ kind: 'solve-optimum', experiment, loaded: await this.#dataOf(experiment) });
  }

  async execute(job: RoundJob): Promise<RoundJobResult> {
    const stops = Atomics.load(this.#stopFlag, 0);
    const loaded = await this.#dataOf(job.experiment);
    if (loaded !== undefined && loaded.sha256 !== job.dataSha256) {
      throw new MarinadeError(
        'MARINADE_DATA_CHECKSUM',
        `run ${job.runKey.slice(0, 12)} needs data with identity ${job.dataSha256}; the data found here have ${loaded.sha256}`,
      );
    }
    this.#underWay++;
    try {
      const result = await (this.#wantsAllThreads(job) ? this.#inTurn(job, loaded, stops) : this.#onOneThread(job, loaded, stops));
      if (result.outcome !== null) this.#roundMs.delete(job.runKey);
      return result;
    } finally {
      this.#underWay--;
    }
  }

  #wantsAllThreads({ runKey }: RoundJob): boolean {
    const { plan, threads } = this.#options;
    if (plan !== 'auto') return plan === 'clients';
    return this.#underWay < threads && (this.#roundMs.get(runKey) ?? 0) >= LONG_ROUND_MS;
  }

  async #onOneThread(job: RoundJob, loaded: LoadedData | undefined, stops: number): Promise<RoundJobResult> {
    const result = await this.#ask({ kind: 'round-job', job, loaded, control: undefined, stops });
    const rounds = result.toRound - Math.max(0, job.fromRound);
    if (this.#options.plan === 'auto' && rounds > 0) keepNewest(this.#roundMs, job.runKey, result.computeMs / rounds, MAX_TIMED);
    return result;
  }

  #inTurn(job: RoundJob, loaded: LoadedData | undefined, stops: number): Promise<RoundJobResult> {
    // One job at a time: seats of two jobs could hold every thread, and no leader would ever come.
    const turn = this.#threadsFree.then(() => this.#executeWithAllThreads(job, loaded, stops));
    this.#threadsFree = turn.catch(() => {});
    return turn;
  }

  /** A leader and helpers at its barrier; they share a control block for as long as the run lasts. */
  async #executeWithAllThreads(job: RoundJob, loaded: LoadedData | undefined, stops: number): Promise<RoundJobResult> {
    const { total } = (JSON.parse(job.experiment) as Experiment).clients;
    const { control, arena } = this.#controlOf(job.runKey, total);
    control.fill(0);
    const leader = this.#ask({ kind: 'round-job', job, loaded, control, stops });
    // Threads beyond cores or clients would only keep the others waiting at the barrier.
    const helping = Math.min(this.#options.threads, availableParallelism(), total);
    const seats = Array.from({ length: helping - 1 }, () =>
      this.#ask({ kind: 'seat', job: { experiment: job.experiment, runKey: job.runKey }, loaded, control }),
    );
    // Whoever dies says nothing to the others: they would wait at the barrier for ever.
    leader.catch(() => closeBarrier(control));
    for (const seat of seats) seat.catch(() => failBarrier(control));
    const [led, ...seated] = await Promise.allSettled([leader, ...seats]);
    const broken = seated.find((seat) => seat.status === 'rejected');
    if (led.status === 'rejected' || led.value.outcome !== null) {
      this.#controls.delete(job.runKey);
      arena.release();
    }
    if (led.status === 'rejected') throw broken?.reason ?? led.reason;
    return { ...led.value, threads: this.#options.threads };
  }

  #controlOf(runKey: string, clients: number): { readonly control: Int32Array; readonly arena: Arena } {
    let kept = this.#controls.get(runKey);
    if (kept === undefined) {
      const arena = this.#heap.arena();
      kept = { control: arena.ints(controlInts(clients)), arena };
    }
    // Only the job whose turn it is uses one: those of runs that went on elsewhere, or were given up, are given back.
    keepNewest(this.#controls, runKey, kept, WARM_RUNS * this.#options.threads)?.arena.release();
    return kept;
  }

  requestStop(): void {
    Atomics.add(this.#stopFlag, 0, 1);
  }

  /** Bytes of shared memory in use. */
  get sharedBytes(): number {
    return this.#heap.used();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.requestStop();
    await this.#piscina?.destroy();
  }

  async #dataOf(experiment: string): Promise<LoadedData | undefined> {
    const { data } = JSON.parse(experiment) as Experiment;
    return data === undefined ? undefined : this.load(data);
  }

  async #ask<Task extends PoolTask>(task: Task): Promise<TaskValue[Task['kind']]> {
    const answer = this.#piscina === undefined ? await this.#answerInline(task) : await this.#answerOnThread(task);
    if (!answer.ok) throw fromPlain(answer.failure);
    return answer.value as TaskValue[Task['kind']];
  }

  async #answerInline(task: PoolTask): Promise<TaskAnswer> {
    // Between two tasks signals are heard and results committed.
    await new Promise((resume) => setImmediate(resume));
    try {
      return { ok: true, value: await (await this.#inline!).run(task) };
    } catch (thrown) {
      return { ok: false, failure: taskFailure(thrown) };
    }
  }

  async #answerOnThread(task: PoolTask): Promise<TaskAnswer> {
    try {
      return (await this.#piscina!.run(task)) as TaskAnswer;
    } catch (cause) {
      const living = new Set(this.#piscina!.threads.map(({ threadId }) => threadId));
      if (!this.#closing) this.#heap.reclaim(living);
      if (this.#closing) throw new MarinadeError('MARINADE_EXECUTION_INTERRUPTED', 'the pool was closed while it computed', {}, cause);
      const outOfMemory = codeOf(cause) === 'MARINADE_EXECUTION_OUT_OF_MEMORY';
      throw new MarinadeError(
        outOfMemory ? 'MARINADE_EXECUTION_OUT_OF_MEMORY' : 'MARINADE_EXECUTION_WORKER_LOST',
        `a pool thread ended while it carried out a ${task.kind}: ${cause instanceof Error ? cause.message : String(cause)}`,
        {},
        cause,
      );
    }
  }
}
