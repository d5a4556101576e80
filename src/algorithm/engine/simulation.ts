/**
 * One run being carried out: x^0, g^0, rounds, recorded points, the end. Knows nothing of jobs, threads or files; its
 * memory block is the checkpoint.
 *
 * States: fresh -> (`begin` or `restore`) standing at round k -> `advance` ... -> ended with an outcome.
 */
import type { Clipping } from '../../shared/contracts/clipping.ts';
import type { Draws, RoundReport } from '../../shared/contracts/draws.ts';
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Dataset, Objective, Problem, ProblemFacts, Rows } from '../../shared/contracts/problem.ts';
import { instantiate } from '../../shared/contracts/strategy.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { RecordedPoints } from '../../shared/messages/round-job.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { Vector } from '../../shared/vector.ts';
import { isFiniteVector } from '../kernels/reference/vectors.ts';
import { KeyedStream } from '../random/streams.ts';
import { ClientSide } from './client-side.ts';
import type { CompiledExperiment } from './compile.ts';
import { checkFit } from './foresight.ts';
import { driveRound, type Gather, gatherInline } from './gather.ts';
import { Measurement } from './measurement.ts';
import { counter, type RunMemory, type RunMemoryPlan, runMemoryPlan } from './run-memory.ts';
import { ServerSide } from './server-side.ts';
import { judge } from './stop-rules.ts';

export interface SimulationEnvironment {
  readonly compiled: CompiledExperiment;
  readonly data: Dataset | undefined;
  readonly testData: Dataset | undefined;
  readonly arena: Arena;
  /** f*, where a metric needs it. */
  readonly optimum: number | null;
  readonly draws?: Draws | undefined;
  readonly onRound?: ((report: RoundReport) => void) | undefined;
  /** Where clients are computed; by default in order on this thread. */
  readonly gather?: ((parts: { clientSide: ClientSide; memory: RunMemory }) => Gather) | undefined;
}

function copied(rows: Int32Array, arena: Arena): Int32Array {
  const copy = arena.ints(rows.length);
  copy.set(rows);
  return copy;
}

/** The problem of an experiment, its shards and the honest objective: what f* and every thread need. */
export function createProblem(
  compiled: CompiledExperiment,
  data: Dataset | undefined,
  testData: Dataset | undefined,
  arena: Arena,
): { problem: Problem; shards: readonly Rows[]; objective: Objective } {
  const { experiment, catalog, honest, owners, partitioner } = compiled;
  const stream = new KeyedStream(experiment.seed, 'problem').at(0);
  const problem = instantiate(catalog.problems, experiment.problem, { data, testData, owners, honest, stream, arena });
  if (compiled.attackTraits.needsLabels === true && experiment.clients.byzantine > 0 && !problem.hasLabels) {
    throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', `attack '${experiment.attack.name}' flips labels; this problem has none`);
  }
  const shards: readonly Rows[] =
    problem.rows === 0
      ? Array.from({ length: owners }, () => null)
      : partitioner
          .split(problem.rows, problem.labels, owners, new KeyedStream(experiment.seed, 'partition').at(0))
          .map((rows) => (rows === null ? null : copied(rows, arena)));
  const samples = shards.slice(0, honest).map((rows) => (rows === null ? problem.rows : rows.length));
  const total = samples.reduce((sum, m) => sum + m, 0);
  const weights = samples.map((m) => (experiment.clients.weights === 'samples' && total > 0 ? m / total : 1 / honest));
  return { problem, shards, objective: problem.objective(shards.slice(0, honest), weights) };
}

/** The facts of a problem that has been made; what it takes by itself is left to whoever knows. */
export function factsOf({ d, rows: all, constants }: Problem, shards: readonly Rows[]): Omit<ProblemFacts, 'bytes' | 'sharedBytes'> {
  // A problem without rows has one sample for each client.
  const samplesOf = (rows: Rows): number => (rows === null ? Math.max(all, 1) : rows.length);
  const samples = shards.reduce((most, rows) => Math.max(most, samplesOf(rows)), 1);
  const fewest = shards.reduce((least, rows) => Math.min(least, samplesOf(rows)), samples);
  return { d, samples, fewest, shards: all > 0 && shards.every((rows) => rows === null) ? 1 : shards.length, constants };
}

/** The clipping policy over the problem's constants, and the layout of the run's memory: the same on every thread. */
export function layOut(
  compiled: CompiledExperiment,
  problem: Problem,
  shards: readonly Rows[],
): { clipping: Clipping; plan: RunMemoryPlan } {
  const clipping = instantiate(compiled.catalog.clippings, compiled.experiment.clipping, {
    clientSmoothness: problem.constants.clientSmoothness,
    sampleSmoothness: problem.constants.sampleSmoothness,
    compressorBound: compiled.compressor.constants(problem.d).bound,
  });
  const { samples } = factsOf(problem, shards);
  const shape = { n: compiled.experiment.clients.total, d: problem.d };
  return { clipping, plan: runMemoryPlan(compiled, problem.d, samples, clipping.state?.(shape) ?? {}) };
}

export class Simulation {
  readonly compiled: CompiledExperiment;
  readonly problem: Problem;
  readonly memory: RunMemory;
  readonly #server: ServerSide;
  readonly #measurement: Measurement;
  readonly #onRound: ((report: RoundReport) => void) | undefined;
  /** Two copies of the method's state; a round reads one and writes the other. */
  #current: RunMemory['state'];
  #next: RunMemory['state'];

  constructor(environment: SimulationEnvironment) {
    const { compiled, data, testData, arena, draws } = environment;
    const { problem, shards, objective } = createProblem(compiled, data, testData, arena);
    checkFit(compiled, factsOf(problem, shards));
    const { clipping, plan } = layOut(compiled, problem, shards);
    const memory = plan.view(arena.doubles(plan.length));
    const clientSide = new ClientSide(compiled, problem, shards, memory.clients, arena, draws);
    const gather = environment.gather?.({ clientSide, memory }) ?? gatherInline(clientSide);

    this.compiled = compiled;
    this.problem = problem;
    this.memory = memory;
    this.#current = memory.state;
    this.#next = memory.next;
    this.#server = new ServerSide({ compiled, problem, objective, clipping, memory, clientSide, gather, arena, draws });
    this.#measurement = new Measurement(compiled.experiment, problem, objective, arena, environment.optimum);
    this.#onRound = environment.onRound;
    this.#setStart();
  }

  /** Rounds computed so far. */
  get k(): number {
    return this.memory.counters[counter.round]!;
  }

  /** x^k and g^k: views that the next round may overwrite. */
  get x(): Vector {
    return this.#current.x;
  }

  get g(): Vector {
    return this.#current.g;
  }

  /** Computes g^0 and records point 0. */
  begin(): Outcome | null {
    this.#current.x.set(this.memory.start);
    this.#server.begin(0, this.#current, this.#current, this.#measurement.wantsInjectedError);
    driveRound(this.compiled.method.start(this.#current, this.#server), (asked) => this.#server.answer(asked));
    this.#server.end();
    this.memory.counters[counter.round] = 0;
    this.#report();
    return this.#record();
  }

  /** Computes round k + 1. Returns how the run ended, or null. */
  advance(): Outcome | null {
    const k = this.k + 1;
    const { every } = this.compiled.experiment.metrics;
    const recorded = k % every === 0 || k === this.compiled.experiment.rounds;
    const server = this.#server;
    server.begin(k, this.#current, this.#next, recorded && this.#measurement.wantsInjectedError);
    driveRound(this.compiled.method.round(this.#current, this.#next, server), (asked) => server.answer(asked));
    server.end();
    const previous = this.#current;
    this.#current = this.#next;
    this.#next = previous;
    this.memory.counters[counter.round] = k;
    this.#report();
    return recorded ? this.#record() : null;
  }

  /** The points recorded since the last call. */
  takePoints(): RecordedPoints {
    return this.#measurement.take();
  }

  /** A copy of everything the next round depends on. */
  checkpoint(): Float64Array {
    const copy = this.memory.block.slice();
    if (this.#current !== this.memory.state) {
      let at = 0;
      for (const [name, values] of Object.entries(this.memory.state)) {
        copy.set(this.#current[name as 'x'], at);
        at += Math.ceil(values.length / 8) * 8;
      }
    }
    return copy;
  }

  /** Goes back to a checkpoint of this experiment. */
  restore(block: Float64Array): void {
    if (block.length !== this.memory.block.length) {
      throw new MarinadeError(
        'MARINADE_STORAGE_CHECKPOINT',
        `a checkpoint of this run has ${this.memory.block.length} doubles; got ${block.length}`,
      );
    }
    this.memory.block.set(block);
    this.#current = this.memory.state;
    this.#next = this.memory.next;
    this.#measurement.startAt(this.memory.counters[counter.recorded]!);
  }

  /** Facts beside the numbers. */
  notes(): Record<string, number> {
    const { counters } = this.memory;
    return { loweredTolerance: counters[counter.loweredTolerance]!, emptyCohorts: counters[counter.emptyCohorts]! };
  }

  #record(): Outcome | null {
    const { counters } = this.memory;
    const { x, g } = this.#current;
    const values = this.#measurement.record(x, g, this.#server.facets, counters);
    const finite = Number.isFinite(values.loss) && isFiniteVector(x) && isFiniteVector(g);
    return judge(this.compiled.experiment, counters, values, finite);
  }

  #report(): void {
    if (this.#onRound === undefined) return;
    const { facets } = this.#server;
    const { x, g } = this.#current;
    this.#onRound({
      k: this.k,
      x: Float64Array.from(x),
      g: Float64Array.from(g),
      refresh: facets.refresh,
      cohort: this.#server.lastCohort(),
      clippingLevel: Number.isNaN(facets.clippingLevel) ? null : facets.clippingLevel,
      clippedClients: [...facets.clippedClients],
    });
  }

  /** x^0, from the experiment alone. */
  #setStart(): void {
    const { start, seed } = this.compiled.experiment;
    const x = this.memory.start;
    if (start.name === 'zeros') x.fill(0);
    else if (start.name === 'explicit') {
      x.set(start.values);
    } else {
      const stream = new KeyedStream(seed, 'start').at(0);
      const radius = 1 / Math.sqrt(x.length);
      for (let j = 0; j < x.length; j++) x[j] = radius * (2 * stream.uniform() - 1);
    }
  }
}
