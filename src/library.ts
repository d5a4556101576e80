/**
 * Single steps of a round as functions: the rule, its first stages, a compressor, clipping. Each computes exactly what a
 * run does with the same numbers; what a run would draw comes from `seed`, or is put in its place.
 */
import { z } from 'zod';
import { pipelineOf } from './algorithm/aggregators/pipeline.ts';
import type { Catalog } from './algorithm/catalog.ts';
import { plainArena } from './algorithm/kernels/plain-arena.ts';
import { referenceKernels } from './algorithm/kernels/reference/index.ts';
import { clipInPlace, isFiniteVector } from './algorithm/kernels/reference/vectors.ts';
import { EVERYONE, KeyedStream } from './algorithm/random/streams.ts';
import { argument, catalogOf, checked, messagesOf, type StrategyArgument, type VectorArgument, vectorOf } from './library-arguments.ts';
import { count, positiveInt } from './shared/config/units.ts';
import { type Arrays, arraysFor, type Layout } from './shared/contracts/memory.ts';
import { instantiate } from './shared/contracts/strategy.ts';
import { MarinadeError } from './shared/errors.ts';
import { messagesOver, type Vector } from './shared/vector.ts';

/** Zeroed memory. */
export function memoryFor(layout: Layout | undefined): Arrays {
  return arraysFor(layout ?? {}, (length) => new Float64Array(length));
}

export interface AggregateOptions {
  /** The whole rule: an aggregator, its `preAggregators` included. */
  readonly aggregator: StrategyArgument;
  /** n vectors of d numbers. */
  readonly messages: readonly VectorArgument[];
  /** f: how many of them the rule is told to survive. */
  readonly toleratedByzantine: number;
  /** The previous output, for rules that remember it; zero by default, as at the start of a run. */
  readonly previous?: VectorArgument | undefined;
  /** The gradient on the server's own rows, for rules that trust it; others, all built-in ones, leave it alone. */
  readonly serverGradient?: VectorArgument | undefined;
  readonly seed?: number | undefined;
  /** Replaces the permutation of bucketing: `permutation[p]` is the message put at position p. */
  readonly permutation?: VectorArgument | undefined;
  readonly catalog?: Catalog | undefined;
}

/**
 * A(messages).
 *
 * @throws MARINADE_SHAPE_DIMENSION, MARINADE_PRECONDITION_TOO_MANY_BYZANTINE, MARINADE_SHAPE_NON_FINITE where the rule
 *         refuses messages that are not finite
 */
export function aggregate(options: AggregateOptions): Float64Array {
  const catalog = catalogOf(options);
  const { aggregator, messages, toleratedByzantine, previous, serverGradient, seed, permutation } = checked(
    'aggregate',
    z.strictObject({
      aggregator: catalog.aggregators.schema,
      messages: argument.messages,
      toleratedByzantine: count,
      previous: argument.vector.optional(),
      serverGradient: argument.vector.optional(),
      seed: argument.seed,
      permutation: argument.vector.optional(),
      catalog: argument.catalog,
    }),
    options,
  );
  const rows = messagesOf('aggregate', 'messages', messages);
  if (serverGradient !== undefined) vectorOf('aggregate', 'serverGradient', serverGradient, rows.d);
  const shape = { n: rows.n, d: rows.d };
  const pipeline = pipelineOf(aggregator, catalog);
  const broken = pipeline.refused(rows.n, toleratedByzantine);
  if (broken !== undefined) throw tooManyByzantine(broken, rows.n, toleratedByzantine);
  const state = memoryFor(pipeline.stateLayout(shape));
  if (previous !== undefined) {
    const start = vectorOf('aggregate', 'previous', previous, rows.d);
    for (const [name, values] of Object.entries(state)) if (name.endsWith('.previous')) values.set(start);
  }
  const out = new Float64Array(rows.d);
  pipeline.aggregate(
    rows,
    {
      toleratedByzantine,
      state,
      workspace: pipeline.allocate(shape, plainArena()),
      stream: new KeyedStream(seed, 'rule').at(0),
      permutation,
    },
    out,
  );
  if (catalog.aggregators.get(aggregator.name).traits.nonFinite === 'rejects' && out.every(Number.isNaN)) {
    const bad = messages.findIndex((_, i) => !isFiniteVector(rows.rows[i]!));
    if (bad >= 0) {
      throw new MarinadeError('MARINADE_SHAPE_NON_FINITE', `aggregate: ${aggregator.name} needs finite messages; messages[${bad}] is not`, {
        message: bad,
      });
    }
  }
  return out;
}

function tooManyByzantine(broken: string, n: number, f: number): MarinadeError {
  return new MarinadeError('MARINADE_PRECONDITION_TOO_MANY_BYZANTINE', `${broken}; lower toleratedByzantine or give more messages`, {
    n,
    f,
  });
}

export interface PreAggregateOptions {
  readonly preAggregator: StrategyArgument;
  readonly messages: readonly VectorArgument[];
  readonly toleratedByzantine: number;
  readonly seed?: number | undefined;
  readonly permutation?: VectorArgument | undefined;
  readonly catalog?: Catalog | undefined;
}

/** The rows a pre-aggregator makes of messages. */
export function preAggregate(options: PreAggregateOptions): Float64Array[] {
  const catalog = catalogOf(options);
  const { preAggregator, messages, toleratedByzantine, seed, permutation } = checked(
    'preAggregate',
    z.strictObject({
      preAggregator: catalog.preAggregators.schema,
      messages: argument.messages,
      toleratedByzantine: count,
      seed: argument.seed,
      permutation: argument.vector.optional(),
      catalog: argument.catalog,
    }),
    options,
  );
  const rows = messagesOf('preAggregate', 'messages', messages);
  const shape = { n: rows.n, d: rows.d };
  const stage = instantiate(catalog.preAggregators, preAggregator, undefined);
  const broken = stage.infeasible(rows.n, toleratedByzantine);
  if (broken !== undefined) throw tooManyByzantine(broken, rows.n, toleratedByzantine);
  const capacity = stage.rows(rows.n);
  const out = messagesOver(new Float64Array(capacity * rows.d), capacity, rows.d);
  stage.apply(
    rows,
    {
      toleratedByzantine,
      state: memoryFor(stage.state?.(shape)),
      workspace: memoryFor(stage.workspace?.(shape)),
      kernels: referenceKernels,
      stream: new KeyedStream(seed, 'rule').at(0),
      permutation,
    },
    out,
  );
  return out.rows.slice(0, out.n).map((row) => row.slice());
}

export interface CompressOptions {
  readonly compressor: StrategyArgument;
  readonly vector: VectorArgument;
  /** Whose randomness; 0 by default. Of `clients`. */
  readonly client?: number | undefined;
  readonly clients?: number | undefined;
  readonly seed?: number | undefined;
  /** Replaces the coordinates a sparsifier would keep; what a quantiser draws cannot be replaced. */
  readonly coordinates?: VectorArgument | undefined;
  readonly catalog?: Catalog | undefined;
}

/** Q(vector), encoded and decoded. */
export function compress(options: CompressOptions): Float64Array {
  const catalog = catalogOf(options);
  const { compressor, vector, client, clients, seed, coordinates } = checked(
    'compress',
    z.strictObject({
      compressor: catalog.compressors.schema,
      vector: argument.vector,
      client: count.max(EVERYONE - 1).default(0),
      clients: positiveInt.optional(),
      seed: argument.seed,
      coordinates: argument.vector.optional(),
      catalog: argument.catalog,
    }),
    options,
  );
  if (clients !== undefined && client >= clients) {
    throw new MarinadeError('MARINADE_CONFIG_INVALID', `compress: client must be below clients = ${clients}; got ${client}`);
  }
  const out = Float64Array.from(vector);
  const chosen = instantiate(catalog.compressors, compressor, undefined);
  const broken = chosen.infeasible?.(out.length);
  if (broken !== undefined) throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', `compress: ${broken}`);
  const { correlated } = catalog.compressors.get(compressor.name).traits;
  chosen.compress(out, {
    stream: new KeyedStream(seed, 'compressor').at(0, correlated ? EVERYONE : client),
    workspace: memoryFor(chosen.workspace?.({ n: clients ?? client + 1, d: out.length })),
    coordinates,
  });
  return out;
}

/** vector min(1, level / |vector|), a copy; Infinity clips nothing. */
export function clip(vector: VectorArgument, level: number): Float64Array {
  const { vector: given, level: bound } = checked('clip', clipArguments, { vector, level });
  const out: Vector = Float64Array.from(given);
  clipInPlace(out, bound);
  return out;
}

const clipArguments = z.strictObject({
  vector: argument.vector,
  level: argument.level,
});
