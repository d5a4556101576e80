/**
 * What is known of a run before any memory is taken: whether its parts fit the dimension, and how much memory it needs.
 * Problems that make their own functions say so from their parameters; for the others the data must have been read.
 */

import { sharedMemoryBytes } from '../../shared/contracts/memory.ts';
import type { ProblemFacts } from '../../shared/contracts/problem.ts';
import { instantiate, parametersOf } from '../../shared/contracts/strategy.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { referenceKernels } from '../kernels/reference/index.ts';
import { needsGradient } from '../metrics.ts';
import type { CompiledExperiment } from './compile.ts';
import { runMemoryPlan } from './run-memory.ts';

const nothing = new Float64Array(0);

type Unwarned = Omit<CompiledExperiment, 'warnings' | 'need'>;

/** The problem's facts, where its parameters alone tell them. Throws what creating it would. */
export function foreseenFacts({ experiment, catalog, owners }: Unwarned): ProblemFacts | undefined {
  const definition = catalog.problems.get(experiment.problem.name);
  return definition.foresee?.(parametersOf(definition, experiment.problem), { owners });
}

/** Refuses what does not fit the dimension or the clients' rows. */
export function checkFit(compiled: Unwarned, { d, fewest }: Pick<ProblemFacts, 'd' | 'fewest'>): void {
  const { experiment, compressor, method } = compiled;
  const { start } = experiment;
  if (start.name === 'explicit' && start.values.length !== d) {
    throw new MarinadeError('MARINADE_CONFIG_INVALID', `start.values must have d = ${d} numbers; got ${start.values.length}`);
  }
  const broken = compressor.infeasible?.(d);
  if (broken !== undefined) throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', `compressor ${broken}`, { d });
  const b = largestBatch(compiled);
  if (method.batchRule?.batchSampling === 'without-replacement' && b > fewest) {
    throw new MarinadeError(
      'MARINADE_PRECONDITION_UNSUPPORTED',
      `a batch of ${b} without replacement needs as many rows; some client has ${fewest}`,
    );
  }
}

/** Rows of the largest batch a client draws, in usual and in refresh rounds. */
export function largestBatch({ experiment, method }: Pick<Unwarned, 'experiment' | 'method'>): number {
  const refresh = experiment.method['refreshGradient'];
  const refreshBatch = typeof refresh === 'object' && refresh !== null ? Number((refresh as { batchSize?: number }).batchSize ?? 1) : 1;
  return Math.max(1, method.batchSize ?? 1, refreshBatch);
}

/** Bytes that a run takes, and that the runs of a process take together, whatever their number. */
export interface MemoryNeed {
  readonly perRun: number;
  readonly shared: number;
}

/** How many runs fit into a process at once. */
export function runsThatFit({ perRun, shared }: MemoryNeed): number {
  return Math.floor((sharedMemoryBytes - shared) / Math.max(perRun, 1));
}

/** Refuses a run that does not fit its problem, or the memory of a process; else says what it needs. */
export function checkFacts(compiled: Unwarned, facts: ProblemFacts): MemoryNeed {
  checkFit(compiled, facts);
  const { clippings } = compiled.catalog;
  instantiate(clippings, compiled.experiment.clipping, {
    ...facts.constants,
    compressorBound: compiled.compressor.constants(facts.d).bound,
  });
  const need = { perRun: memoryOf(compiled, facts), shared: facts.sharedBytes };
  if (runsThatFit(need) > 0) return need;
  const bytes = need.perRun + need.shared;
  const { experiment } = compiled;
  throw new MarinadeError(
    'MARINADE_PRECONDITION_MEMORY',
    `clients.total = ${experiment.clients.total} clients and d = ${facts.d} need ${sizeText(bytes)} of memory (one message row of ${sizeText(8 * facts.d)} for each client, and the rest); a process has ${sizeText(sharedMemoryBytes)}; lower clients.total or the dimension`,
    { bytes, limit: sharedMemoryBytes, d: facts.d },
  );
}

/** Bytes in the unit that suits them: `2.1 GiB`, `15.3 MiB`. */
export function sizeText(bytes: number): string {
  const [unit, power] = bytes < 2 ** 29 ? ['MiB', 20] : ['GiB', 30];
  return `${(bytes / 2 ** power).toFixed(1)} ${unit}`;
}

/** Bytes that one run takes at least: the problem's own, the run's memory block, the rule's stages, a gradient for each shard. */
export function memoryOf(compiled: Unwarned, { d, samples, shards, bytes }: ProblemFacts): number {
  const { experiment, pipeline, attackTraits, catalog } = compiled;
  const { metrics, clients } = experiment;
  const shape = { n: clients.total, d };
  const clipping = instantiate(catalog.clippings, experiment.clipping, { clientSmoothness: 1, sampleSmoothness: 1, compressorBound: 1 });
  let doubles = runMemoryPlan(compiled, d, samples, clipping.state?.(shape) ?? {}).length;
  doubles += shards * d * (attackTraits.needsLabels === true ? 2 : 1);
  pipeline.allocate(shape, {
    kernels: referenceKernels,
    doubles(length) {
      doubles += length;
      return nothing;
    },
    ints: () => new Int32Array(0),
    release: () => {},
  });
  if (metrics.names.some(needsGradient)) doubles += d;
  // The rule beside the run: on copies of all rows.
  if (metrics.names.some((name) => name.startsWith('injected-error'))) doubles += clients.total * d;
  return 8 * doubles + bytes;
}
