/**
 * The experiment's rule as the server uses it: one memory for each kind of round, the round's randomness, and, beside
 * the run, the same rule on other rows for attacks that know it and for the injected error.
 */
import type { Draws } from '../../shared/contracts/draws.ts';
import { type Arena, type Arrays, arraysFor } from '../../shared/contracts/memory.ts';
import { type Messages, messagesOver, type Vector } from '../../shared/vector.ts';
import type { PipelineWorkspace } from '../aggregators/pipeline.ts';
import { KeyedStream } from '../random/streams.ts';
import type { CompiledExperiment } from './compile.ts';
import type { RoundFacets } from './round-facets.ts';
import { counter, type RunMemory } from './run-memory.ts';
import { toleratedByzantine } from './tolerated-byzantine.ts';

export class ServerRule {
  /** Set for rounds in which metrics want the rule's result on the honest part. */
  wantsInjectedError = false;

  readonly #compiled: CompiledExperiment;
  readonly #memory: RunMemory;
  readonly #facets: RoundFacets;
  readonly #byzantine: Uint8Array;
  readonly #draws: Draws | undefined;
  readonly #arena: Arena;
  readonly #d: number;
  readonly #stream: KeyedStream;
  readonly #measurement: KeyedStream;
  readonly #workspace: PipelineWorkspace;
  readonly #honest: Vector[] = [];
  #k = 0;
  #position = 0;
  #state: Arrays;
  #beside: { readonly rows: Messages; readonly state: Arrays; readonly out: Vector } | undefined;

  constructor(
    compiled: CompiledExperiment,
    d: number,
    memory: RunMemory,
    arena: Arena,
    facets: RoundFacets,
    byzantine: Uint8Array,
    draws: Draws | undefined,
  ) {
    const { seed, clients } = compiled.experiment;
    this.#compiled = compiled;
    this.#memory = memory;
    this.#facets = facets;
    this.#byzantine = byzantine;
    this.#draws = draws;
    this.#arena = arena;
    this.#d = d;
    this.#stream = new KeyedStream(seed, 'rule');
    this.#measurement = new KeyedStream(seed, 'measurement');
    this.#state = memory.ruleState.refresh;
    this.#workspace = compiled.pipeline.allocate({ n: clients.total, d }, arena);
  }

  /** Moves to an ask of round k: `kind` chooses the rule's memory, `position` tells the asks of a round apart. */
  begin(k: number, position: number, kind: 'refresh' | 'difference'): void {
    this.#k = k;
    this.#position = position;
    this.#state = this.#memory.ruleState[kind];
  }

  /** A(messages) into `out`, or the plain mean; at least one message. */
  apply(messages: Messages, rule: 'robust' | 'mean', out: Vector): void {
    const k = this.#k;
    // Before the rule moves its memory on.
    if (this.wantsInjectedError) this.#measureHonestPart(messages, rule);
    if (rule === 'mean') this.#arena.kernels.meanOfRows(messages.rows, messages.n, out);
    else {
      const lowered = this.#compiled.pipeline.aggregate(
        messages,
        {
          toleratedByzantine: toleratedByzantine(this.#compiled.experiment, messages.n),
          state: this.#state,
          workspace: this.#workspace,
          stream: this.#stream.at(k, undefined, this.#position),
          permutation: this.#draws?.permutation?.(k),
        },
        out,
      );
      this.#memory.counters[counter.loweredTolerance]! += lowered;
    }
    if (this.wantsInjectedError) this.#compareWithHonestPart(messages, rule, out);
  }

  /** The rule on given rows, told the largest feasible f at most, beside the run: on a copy of its memory. */
  applyBeside(rows: readonly Vector[], out: Vector): void {
    const { rows: copies, state } = this.#memoryBeside();
    for (const [name, values] of Object.entries(this.#state)) state[name]!.set(values);
    for (let i = 0; i < rows.length; i++) copies.rows[i]!.set(rows[i]!);
    copies.n = rows.length;
    this.#compiled.pipeline.aggregate(
      copies,
      {
        toleratedByzantine: toleratedByzantine(this.#compiled.experiment, rows.length),
        state,
        workspace: this.#workspace,
        stream: this.#measurement.at(this.#k),
        permutation: undefined,
      },
      out,
    );
  }

  /** Memory for using the rule beside the run, taken on first use: few runs need it. */
  #memoryBeside(): { readonly rows: Messages; readonly state: Arrays; readonly out: Vector } {
    const d = this.#d;
    const n = this.#byzantine.length;
    this.#beside ??= {
      rows: messagesOver(this.#arena.doubles(n * d), n, d),
      state: arraysFor(this.#compiled.pipeline.stateLayout({ n, d }), (length) => this.#arena.doubles(length)),
      out: this.#arena.doubles(d),
    };
    return this.#beside;
  }

  /** The rule on the honest messages of the round, as the server would use it; none is left where nobody is honest. */
  #measureHonestPart(messages: Messages, rule: 'robust' | 'mean'): void {
    this.#honest.length = 0;
    for (let i = 0; i < messages.n; i++) if (this.#byzantine[messages.clients[i]!] === 0) this.#honest.push(messages.rows[i]!);
    if (this.#honest.length === 0) return;
    const { out } = this.#memoryBeside();
    if (rule === 'mean') this.#arena.kernels.meanOfRows(this.#honest, this.#honest.length, out);
    else this.applyBeside(this.#honest, out);
  }

  /** |rule on the round - rule on its honest part|, also over F_A lambda. */
  #compareWithHonestPart(messages: Messages, rule: 'robust' | 'mean', result: Vector): void {
    if (this.#honest.length === 0) return;
    const facets = this.#facets;
    facets.injectedError = this.#arena.kernels.distance(result, this.#memoryBeside().out);
    const f = toleratedByzantine(this.#compiled.experiment, messages.n);
    const bound = rule === 'mean' ? 1 : this.#compiled.pipeline.boundFactor(messages.n, f, messages.d);
    const limit = bound === undefined ? Number.NaN : bound * facets.clippingLevel;
    if (Number.isFinite(limit) && limit > 0) facets.injectedRatio = facets.injectedError / limit;
  }
}
