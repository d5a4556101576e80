/**
 * The server's side of a round: cohorts and coins, one answer per `ask`, clipping, the rule, heuristic (10).
 *
 * Answering an ask: decide what must be computed (sampled clients, and what the adversary needs), let `gather` compute
 * it, count its cost, let the adversary speak, encode the lies. What comes back are the messages of the cohort by
 * client number.
 */
import type { Clipping } from '../../shared/contracts/clipping.ts';
import type { Draws } from '../../shared/contracts/draws.ts';
import type { Arena, Arrays } from '../../shared/contracts/memory.ts';
import { arraysFor } from '../../shared/contracts/memory.ts';
import type { Ask, Asking, RefreshRule, ServerContext } from '../../shared/contracts/method.ts';
import type { Cohort, ParticipationContext } from '../../shared/contracts/participation.ts';
import type { Objective, Problem } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { type Messages, messagesOver, type Vector } from '../../shared/vector.ts';
import { add, axpy, clipInPlace, distance, meanOfRows, subtract } from '../kernels/reference/vectors.ts';
import { sampleSubset } from '../random/sampling.ts';
import { KeyedStream } from '../random/streams.ts';
import { Adversary, type RoundFacts } from './adversary.ts';
import { answerKinds, type ClientSide, type Request } from './client-side.ts';
import { type CompiledExperiment, toleratedByzantine } from './compile.ts';
import type { Gather, Tasks } from './gather.ts';
import { counter, type RunMemory } from './run-memory.ts';

/** What a round leaves behind for metrics and reports; reset at the start of each round. */
export interface RoundFacets {
  refresh: boolean;
  cohortSize: number;
  cohortByzantine: number;
  /** Infinity without clipping, NaN in a refresh round. */
  clippingLevel: number;
  clippedHonest: number;
  clippedClients: number[];
  honestMessages: number;
  shrinkageSum: number;
  injectedError: number;
  injectedRatio: number;
}

export interface ServerSideParts {
  readonly compiled: CompiledExperiment;
  readonly problem: Problem;
  readonly objective: Objective;
  readonly clipping: Clipping;
  readonly memory: RunMemory;
  readonly clientSide: ClientSide;
  readonly gather: Gather;
  readonly arena: Arena;
  readonly draws: Draws | undefined;
}

export class ServerSide implements ServerContext {
  k = 0;
  readonly everyone: Cohort;
  readonly facets: RoundFacets;
  /** Set for rounds in which metrics want the rule's result on the honest part. */
  wantsInjectedError = false;

  readonly #parts: ServerSideParts;
  readonly #adversary: Adversary;
  readonly #cohort: Cohort;
  readonly #byzantine: Uint8Array;
  readonly #tasks: Tasks;
  readonly #peeked: Messages;
  readonly #coin: KeyedStream;
  readonly #sampler: KeyedStream;
  readonly #identity: KeyedStream;
  readonly #rule: KeyedStream;
  readonly #measurement: KeyedStream;
  readonly #ruleWorkspace: unknown;
  #beside: { readonly rows: Messages; readonly state: Arrays; readonly out: Vector } | undefined;
  readonly #heuristic: boolean;
  #position = 0;
  #current!: RunMemory['state'];
  #next!: RunMemory['state'];

  constructor(parts: ServerSideParts) {
    const { compiled, problem, memory, arena } = parts;
    const { experiment, pipeline, method } = compiled;
    const { seed, clients } = experiment;
    const n = clients.total;
    const { d } = problem;
    this.#parts = parts;
    this.everyone = { clients: Int32Array.from({ length: n }, (_, i) => i), size: n };
    this.#cohort = { clients: new Int32Array(n), size: 0 };
    this.#byzantine = new Uint8Array(n);
    this.#tasks = {
      count: 0,
      client: new Int32Array(n),
      row: new Int32Array(n),
      kind: new Int32Array(n),
      peek: new Uint8Array(n),
      encode: new Uint8Array(n),
    };
    this.#peeked = memory.messages;
    this.#adversary = new Adversary(compiled, d, memory.attackState, arena);
    this.#coin = new KeyedStream(seed, 'refresh');
    this.#sampler = new KeyedStream(seed, 'cohort');
    this.#identity = new KeyedStream(seed, 'identity');
    this.#rule = new KeyedStream(seed, 'rule');
    this.#measurement = new KeyedStream(seed, 'measurement');
    this.#ruleWorkspace = pipeline.allocate({ n, d }, arena);
    this.#heuristic = !parts.clipping.disabled && !method.clipsDifferences;
    this.facets = {
      refresh: false,
      cohortSize: 0,
      cohortByzantine: 0,
      clippingLevel: Number.NaN,
      clippedHonest: 0,
      clippedClients: [],
      honestMessages: 0,
      shrinkageSum: 0,
      injectedError: Number.NaN,
      injectedRatio: Number.NaN,
    };
    this.#drawIdentities(0);
  }

  /** Prepares for round k (0: the start) between two copies of the method's state. */
  begin(k: number, current: RunMemory['state'], next: RunMemory['state']): void {
    this.k = k;
    this.#position = 0;
    this.#current = current;
    this.#next = next;
    const { facets } = this;
    facets.refresh = false;
    facets.cohortSize = 0;
    facets.cohortByzantine = 0;
    facets.clippingLevel = Number.POSITIVE_INFINITY;
    facets.clippedHonest = 0;
    facets.clippedClients.length = 0;
    facets.honestMessages = 0;
    facets.shrinkageSum = 0;
    facets.injectedError = Number.NaN;
    facets.injectedRatio = Number.NaN;
    this.#drawIdentities(k);
  }

  /** Closes a round: what the broadcast of x^k and the coin cost. */
  end(): void {
    const { experiment } = this.#parts.compiled;
    const { downlink, bitsPerNumber } = experiment.communication;
    const { counters } = this.#parts.memory;
    const receivers = downlink === 'all' ? experiment.clients.total : this.facets.cohortSize;
    counters[counter.downlinkBits]! += receivers * (this.#parts.problem.d * bitsPerNumber + 1);
    if (this.k > 0 && 2 * this.facets.cohortByzantine > this.facets.cohortSize) counters[counter.majorityRounds]!++;
    if (this.facets.cohortSize === 0 && this.k > 0) counters[counter.emptyCohorts]!++;
  }

  *smallCohort(): Asking<Cohort> {
    yield* this.#sample('small');
    return this.#cohort;
  }

  *largeCohort(): Asking<Cohort> {
    yield* this.#sample('large');
    return this.#cohort;
  }

  *#sample(size: 'small' | 'large'): Asking {
    const { compiled, memory, draws } = this.#parts;
    const given = draws?.cohort?.(this.k);
    if (given !== undefined) {
      const sorted = Int32Array.from(given).sort();
      if (sorted.some((client, i) => client < 0 || client >= this.everyone.size || client === sorted[i - 1])) {
        throw new MarinadeError(
          'MARINADE_SHAPE_DIMENSION',
          `draws.cohort(${this.k}) must be distinct clients below ${this.everyone.size}; got [${given.join(', ')}]`,
        );
      }
      this.#cohort.clients.set(sorted);
      this.#cohort.size = sorted.length;
      return;
    }
    const context: ParticipationContext = {
      k: this.k,
      total: this.everyone.size,
      stream: this.#sampler.at(this.k),
      state: memory.samplerState,
    };
    yield* compiled.participation[size](context, this.#cohort);
  }

  refreshes(rule: RefreshRule): boolean {
    const given = this.#parts.draws?.refresh?.(this.k);
    if (given !== undefined) return given;
    return 'every' in rule ? this.k % rule.every === 0 : this.#coin.at(this.k).uniform() < rule.probability;
  }

  step(x: Vector, g: Vector, out: Vector): Vector {
    return axpy(-this.#parts.compiled.method.stepSize, g, x, out);
  }

  exactGradient(x: Vector, out: Vector): void {
    this.#parts.objective.lossAndGradient(x, out);
  }

  /** The clients of the last cohort asked in this round. */
  lastCohort(): number[] {
    return Array.from(this.#parts.memory.messages.clients.subarray(0, this.facets.cohortSize));
  }

  /** The messages of the cohort for one ask. */
  answer({ phase, request: vectors, options }: Ask): Messages {
    const { compiled, memory, clientSide, gather } = this.#parts;
    const { messages } = memory;
    const { clients: cohort, refresh = false } = options;
    const { facets } = this;
    const tasks = this.#tasks;
    const lie: { clients: number[]; rows: Vector[] } = { clients: [], rows: [] };

    let cohortByzantine = 0;
    for (let i = 0; i < cohort.size; i++) cohortByzantine += this.#byzantine[cohort.clients[i]!]!;
    const situation = {
      k: this.k,
      refresh,
      cohortSize: cohort.size,
      cohortByzantine,
      total: this.everyone.size,
      byzantineCount: compiled.experiment.clients.byzantine,
    };
    const needs = this.#adversary.needs(situation);
    const ownKind = Adversary.ownKind(needs);
    const free = compiled.experiment.attackers === 'free';

    // What to compute: row i belongs to the i-th client of the cohort; rows behind the cohort to clients peeked at.
    tasks.count = 0;
    for (let i = 0; i < cohort.size; i++) {
      const client = cohort.clients[i]!;
      messages.clients[i] = client;
      if (this.#byzantine[client] === 0) this.#task(client, i, answerKinds.message, false, true);
      else {
        lie.clients.push(client);
        lie.rows.push(messages.rows[i]!);
        if (ownKind !== undefined) this.#task(client, i, ownKind, false, free);
      }
    }
    messages.n = cohort.size;
    const honest = needs.honest === true ? this.#visibleHonest(cohort) : { rows: [], clients: [] };

    const request: Request = { phase, position: this.#position++, k: this.k, vectors };
    gather(request, tasks, messages.rows);
    this.#countCosts(request, cohort, cohortByzantine);

    if (lie.clients.length > 0) {
      const facts = this.#facts(situation, vectors, options, honest);
      this.#adversary.lie(facts, needs, lie.clients, lie.rows, request.position);
      if (phase.encoded && !free) for (let i = 0; i < lie.clients.length; i++) clientSide.encode(request, lie.clients[i]!, lie.rows[i]!);
    }
    facets.refresh = refresh;
    facets.cohortSize = cohort.size;
    facets.cohortByzantine = cohortByzantine;
    if (refresh) facets.clippingLevel = Number.NaN;
    return messages;
  }

  #task(client: number, row: number, kind: number, peek: boolean, encode: boolean): void {
    const tasks = this.#tasks;
    const at = tasks.count++;
    tasks.client[at] = client;
    tasks.row[at] = row;
    tasks.kind[at] = kind;
    tasks.peek[at] = peek ? 1 : 0;
    tasks.encode[at] = encode ? 1 : 0;
  }

  /** Rows of the honest clients an attacker sees, by client number; those outside the cohort are peeked at. */
  #visibleHonest(cohort: Cohort): { rows: Vector[]; clients: number[] } {
    const { rows } = this.#peeked;
    const all = this.#parts.compiled.attackVisibility === 'all';
    const seen: { rows: Vector[]; clients: number[] } = { rows: [], clients: [] };
    let inCohort = 0;
    let spare = cohort.size;
    for (let client = 0; client < this.everyone.size; client++) {
      const sampled = inCohort < cohort.size && cohort.clients[inCohort] === client;
      const row = sampled ? inCohort++ : -1;
      if (this.#byzantine[client] === 1 || (!sampled && !all)) continue;
      if (!sampled) this.#task(client, spare, answerKinds.message, true, true);
      seen.rows.push(rows[sampled ? row : spare++]!);
      seen.clients.push(client);
    }
    return seen;
  }

  #facts(
    situation: Pick<RoundFacts, 'k' | 'refresh' | 'cohortSize' | 'cohortByzantine' | 'total' | 'byzantineCount'>,
    vectors: Readonly<Record<string, Vector>>,
    options: Ask['options'],
    honest: { rows: Vector[]; clients: number[] },
  ): RoundFacts {
    const { compiled, memory, objective } = this.#parts;
    return {
      ...situation,
      x: vectors['x'] ?? this.#current.x,
      start: memory.start,
      base: options.base,
      baseOf: options.baseOf,
      stepSize: compiled.method.stepSize,
      clippingLevel: compiled.attackTraits.needsClippingLevel === true && !situation.refresh ? this.#levelFor(memory.messages) : undefined,
      honestRows: honest.rows,
      honestClients: honest.clients,
      gradient: (out) => {
        objective.lossAndGradient(vectors['x'] ?? this.#current.x, out);
      },
      rule: (rows, out) => this.#ruleOn(rows, out),
    };
  }

  #countCosts({ phase }: Request, cohort: Cohort, cohortByzantine: number): void {
    const { compiled, problem, memory, clientSide } = this.#parts;
    const { bitsPerNumber } = compiled.experiment.communication;
    const { counters } = memory;
    const dense = problem.d * bitsPerNumber;
    const encoded = phase.encoded ? compiled.compressor.bits(problem.d, bitsPerNumber) : dense;
    counters[counter.uplinkBits]! += (cohort.size - cohortByzantine) * encoded;
    counters[counter.byzantineUplinkBits]! += cohortByzantine * (compiled.experiment.attackers === 'free' ? dense : encoded);
    for (let i = 0; i < cohort.size; i++) {
      const client = cohort.clients[i]!;
      if (this.#byzantine[client] === 0) counters[counter.gradientEvaluations]! += phase.evaluations(clientSide.samplesOf(client));
    }
  }

  clipToLevel(messages: Messages): void {
    const { clipping } = this.#parts;
    const { facets } = this;
    const level = clipping.disabled ? Number.POSITIVE_INFINITY : this.#levelFor(messages);
    facets.clippingLevel = level;
    for (let i = 0; i < messages.n; i++) {
      const client = messages.clients[i]!;
      const honest = this.#byzantine[client] === 0;
      if (honest) facets.honestMessages++;
      if (clipping.disabled) {
        if (honest) facets.shrinkageSum++;
        continue;
      }
      const length = clipInPlace(messages.rows[i]!, level);
      const clipped = length > level;
      if (clipped) facets.clippedClients.push(client);
      if (!honest) continue;
      if (clipped) facets.clippedHonest++;
      facets.shrinkageSum += clipped ? level / length : 1;
    }
  }

  #levelFor(messages: Messages): number {
    const { clipping, memory } = this.#parts;
    const { x: xPrevious, g } = this.#current;
    const { x } = this.#next;
    return clipping.level({ xPrevious, x, g, stepNorm: distance(x, xPrevious), messages, state: memory.clippingState });
  }

  aggregate(messages: Messages, out: Vector): void {
    if (messages.n === 0) out.set(this.#current.g);
    else if (this.#heuristic && this.k > 0) {
      // Heuristic (10): g^k = g^{k-1} + A({ clip(g_i^k - g^{k-1}) }).
      for (let i = 0; i < messages.n; i++) subtract(messages.rows[i]!, this.#current.g, messages.rows[i]!);
      this.clipToLevel(messages);
      this.#applyRule(messages, out, 'robust');
      add(this.#current.g, out, out);
    } else this.#applyRule(messages, out, 'robust');
  }

  aggregateDifferences(messages: Messages, g: Vector, out: Vector, rule: 'robust' | 'mean' = 'robust'): void {
    if (messages.n === 0) {
      out.set(g);
      return;
    }
    if (this.#heuristic) this.clipToLevel(messages);
    this.#applyRule(messages, out, rule);
    add(g, out, out);
  }

  #applyRule(messages: Messages, out: Vector, rule: 'robust' | 'mean'): void {
    const { compiled, memory, draws } = this.#parts;
    const state = this.facets.refresh ? memory.ruleState.refresh : memory.ruleState.difference;
    if (this.wantsInjectedError) this.#keepStateFor(state);
    if (rule === 'mean') meanOfRows(messages.rows, messages.n, out);
    else {
      const lowered = compiled.pipeline.aggregate(
        messages,
        {
          toleratedByzantine: toleratedByzantine(compiled.experiment, messages.n),
          state,
          workspace: this.#ruleWorkspace as never,
          stream: this.#rule.at(this.k, undefined, this.#position),
          permutation: draws?.permutation?.(this.k),
        },
        out,
      );
      memory.counters[counter.loweredTolerance]! += lowered;
    }
    if (this.wantsInjectedError) this.#measureInjected(messages, out, rule);
  }

  /** Memory for using the rule beside the run, taken on first use: few runs need it. */
  #memoryBeside(): { readonly rows: Messages; readonly state: Arrays; readonly out: Vector } {
    const { compiled, problem, arena } = this.#parts;
    const { d } = problem;
    const n = this.everyone.size;
    this.#beside ??= {
      rows: messagesOver(arena.doubles(n * d), n, d),
      state: arraysFor(compiled.pipeline.stateLayout({ n, d }), (length) => arena.doubles(length)),
      out: arena.doubles(d),
    };
    return this.#beside;
  }

  #keepStateFor(state: Arrays): void {
    const kept = this.#memoryBeside().state;
    for (const [name, values] of Object.entries(state)) kept[name]!.set(values);
  }

  /** |rule on the round - rule on its honest part|, both as the server would use them, with the rule's state before it. */
  #measureInjected(messages: Messages, result: Vector, rule: 'robust' | 'mean'): void {
    const honest: Vector[] = [];
    for (let i = 0; i < messages.n; i++) if (this.#byzantine[messages.clients[i]!] === 0) honest.push(messages.rows[i]!);
    if (honest.length === 0) return;
    const { out } = this.#memoryBeside();
    if (rule === 'mean') meanOfRows(honest, honest.length, out);
    else this.#ruleOn(honest, out);
    const { facets } = this;
    facets.injectedError = distance(result, out);
    const f = toleratedByzantine(this.#parts.compiled.experiment, messages.n);
    const bound = rule === 'mean' ? 1 : this.#parts.compiled.pipeline.boundFactor(messages.n, f, messages.d);
    const limit = bound === undefined ? Number.NaN : bound * facets.clippingLevel;
    if (Number.isFinite(limit) && limit > 0) facets.injectedRatio = facets.injectedError / limit;
  }

  /** The configured rule on given rows, told the largest feasible f at most, beside the run: its state is a copy. */
  #ruleOn(rows: readonly Vector[], out: Vector): void {
    const { compiled } = this.#parts;
    const { rows: copies, state } = this.#memoryBeside();
    rows.forEach((row, i) => copies.rows[i]!.set(row));
    copies.n = rows.length;
    compiled.pipeline.aggregate(
      copies,
      {
        toleratedByzantine: toleratedByzantine(compiled.experiment, rows.length),
        state,
        workspace: this.#ruleWorkspace as never,
        stream: this.#measurement.at(this.k),
        permutation: undefined,
      },
      out,
    );
  }

  /** Who lies in round k: the last clients, or a set drawn anew every `redrawEvery` rounds. */
  #drawIdentities(k: number): void {
    const { total, byzantine, byzantineIdentity } = this.#parts.compiled.experiment.clients;
    if (byzantineIdentity === 'fixed') {
      if (k === 0) this.#byzantine.fill(1, total - byzantine);
      return;
    }
    const epoch = Math.floor(k / byzantineIdentity.redrawEvery);
    sampleSubset(this.#identity.at(epoch), total, byzantine, this.#tasks.client);
    this.#byzantine.fill(0);
    for (let i = 0; i < byzantine; i++) this.#byzantine[this.#tasks.client[i]!] = 1;
  }
}
