/**
 * The client's side of a phase: draws its batch, asks its oracle, writes its message. One instance per thread; what it
 * writes depends on (round, client, request) alone.
 */

import type { Draws } from '../../shared/contracts/draws.ts';
import type { Arena, Arrays } from '../../shared/contracts/memory.ts';
import { arraysFor } from '../../shared/contracts/memory.ts';
import type { BatchRule, ClientContext, Phase } from '../../shared/contracts/method.ts';
import type { Oracle, Problem, Rows } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { Vector } from '../../shared/vector.ts';
import { requireBatch } from '../random/given-draws.ts';
import { sampleWithoutReplacement, sampleWithReplacement, seenSize } from '../random/sampling.ts';
import { EVERYONE, KeyedStream } from '../random/streams.ts';
import type { CompiledExperiment } from './compile.ts';
import { largestBatch } from './foresight.ts';

/** What to compute for a client. */
export const answerKinds = { message: 0, gradient: 1, flippedMessage: 2, flippedGradient: 3 } as const;

/** One phase being answered: shared by all clients of the round. */
export interface Request {
  readonly phase: Phase;
  /** Position of this ask within its round: streams of different asks differ. */
  readonly position: number;
  readonly k: number;
  readonly vectors: Readonly<Record<string, Vector>>;
}

/** Wraps an oracle shared by several clients so that a full gradient at one point is computed once per request. */
class SharedOracle implements Oracle {
  readonly samples: number;
  readonly #inner: Oracle;
  readonly #kept: Vector;
  #request: Request | undefined;
  #x: Vector | undefined;
  current: Request | undefined;

  constructor(inner: Oracle, kept: Vector) {
    this.samples = inner.samples;
    this.#inner = inner;
    this.#kept = kept;
  }

  gradient(x: Vector, out: Vector): void {
    if (this.#request !== this.current || this.#x !== x) {
      this.#inner.gradient(x, this.#kept);
      this.#request = this.current;
      this.#x = x;
    }
    out.set(this.#kept);
  }

  batchGradient(x: Vector, batch: Int32Array, b: number, out: Vector): void {
    this.#inner.batchGradient(x, batch, b, out);
  }

  batchDifference(x: Vector, xPrevious: Vector, batch: Int32Array, b: number, out: Vector): void {
    this.#inner.batchDifference(x, xPrevious, batch, b, out);
  }
}

export class ClientSide implements ClientContext {
  client = 0;
  oracle!: Oracle;
  memory!: Arrays;

  readonly #compiled: CompiledExperiment;
  readonly #oracles: SharedOracle[];
  readonly #flippedOracles: SharedOracle[];
  readonly #oracleOf: Int32Array;
  readonly #memories: readonly Arrays[];
  readonly #scratchMemory: Arrays;
  readonly #memoryNames: readonly string[];
  readonly #batchStream: KeyedStream;
  /** Turned to each vector to be encoded. */
  readonly #compressorContext: {
    readonly stream: KeyedStream;
    readonly workspace: Arrays;
    coordinates: ReturnType<NonNullable<Draws['coordinates']>> | undefined;
  };
  readonly #batch: Int32Array;
  readonly #seen: Int32Array;
  readonly #draws: Draws | undefined;
  #request!: Request;
  #encode = true;

  /** `shards[i]` are the rows of owner i; liars may hold copies (see `ownerOf`). */
  constructor(
    compiled: CompiledExperiment,
    problem: Problem,
    shards: readonly Rows[],
    memories: readonly Arrays[],
    arena: Arena,
    draws: Draws | undefined,
  ) {
    const { experiment, compressor, honest } = compiled;
    const { total, byzantineData } = experiment.clients;
    const { d } = problem;
    this.#compiled = compiled;
    this.#memories = memories;
    this.#draws = draws;
    this.#scratchMemory = arraysFor(
      Object.fromEntries(Object.entries(memories[0] ?? {}).map(([name, rows]) => [name, rows.length])),
      (length) => arena.doubles(length),
    );
    this.#memoryNames = Object.keys(this.#scratchMemory);
    this.#batchStream = new KeyedStream(experiment.seed, 'batch', arena.kernels);
    this.#compressorContext = {
      stream: new KeyedStream(experiment.seed, 'compressor'),
      workspace: arraysFor(compressor.workspace?.({ n: total, d }) ?? {}, (length) => arena.doubles(length)),
      coordinates: undefined,
    };
    const b = largestBatch(compiled);
    this.#batch = arena.ints(b);
    this.#seen = new Int32Array(seenSize(b));

    // Clients with the same rows share an oracle: at most one full gradient per request and distinct shard.
    this.#oracles = [];
    this.#flippedOracles = [];
    this.#oracleOf = new Int32Array(total);
    const positionOfShard = new Map<string, number>();
    const flips = compiled.attackTraits.needsLabels === true;
    for (let client = 0; client < total; client++) {
      const owner = client < honest || byzantineData === 'own-shard' ? client : (client - honest) % honest;
      const rows = shards[owner]!;
      const key = problem.rows > 0 && rows === null ? 'all' : String(owner);
      let position = positionOfShard.get(key);
      if (position === undefined) {
        position = this.#oracles.length;
        positionOfShard.set(key, position);
        this.#oracles.push(new SharedOracle(problem.oracle(owner, rows, false), arena.doubles(d)));
        if (flips) this.#flippedOracles.push(new SharedOracle(problem.oracle(owner, rows, true), arena.doubles(d)));
      }
      this.#oracleOf[client] = position;
    }
  }

  /** Samples the client holds. */
  samplesOf(client: number): number {
    return this.#oracles[this.#oracleOf[client]!]!.samples;
  }

  /**
   * Writes the client's answer into `out`. A `peek` (an attacker looking at a client that was not sampled) leaves the
   * client's memory as it was; `encode: false` skips the compressor (a lie is encoded after it was made).
   */
  answer(request: Request, client: number, kind: number, peek: boolean, encode: boolean, out: Vector): void {
    const flipped = kind === answerKinds.flippedMessage || kind === answerKinds.flippedGradient;
    const oracle = (flipped ? this.#flippedOracles : this.#oracles)[this.#oracleOf[client]!]!;
    oracle.current = request;
    this.#request = request;
    this.client = client;
    this.oracle = oracle;
    this.memory = peek ? this.#copyOfMemory(client) : this.#memories[client]!;
    this.#encode = encode;
    if (kind === answerKinds.message || kind === answerKinds.flippedMessage) request.phase.compute(request.vectors, this, out);
    else this.#plainGradient(request, oracle, out);
  }

  /** The client's plain stochastic gradient at the request's x: a whole vector, on the method's batch size. */
  #plainGradient({ vectors }: Request, oracle: Oracle, out: Vector): void {
    const { method } = this.#compiled;
    const x = vectors['x'];
    if (x === undefined)
      throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', 'an attack of the plain gradient needs a phase whose request has x');
    if (method.batchSize === undefined || method.batchRule === undefined) oracle.gradient(x, out);
    else oracle.batchGradient(x, this.batch(method.batchSize, method.batchRule), method.batchSize, out);
  }

  batch(b: number, rule: BatchRule): Int32Array {
    const { k, position } = this.#request;
    const { samples } = this.oracle;
    const out = this.#batch;
    const given = this.#draws?.batch?.(k, this.client);
    if (given !== undefined) {
      requireBatch(given, b, samples, `draws.batch(${k}, ${this.client})`);
      out.set(given);
      return out;
    }
    const stream = this.#batchStream.at(k, rule.batches === 'shared' ? EVERYONE : this.client, position);
    if (rule.batchSampling === 'with-replacement') sampleWithReplacement(stream, samples, b, out);
    else sampleWithoutReplacement(stream, samples, b, out, this.#seen);
    return out;
  }

  compress(vector: Vector): void {
    if (this.#encode) this.encode(this.#request, this.client, vector);
  }

  /** Q_i of a finished vector, with the client's own randomness (the round's where masks are shared). */
  encode({ k, position }: Request, client: number, vector: Vector): void {
    const context = this.#compressorContext;
    context.stream.at(k, this.#compiled.compressorCorrelated ? EVERYONE : client, position);
    context.coordinates = this.#draws?.coordinates?.(k, client);
    this.#compiled.compressor.compress(vector, context);
  }

  #copyOfMemory(client: number): Arrays {
    const memory = this.#memories[client]!;
    for (const name of this.#memoryNames) this.#scratchMemory[name]!.set(memory[name]!);
    return this.#scratchMemory;
  }
}
