/**
 * `simulate`: one experiment, inline, without pool or ledger: the reference that everything else must equal bit for
 * bit, and the way to compare with other implementations through `draws`.
 */
import { catalog as builtIn, type Catalog } from './algorithm/catalog.ts';
import { type CompiledExperiment, compile } from './algorithm/engine/compile.ts';
import { createProblem, Simulation } from './algorithm/engine/simulation.ts';
import { solveOptimum } from './algorithm/engine/solve-optimum.ts';
import { type Experiment, experimentSchema } from './algorithm/experiment.ts';
import { needsOptimum } from './algorithm/metrics.ts';
import { objectiveKey, runIdentity } from './orchestrator/plan/run-key.ts';
import { problemsFrom } from './orchestrator/plan/schema-problems.ts';
import { PLACED } from './orchestrator/plan/source-text.ts';
import type { Draws, RoundReport } from './shared/contracts/draws.ts';
import type { KernelsName } from './shared/contracts/kernels.ts';
import type { Arena } from './shared/contracts/memory.ts';
import { MarinadeError } from './shared/errors.ts';
import { resultHash } from './shared/hash.ts';
import { numericsVersion, type RecordedPoints } from './shared/messages/round-job.ts';
import type { Outcome } from './shared/outcome.ts';
import { type DataOptions, type LoadedData, loadDataset } from './worker/data/load.ts';
import { SharedHeap } from './worker/shared-heap.ts';

export interface SimulateOptions extends DataOptions {
  /** Hears every round, x^0 and g^0 as k = 0 included; vectors are copies. */
  readonly onRound?: (report: RoundReport) => void;
  /** Hears recorded points as they come. */
  readonly onMetrics?: (points: RecordedPoints) => void;
  /** Replaces random choices. */
  readonly draws?: Draws;
  readonly signal?: AbortSignal;
  readonly catalog?: Catalog;
  /** WebAssembly kernels by default, or their plain reference: the same results to the bit. */
  readonly kernels?: KernelsName;
}

export interface RunRecord {
  readonly runKey: string;
  /** With all defaults filled in. */
  readonly experiment: Experiment;
  readonly outcome: Outcome;
  /** Rounds computed. */
  readonly rounds: number;
  /** Recorded rounds, and one column per metric. */
  readonly recorded: Float64Array;
  readonly metrics: Readonly<Record<string, Float64Array>>;
  readonly x: Float64Array;
  readonly g: Float64Array;
  /** Null for a cancelled run and for one whose draws were replaced: the experiment alone does not give its numbers. */
  readonly resultHash: string | null;
  readonly warnings: readonly string[];
}

/** Time between two looks at the event loop, in milliseconds. */
const SLICE_MS = 50;

/** A raw experiment with its defaults, or an error that names every problem. */
export function resolveExperiment(raw: unknown, catalog: Catalog = builtIn): Experiment {
  const schema = experimentSchema(catalog);
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = problemsFrom(parsed.error.issues, schema, raw, []);
  throw new MarinadeError(
    'MARINADE_CONFIG_INVALID',
    problems
      .slice(0, PLACED)
      .map(({ message }) => message)
      .join('; '),
    { problems: problems.length },
  );
}

/**
 * Carries out one experiment on this thread.
 *
 * @throws configuration, precondition and data errors before the first round; divergence is an outcome, not an error
 */
export async function simulate(experiment: unknown, options: SimulateOptions = {}): Promise<RunRecord> {
  const catalog = options.catalog ?? builtIn;
  const resolved = resolveExperiment(experiment, catalog);
  const arena = heapFor(options.kernels ?? 'wasm').arena();
  try {
    return await simulateIn(arena, resolved, catalog, options);
  } finally {
    arena.release();
  }
}

/** The memory that simulations of this thread share, made when one first needs it. */
const heaps = new Map<KernelsName, SharedHeap>();

function heapFor(kernels: KernelsName): SharedHeap {
  const heap = heaps.get(kernels) ?? new SharedHeap(undefined, kernels);
  heaps.set(kernels, heap);
  return heap;
}

async function simulateIn(arena: Arena, resolved: Experiment, catalog: Catalog, options: SimulateOptions): Promise<RunRecord> {
  const compiled = compile(resolved, catalog);
  const loaded = resolved.data === undefined ? undefined : await loadDataset(resolved.data, { ...options, arena });
  const optimum = resolved.metrics.names.some(needsOptimum) ? optimumOf(compiled, loaded, arena) : null;
  const simulation = new Simulation({
    compiled,
    data: loaded?.data,
    testData: loaded?.test,
    arena,
    optimum,
    draws: options.draws,
    onRound: options.onRound,
  });

  const taken: RecordedPoints[] = [];
  const take = (): void => {
    const points = simulation.takePoints();
    if (points.count === 0) return;
    taken.push(points);
    options.onMetrics?.(points);
  };
  let outcome = simulation.begin();
  let slice = performance.now();
  if (outcome === null && options.signal?.aborted === true) outcome = 'cancelled';
  while (outcome === null) {
    outcome = simulation.advance();
    if (performance.now() - slice < SLICE_MS) continue;
    take();
    await new Promise((resume) => setImmediate(resume));
    if (outcome === null && options.signal?.aborted === true) outcome = 'cancelled';
    slice = performance.now();
  }
  take();

  const metrics = Object.fromEntries(resolved.metrics.names.map((name) => [name, joined(taken.map(({ columns }) => columns[name]!))]));
  const count = taken.reduce((sum, points) => sum + points.count, 0);
  const x = Float64Array.from(simulation.x);
  const exact = outcome !== 'cancelled' && options.draws === undefined;
  return {
    runKey: runIdentity(resolved, loaded?.sha256 ?? '', []).runKey,
    experiment: resolved,
    outcome,
    rounds: simulation.k,
    recorded: recordedRounds(count, resolved.metrics.every, simulation.k),
    metrics,
    x,
    g: Float64Array.from(simulation.g),
    resultHash: exact ? resultHash({ numericsVersion, x, columns: metrics }) : null,
    warnings: compiled.warnings,
  };
}

/** f* of objectives solved in this process: it belongs to an objective, and costs half a second where data are large. */
const optima = new WeakMap<Catalog, Map<string, number>>();

function optimumOf(compiled: CompiledExperiment, loaded: LoadedData | undefined, arena: Arena): number {
  const known = optima.get(compiled.catalog) ?? new Map<string, number>();
  optima.set(compiled.catalog, known);
  const key = objectiveKey(compiled, loaded?.sha256 ?? '');
  const value = known.get(key) ?? solveOptimum(createProblem(compiled, loaded?.data, loaded?.test, arena).objective, arena).value;
  known.set(key, value);
  return value;
}

/** Rounds of the recorded points: 0, every, 2 every, ..., and the last. */
export function recordedRounds(count: number, every: number, last: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.min(i * every, last));
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
