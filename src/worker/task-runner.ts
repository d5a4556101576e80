/**
 * What a thread does with a task: load data, solve for f*, execute a round job, or help with one. One instance per
 * thread; it keeps the last few runs warm between their round jobs.
 */
import type { Catalog } from '../algorithm/catalog.ts';
import type { DataSpec } from '../algorithm/data/spec.ts';
import { ClientSide } from '../algorithm/engine/client-side.ts';
import { compile } from '../algorithm/engine/compile.ts';
import { createProblem, layOut, Simulation } from '../algorithm/engine/simulation.ts';
import { type Optimum, solveOptimum } from '../algorithm/engine/solve-optimum.ts';
import type { Experiment } from '../algorithm/experiment.ts';
import type { Arena } from '../shared/contracts/memory.ts';
import type { RoundJob, RoundJobResult } from '../shared/messages/round-job.ts';
import { keepNewest } from '../shared/newest.ts';
import { adopted } from './data/adopt.ts';
import { type DataOptions, type LoadedData, loadDataset } from './data/load.ts';
import { executeRoundJob } from './execute-round-job.ts';
import { closeBarrier, leadGather, takeSeat } from './gather-threads.ts';
import type { SharedHeap } from './shared-heap.ts';
import { type PoolTask, WARM_RUNS } from './tasks.ts';

/** A run kept between its round jobs: rebuilt when absent, dropped when it ends. */
interface WarmRun {
  readonly simulation: Simulation;
  readonly arena: Arena;
  /** Where the control block lies that its messages are gathered over, under the plan *clients*. */
  readonly control: number | undefined;
}

export class TaskRunner {
  readonly #heap: SharedHeap;
  readonly #catalog: Catalog;
  readonly #stopFlag: Int32Array;
  readonly #thread: number;
  /** Least recently used first. */
  readonly #warm = new Map<string, WarmRun>();

  constructor(heap: SharedHeap, catalog: Catalog, stopFlag: Int32Array, thread: number) {
    this.#heap = heap;
    this.#catalog = catalog;
    this.#stopFlag = stopFlag;
    this.#thread = thread;
  }

  run(task: PoolTask): Promise<LoadedData> | Optimum | RoundJobResult | null {
    switch (task.kind) {
      case 'attend':
        return null;
      case 'load-data':
        return this.#load(task.spec, task.options);
      case 'solve-optimum':
        return this.#solve(task.experiment, this.#own(task.loaded));
      case 'round-job':
        return this.#roundJob(task);
      case 'seat':
        this.#seat(task.job.experiment, this.#own(task.loaded), task.control);
        return null;
    }
  }

  /** Data belong to the process: they outlive the thread that loads them. */
  async #load(spec: DataSpec, options: DataOptions): Promise<LoadedData> {
    const arena = this.#heap.arena();
    try {
      return await loadDataset(spec, { ...options, arena });
    } catch (thrown) {
      arena.release();
      throw thrown;
    }
  }

  #own(loaded: LoadedData | undefined): LoadedData | undefined {
    return loaded === undefined ? undefined : adopted(loaded, this.#heap.memory.buffer);
  }

  #solve(experiment: string, loaded: LoadedData | undefined): Optimum {
    const arena = this.#heap.arena(this.#thread);
    try {
      return solveOptimum(
        createProblem(compile(JSON.parse(experiment) as Experiment, this.#catalog), loaded?.data, loaded?.test, arena).objective,
        arena,
      );
    } finally {
      arena.release();
    }
  }

  #roundJob({ job, loaded, control, stops }: Extract<PoolTask, { kind: 'round-job' }>): RoundJobResult {
    const key = `${job.runKey}/${job.epoch}`;
    const kept = this.#warm.get(key);
    this.#warm.delete(key);
    const fits = job.checkpoint !== null && kept?.simulation.k === job.fromRound && kept.control === control?.byteOffset;
    const warm = fits ? kept : undefined;
    if (warm === undefined) kept?.arena.release();
    const arena = warm?.arena ?? this.#heap.arena(this.#thread);
    try {
      const { result, simulation } = executeRoundJob(
        job,
        warm?.simulation,
        () => this.#makeSimulation(job, this.#own(loaded), control, arena),
        () => Atomics.load(this.#stopFlag, 0) !== stops,
      );
      if (result.outcome === null) this.#keep(key, { simulation, arena, control: control?.byteOffset });
      else arena.release();
      return result;
    } catch (thrown) {
      arena.release();
      throw thrown;
    } finally {
      if (control !== undefined) closeBarrier(control);
    }
  }

  #makeSimulation(job: RoundJob, loaded: LoadedData | undefined, control: Int32Array | undefined, arena: Arena): Simulation {
    const compiled = compile(JSON.parse(job.experiment) as Experiment, this.#catalog);
    const n = compiled.experiment.clients.total;
    return new Simulation({
      compiled,
      data: loaded?.data,
      testData: loaded?.test,
      arena,
      optimum: job.optimum,
      ...(control === undefined
        ? {}
        : { gather: ({ clientSide, memory }) => leadGather(control, n, compiled.method, memory.block, clientSide) }),
    });
  }

  #seat(experiment: string, loaded: LoadedData | undefined, control: Int32Array): void {
    const compiled = compile(JSON.parse(experiment) as Experiment, this.#catalog);
    const arena = this.#heap.arena(this.#thread);
    try {
      const { problem, shards } = createProblem(compiled, loaded?.data, loaded?.test, arena);
      const n = compiled.experiment.clients.total;
      const { plan } = layOut(compiled, problem, shards);
      takeSeat(control, n, compiled.method, (offset) => {
        const memory = new Float64Array(this.#heap.memory.buffer, offset * 8, plan.length);
        const view = plan.view(memory);
        return { memory, clientSide: new ClientSide(compiled, problem, shards, view.clients, arena, undefined), rows: view.messages.rows };
      });
    } finally {
      arena.release();
    }
  }

  #keep(key: string, run: WarmRun): void {
    keepNewest(this.#warm, key, run, WARM_RUNS)?.arena.release();
  }
}
