/**
 * Methods: one generator per round with named client phases.
 *
 * A method file reads like the paper's pseudo-code. `yield* ask(phase, request, options)` is its "for all i in S in
 * parallel"; the engine answers with the messages of that phase, one row per client of the cohort, ordered by client
 * number, lies included, valid until the next `ask`. A phase is a name and plain vectors, so it can be answered by any
 * thread; a round starts and ends in declared state, so a run resumes at any round.
 *
 * Round k = 1, 2, ... computes x^k = step(x^{k-1}, g^{k-1}), then g^k. `start` computes g^0 at the given x^0.
 */
import type { z } from 'zod';
import type { Messages, Vector } from '../vector.ts';
import type { Arrays, Layout, Shape } from './memory.ts';
import type { Cohort } from './participation.ts';
import type { Oracle } from './problem.ts';
import type { Definition, Source } from './strategy.ts';

/** How mini-batches are drawn: `shared` gives every client of a round the same indices. */
export interface BatchRule {
  readonly batches: 'independent' | 'shared';
  readonly batchSampling: 'with-replacement' | 'without-replacement';
}

/** What a client has at hand while it answers. */
export interface ClientContext<M extends string = string> {
  readonly client: number;
  readonly oracle: Oracle;
  /** This client's rows of the per-client memory the method declares; written in place. */
  readonly memory: Arrays<M>;
  /** Draws b indices into the client's rows; all of the buffer's first b entries are set. */
  batch(b: number, rule: BatchRule): Int32Array;
  /** Q_i, in place, with this client's randomness. */
  compress(vector: Vector): void;
}

export interface Phase<Keys extends string = string, M extends string = string> {
  readonly name: string;
  /** The vectors of a request, in the order in which they are passed on. */
  readonly request: readonly Keys[];
  /** Messages pass through the compressor: they cost what its encoding costs. */
  readonly encoded: boolean;
  /** Sample gradients that answering costs a client with so many samples. */
  evaluations(samples: number): number;
  compute(request: Readonly<Record<Keys, Vector>>, client: ClientContext<M>, out: Vector): void;
}

/** Names a phase; its compute function runs on any thread. */
export function phase<Keys extends string, M extends string = never>(definition: Phase<Keys, M>): Phase<Keys, M> {
  return definition;
}

/** What an `ask` says beside its phase and request. */
export interface AskOptions {
  readonly clients: Cohort;
  /** What the server adds to a decoded message: g in difference rounds, nothing where whole vectors are sent. */
  readonly base?: Vector;
  /** Bases that differ between clients: the server's copy of h_i, g_i, m_i; unchanged until the answer is used. */
  readonly baseOf?: (client: number) => Vector;
  /** A refresh round: attacks and rules with memory tell the two kinds apart. */
  readonly refresh?: boolean;
}

export interface Ask {
  readonly phase: Phase;
  readonly request: Readonly<Record<string, Vector>>;
  readonly options: AskOptions;
}

/** A computation that may ask clients. */
export type Asking<Result = void> = Generator<Ask, Result, Messages>;

/** Asks the clients of a cohort for their messages. */
export function* ask<Keys extends string>(
  asked: Phase<Keys, never>,
  request: Readonly<Record<Keys, Vector>>,
  options: AskOptions,
): Asking<Messages> {
  return yield { phase: asked as unknown as Phase, request, options };
}

/** A coin with the given probability, or the fixed period: rounds k = every, 2 every, ... */
export type RefreshRule = { readonly probability: number } | { readonly every: number };

/** What the server has at hand in a round. */
export interface ServerContext {
  /** The round being computed; 0 for `start`. */
  readonly k: number;
  readonly everyone: Cohort;
  /** The small cohort C, and the large one of refresh rounds, C-hat. */
  smallCohort(): Asking<Cohort>;
  largeCohort(): Asking<Cohort>;
  /** c_k: is round k a refresh round? */
  refreshes(rule: RefreshRule): boolean;
  /** x - stepSize g, through the problem's prox where it has one; returns `out`. */
  step(x: Vector, g: Vector, out: Vector): Vector;
  /** The experiment's clipping level for these messages, and clipping of every row to it, lies included. */
  clipToLevel(messages: Messages, at: { readonly xPrevious: Vector; readonly x: Vector; readonly g: Vector }): void;
  /** A(messages): pre-aggregators, then the aggregator; an empty cohort keeps the current g. */
  aggregate(messages: Messages, out: Vector): void;
  /** g + A(messages) for messages that are differences to g; `rule` replaces A. */
  aggregateDifferences(messages: Messages, g: Vector, out: Vector, rule?: 'robust' | 'mean'): void;
  /** The exact gradient of the honest objective: for `initialEstimator: exact` only. */
  exactGradient(x: Vector, out: Vector): void;
}

/** State every method has; further vectors may be declared. */
export type MethodState<S extends string = never> = Arrays<'x' | 'g'> & Arrays<S>;

export interface Method<S extends string = string, M extends string = string> {
  readonly stepSize: number;
  /** Vectors beside x and g, part of a checkpoint: a round reads one copy and writes the next. */
  readonly state?: (shape: Shape) => Layout<S>;
  /** Per-client memory in doubles per client, part of a checkpoint, written in place by phases. */
  readonly memory?: (shape: { readonly d: number; readonly samples: number }) => Layout<M>;
  readonly phases: readonly Phase[];
  /** Samples per message in difference (or all) rounds; undefined for full gradients. */
  readonly batchSize?: number | undefined;
  readonly batchRule?: BatchRule | undefined;
  readonly refresh?: RefreshRule | undefined;
  /** What aggregates small cohorts: the experiment's rule (the default), or the plain mean, as in PP+. */
  readonly smallCohortRule?: 'robust' | 'mean' | undefined;
  /** Clips differences itself; on other methods a clipping policy turns on heuristic (10). */
  readonly clipsDifferences: boolean;
  /** The class of compressor the method's analysis assumes; `none`: messages are never compressed. */
  readonly compressor: 'unbiased' | 'contractive' | 'any' | 'none';
  start(state: MethodState<S>, server: ServerContext): Asking;
  round(state: MethodState<S>, next: MethodState<S>, server: ServerContext): Asking;
}

export type MethodDefinition = Definition<Method>;

/** Seals a method's parameter and state types. */
export function defineMethod<Schema extends z.ZodObject, S extends string = never, M extends string = never>(definition: {
  name: string;
  summary: string;
  source: Source;
  schema: Schema;
  create(parameters: z.output<Schema>): Method<S, M>;
}): MethodDefinition {
  return definition as unknown as MethodDefinition;
}
