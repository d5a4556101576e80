/**
 * The server's side of a round: cohorts and coins, one answer per `ask`, clipping, the rule, heuristic (10).
 *
 * Answering an ask: decide what must be computed (sampled clients, and what the adversary needs), let `gather` compute
 * it, count its cost, let the adversary speak, encode the lies. What comes back are the messages of the cohort by
 * client number.
 */

import type { Situation } from '../../shared/contracts/attack.ts';
import type { Clipping } from '../../shared/contracts/clipping.ts';
import type { Draws } from '../../shared/contracts/draws.ts';
import type { Kernels } from '../../shared/contracts/kernels.ts';
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Ask, Asking, RefreshRule, ServerContext } from '../../shared/contracts/method.ts';
import type { Cohort } from '../../shared/contracts/participation.ts';
import type { Objective, Problem } from '../../shared/contracts/problem.ts';
import type { Messages, Vector } from '../../shared/vector.ts';
import { Adversary } from './adversary.ts';
import type { RoundFacts } from './attack-sight.ts';
import { answerKinds, type ClientSide, type Request } from './client-side.ts';
import { Cohorts } from './cohorts.ts';
import type { CompiledExperiment } from './compile.ts';
import type { Gather, Tasks } from './gather.ts';
import { freshFacets, type RoundFacets, resetFacets } from './round-facets.ts';
import { counter, type RunMemory } from './run-memory.ts';
import { ServerRule } from './server-rule.ts';

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

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Clients with their rows. */
interface Seen {
  readonly clients: number[];
  readonly rows: Vector[];
}

export class ServerSide implements ServerContext {
  k = 0;
  readonly facets: RoundFacets = freshFacets();

  readonly #parts: ServerSideParts;
  readonly #adversary: Adversary;
  readonly #cohorts: Cohorts;
  readonly #rule: ServerRule;
  readonly #tasks: Tasks;
  readonly #heuristic: boolean;
  readonly #kernels: Kernels;
  /** Filled anew by each ask: who is in it, its liars, the honest clients they see, and all there is to know. */
  readonly #situation: Mutable<Situation>;
  readonly #lie: Seen = { clients: [], rows: [] };
  readonly #honest: Seen = { clients: [], rows: [] };
  readonly #facts: Mutable<RoundFacts>;
  #position = 0;
  #current!: RunMemory['state'];
  #next!: RunMemory['state'];

  constructor(parts: ServerSideParts) {
    const { compiled, problem, memory, arena, draws } = parts;
    const n = compiled.experiment.clients.total;
    this.#parts = parts;
    this.#cohorts = new Cohorts(compiled, memory.samplerState, draws);
    this.#tasks = {
      count: 0,
      client: new Int32Array(n),
      row: new Int32Array(n),
      kind: new Int32Array(n),
      peek: new Uint8Array(n),
      encode: new Uint8Array(n),
    };
    this.#adversary = new Adversary({
      attack: compiled.attack,
      traits: compiled.attackTraits,
      scale: compiled.experiment.attack.on,
      seed: compiled.experiment.seed,
      shape: { n, d: problem.d },
      state: memory.attackState,
      arena,
    });
    this.#rule = new ServerRule(compiled, problem.d, memory, arena, this.facets, this.#cohorts.byzantine, draws);
    this.#heuristic = !parts.clipping.disabled && !compiled.method.clipsDifferences;
    this.#kernels = arena.kernels;
    const { byzantine: byzantineCount } = compiled.experiment.clients;
    this.#situation = { k: 0, refresh: false, cohortSize: 0, cohortByzantine: 0, total: n, byzantineCount };
    this.#facts = this.#freshFacts();
  }

  get everyone(): Cohort {
    return this.#cohorts.everyone;
  }

  /** Prepares for round k (0: the start) between two copies of the method's state. */
  begin(k: number, current: RunMemory['state'], next: RunMemory['state'], wantsInjectedError: boolean): void {
    this.k = k;
    this.#position = 0;
    this.#current = current;
    this.#next = next;
    this.#rule.wantsInjectedError = wantsInjectedError;
    resetFacets(this.facets);
    this.#cohorts.begin(k);
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

  smallCohort(): Asking<Cohort> {
    return this.#cohorts.sample('small');
  }

  largeCohort(): Asking<Cohort> {
    return this.#cohorts.sample('large');
  }

  refreshes(rule: RefreshRule): boolean {
    return this.#cohorts.refreshes(rule);
  }

  step(x: Vector, g: Vector, out: Vector): Vector {
    return this.#kernels.axpy(-this.#parts.compiled.method.stepSize, g, x, out);
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
    const lie = this.#lie;
    lie.clients.length = 0;
    lie.rows.length = 0;

    const cohortByzantine = this.#cohorts.countByzantine(cohort);
    const situation = this.#situation;
    situation.k = this.k;
    situation.refresh = refresh;
    situation.cohortSize = cohort.size;
    situation.cohortByzantine = cohortByzantine;
    const needs = this.#adversary.needs(situation);
    const ownKind = Adversary.ownKind(needs);
    const free = compiled.experiment.attackers === 'free';

    // What to compute: row i belongs to the i-th client of the cohort; rows behind the cohort to clients peeked at.
    tasks.count = 0;
    for (let i = 0; i < cohort.size; i++) {
      const client = cohort.clients[i]!;
      messages.clients[i] = client;
      if (this.#cohorts.byzantine[client] === 0) this.#task(client, i, answerKinds.message, false, true);
      else {
        lie.clients.push(client);
        lie.rows.push(messages.rows[i]!);
        if (ownKind !== undefined) this.#task(client, i, ownKind, false, free);
      }
    }
    messages.n = cohort.size;
    this.#honest.rows.length = 0;
    this.#honest.clients.length = 0;
    if (needs.honest === true) this.#addVisibleHonest(cohort);

    const request: Request = { phase, position: this.#position++, k: this.k, vectors };
    // Heuristic (10) gives the rule whole vectors at the start and differences in every later round.
    this.#rule.begin(this.k, this.#position, (this.#heuristic ? this.k === 0 : refresh) ? 'refresh' : 'difference');
    gather(request, tasks, messages.rows);
    this.#countCosts(request, cohort, cohortByzantine);

    if (lie.clients.length > 0) {
      this.#adversary.lie(this.#factsOf(vectors, options), needs, lie.clients, lie.rows, request.position);
      if (phase.encoded && !free) for (let i = 0; i < lie.clients.length; i++) clientSide.encode(request, lie.clients[i]!, lie.rows[i]!);
    }
    facets.refresh = refresh;
    facets.cohortSize = cohort.size;
    facets.cohortByzantine = cohortByzantine;
    // Until something is clipped, and in rounds that clip nothing, every honest message is whole.
    facets.honestMessages = refresh ? 0 : cohort.size - cohortByzantine;
    facets.shrinkageSum = facets.honestMessages;
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

  /** Adds the rows of the honest clients an attacker sees, by client number; those outside the cohort are peeked at. */
  #addVisibleHonest(cohort: Cohort): void {
    const { rows } = this.#parts.memory.messages;
    const all = this.#parts.compiled.attackVisibility === 'all';
    const seen = this.#honest;
    let inCohort = 0;
    let spare = cohort.size;
    for (let client = 0; client < this.everyone.size; client++) {
      const sampled = inCohort < cohort.size && cohort.clients[inCohort] === client;
      const row = sampled ? inCohort++ : -1;
      if (this.#cohorts.byzantine[client] === 1 || (!sampled && !all)) continue;
      if (!sampled) this.#task(client, spare, answerKinds.message, true, true);
      seen.rows.push(rows[sampled ? row : spare++]!);
      seen.clients.push(client);
    }
  }

  #freshFacts(): Mutable<RoundFacts> {
    const { compiled, problem, memory, objective, arena } = this.#parts;
    let slope: Vector | undefined;
    return {
      ...this.#situation,
      x: memory.start,
      start: memory.start,
      base: undefined,
      baseOf: undefined,
      stepSize: compiled.method.stepSize,
      clippingLevel: undefined,
      honestRows: this.#honest.rows,
      honestClients: this.#honest.clients,
      // An attack may bring an array of its own.
      gradient: (out) => {
        slope ??= arena.doubles(problem.d);
        objective.lossAndGradient(this.#facts.x, slope);
        out.set(slope);
      },
      rule: (rows, out) => this.#rule.applyBeside(rows, out),
    };
  }

  /** What there is to know in this round; one object, filled anew for each ask with liars. */
  #factsOf(vectors: Readonly<Record<string, Vector>>, { base, baseOf }: Ask['options']): RoundFacts {
    const { compiled, memory } = this.#parts;
    const facts = this.#facts;
    const { k, refresh, cohortSize, cohortByzantine } = this.#situation;
    facts.k = k;
    facts.refresh = refresh;
    facts.cohortSize = cohortSize;
    facts.cohortByzantine = cohortByzantine;
    facts.x = vectors['x'] ?? this.#current.x;
    facts.base = base;
    facts.baseOf = baseOf;
    facts.clippingLevel =
      compiled.attackTraits.needsClippingLevel === true && this.#clips(facts) ? this.#levelFor(memory.messages) : undefined;
    return facts;
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
      if (this.#cohorts.byzantine[client] === 0) counters[counter.gradientEvaluations]! += phase.evaluations(clientSide.samplesOf(client));
    }
  }

  clipToLevel(messages: Messages): void {
    const { facets } = this;
    if (this.#parts.clipping.disabled) return;
    const level = this.#levelFor(messages);
    facets.clippingLevel = level;
    facets.honestMessages = 0;
    facets.shrinkageSum = 0;
    for (let i = 0; i < messages.n; i++) {
      const client = messages.clients[i]!;
      const length = this.#kernels.clipInPlace(messages.rows[i]!, level);
      const clipped = length > level;
      if (clipped) facets.clippedClients.push(client);
      if (this.#cohorts.byzantine[client] === 1) continue;
      facets.honestMessages++;
      if (clipped) facets.clippedHonest++;
      facets.shrinkageSum += clipped ? level / length : 1;
    }
  }

  /** Whether messages of this ask will be clipped: difference rounds, and with heuristic (10) every round but the start. */
  #clips({ k, refresh }: { readonly k: number; readonly refresh: boolean }): boolean {
    return k > 0 && (this.#heuristic || !refresh);
  }

  #levelFor(messages: Messages): number {
    const { clipping, memory } = this.#parts;
    const { x: xPrevious, g } = this.#current;
    const { x } = this.#next;
    return clipping.level({ xPrevious, x, g, stepNorm: this.#kernels.distance(x, xPrevious), messages, state: memory.clippingState });
  }

  aggregate(messages: Messages, out: Vector): void {
    if (messages.n === 0) out.set(this.#current.g);
    else if (this.#heuristic && this.k > 0) {
      // Heuristic (10): g^k = g^{k-1} + A({ clip(g_i^k - g^{k-1}) }).
      for (let i = 0; i < messages.n; i++) this.#kernels.subtract(messages.rows[i]!, this.#current.g, messages.rows[i]!);
      this.clipToLevel(messages);
      this.#rule.apply(messages, 'robust', out);
      this.#kernels.add(this.#current.g, out, out);
    } else this.#rule.apply(messages, 'robust', out);
  }

  aggregateDifferences(messages: Messages, g: Vector, out: Vector, rule: 'robust' | 'mean' = 'robust'): void {
    if (messages.n === 0) {
      out.set(g);
      return;
    }
    if (this.#heuristic) this.clipToLevel(messages);
    this.#rule.apply(messages, rule, out);
    this.#kernels.add(g, out, out);
  }
}
