/**
 * The adversary's side of a phase: who lies, what must be computed for the lie, and the lie itself, made from a view
 * that holds what the attack's declared knowledge allows and nothing else.
 */
import type { AttackContext, AttackView, Frame, Knowledge, Needs, Situation } from '../../shared/contracts/attack.ts';
import { type Arena, type Arrays, arraysFor } from '../../shared/contracts/memory.ts';
import type { Vector } from '../../shared/vector.ts';
import { add, subtract } from '../kernels/reference/vectors.ts';
import { KeyedStream } from '../random/streams.ts';
import { answerKinds } from './client-side.ts';
import type { CompiledExperiment } from './compile.ts';

const ranks: Record<Knowledge, number> = { none: 0, own: 1, 'honest-messages': 2, 'honest-messages-and-rule': 3, everything: 4 };

/** Everything a round knows that an attack of full knowledge may see. */
export interface RoundFacts extends Situation {
  readonly x: Vector;
  readonly start: Vector;
  readonly base: Vector | undefined;
  readonly baseOf: ((client: number) => Vector) | undefined;
  readonly stepSize: number;
  readonly clippingLevel: number | undefined;
  /** Messages of visible honest clients, by client number: the first `honestCount` of `honestRows`. */
  readonly honestRows: readonly Vector[];
  readonly honestClients: readonly number[];
  gradient(out: Vector): void;
  rule(rows: readonly Vector[], out: Vector): void;
}

export class Adversary {
  readonly #compiled: CompiledExperiment;
  readonly #rank: number;
  readonly #context: { state: Arrays; workspace: Arrays; stream: KeyedStream };
  /** Vectors base + message of honest clients, for attacks that do not commute with translations; taken on first use. */
  readonly #lifted: Vector[] = [];
  readonly #arena: Arena;
  readonly #ownLifted: Vector;
  readonly #collusion: Vector;
  readonly #d: number;

  constructor(compiled: CompiledExperiment, d: number, state: Arrays, arena: Arena) {
    const { experiment, attack, attackTraits } = compiled;
    this.#compiled = compiled;
    this.#d = d;
    this.#rank = ranks[attackTraits.knowledge];
    this.#context = {
      state,
      workspace: arraysFor(attack.workspace?.({ n: experiment.clients.total, d }) ?? {}, (length) => arena.doubles(length)),
      stream: new KeyedStream(experiment.seed, 'attack'),
    };
    const lies = experiment.clients.byzantine > 0;
    this.#arena = arena;
    this.#ownLifted = arena.doubles(lies ? d : 0);
    this.#collusion = arena.doubles(lies ? d : 0);
  }

  needs(situation: Situation): Needs {
    return situation.cohortByzantine > 0 ? this.#compiled.attack.needs(situation) : {};
  }

  /** Which answer of its own each liar must be given, or undefined. */
  static ownKind({ own }: Needs): number | undefined {
    if (own === 'message') return answerKinds.message;
    if (own === 'gradient') return answerKinds.gradient;
    if (own === 'flipped-message') return answerKinds.flippedMessage;
    return own === 'flipped-gradient' ? answerKinds.flippedGradient : undefined;
  }

  /** Turns the rows of the round's liars into their lies, as messages. `rows[i]` holds what liar i was given of its own. */
  lie(facts: RoundFacts, needs: Needs, liars: readonly number[], rows: readonly Vector[], position: number): void {
    const { attack, attackTraits } = this.#compiled;
    const ownIsWhole = needs.own === 'gradient' || needs.own === 'flipped-gradient';
    if (attackTraits.colludes) {
      const frame = attack.craft(
        this.#view(facts, undefined, undefined, ownIsWhole),
        this.#contextFor(facts.k, undefined, position),
        this.#collusion,
      );
      for (let i = 0; i < liars.length; i++) {
        rows[i]!.set(this.#collusion);
        this.#toMessage(frame, facts, liars[i]!, rows[i]!);
      }
      return;
    }
    for (let i = 0; i < liars.length; i++) {
      const own = needs.own === undefined ? undefined : rows[i]!;
      const frame = attack.craft(this.#view(facts, liars[i]!, own, ownIsWhole), this.#contextFor(facts.k, liars[i]!, position), rows[i]!);
      this.#toMessage(frame, facts, liars[i]!, rows[i]!);
    }
  }

  #contextFor(k: number, client: number | undefined, position: number): AttackContext {
    this.#context.stream.at(k, client, position);
    return this.#context;
  }

  /** The base that separates a vector on the attack's scale from a message; undefined where the two coincide. */
  #shift(facts: RoundFacts, client: number): Vector | undefined {
    return this.#compiled.experiment.attack.on === 'estimate' ? (facts.baseOf?.(client) ?? facts.base) : undefined;
  }

  #toMessage(frame: Frame, facts: RoundFacts, client: number, row: Vector): void {
    const shift = frame === 'scale' ? this.#shift(facts, client) : undefined;
    if (shift !== undefined) subtract(row, shift, row);
  }

  #view(facts: RoundFacts, client: number | undefined, own: Vector | undefined, ownIsWhole: boolean): AttackView {
    const { experiment } = this.#compiled;
    const rank = this.#rank;
    const scale = experiment.attack.on;
    const { k, refresh, cohortSize, cohortByzantine, total, byzantineCount } = facts;
    let lifted: readonly Vector[] | undefined;
    const liftHonest = (): readonly Vector[] => {
      lifted ??= facts.honestRows.map((row, i) => {
        const shift = this.#shift(facts, facts.honestClients[i]!);
        if (shift === undefined) return row;
        this.#lifted[i] ??= this.#arena.doubles(this.#d);
        return add(shift, row, this.#lifted[i]);
      });
      return lifted;
    };
    const liftOwn = (): Vector | undefined => {
      if (own === undefined || client === undefined) return undefined;
      const shift = ownIsWhole ? undefined : this.#shift(facts, client);
      return shift === undefined ? own : add(shift, own, this.#ownLifted);
    };
    const commonBase = facts.baseOf === undefined;
    return {
      k,
      refresh,
      cohortSize,
      cohortByzantine,
      total,
      byzantineCount,
      d: this.#d,
      scale,
      get own() {
        return rank >= ranks.own ? liftOwn() : undefined;
      },
      ownMessage: rank >= ranks.own && !ownIsWhole ? own : undefined,
      get honest() {
        return rank >= ranks['honest-messages'] ? liftHonest() : undefined;
      },
      get equivariant() {
        if (rank < ranks['honest-messages']) return undefined;
        return commonBase ? ({ rows: facts.honestRows, frame: 'message' } as const) : ({ rows: liftHonest(), frame: 'scale' } as const);
      },
      rule: rank >= ranks['honest-messages-and-rule'] ? facts.rule : undefined,
      x: rank >= ranks.everything ? facts.x : undefined,
      start: rank >= ranks.everything ? facts.start : undefined,
      estimate: rank >= ranks.everything ? facts.base : undefined,
      stepSize: rank >= ranks.everything ? facts.stepSize : undefined,
      clippingLevel: rank >= ranks.everything ? facts.clippingLevel : undefined,
      gradient: rank >= ranks.everything ? facts.gradient : undefined,
    };
  }
}
