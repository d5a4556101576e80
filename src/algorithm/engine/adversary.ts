/**
 * The adversary's side of a phase: who lies, what must be computed for the lie, and the lie itself, made from a view
 * that holds what the attack's declared knowledge allows and nothing else.
 */
import type {
  Attack,
  AttackContext,
  AttackTraits,
  AttackView,
  Frame,
  Knowledge,
  Needs,
  Scale,
  Situation,
} from '../../shared/contracts/attack.ts';
import { type Arena, type Arrays, arraysFor, type Shape } from '../../shared/contracts/memory.ts';
import type { Vector } from '../../shared/vector.ts';
import { add, subtract } from '../kernels/reference/vectors.ts';
import { KeyedStream } from '../random/streams.ts';
import { answerKinds } from './client-side.ts';

const ranks: Record<Knowledge, number> = { none: 0, own: 1, 'honest-messages': 2, 'honest-messages-and-rule': 3, everything: 4 };

/** Everything a round knows that an attack of full knowledge may see; read when the attack does. */
export interface RoundFacts extends Situation {
  readonly x: Vector;
  readonly start: Vector;
  readonly base: Vector | undefined;
  readonly baseOf: ((client: number) => Vector) | undefined;
  readonly stepSize: number;
  readonly clippingLevel: number | undefined;
  /** Messages of visible honest clients, by client number. */
  readonly honestRows: readonly Vector[];
  readonly honestClients: readonly number[];
  readonly gradient: (out: Vector) => void;
  readonly rule: (rows: readonly Vector[], out: Vector) => void;
}

/** The attack of an experiment, and the memory it works in. */
export interface AdversaryParts {
  readonly attack: Attack;
  readonly traits: AttackTraits;
  readonly scale: Scale;
  readonly seed: number;
  /** All clients, and the dimension. */
  readonly shape: Shape;
  readonly state: Arrays;
  readonly arena: Arena;
}

export class Adversary {
  readonly #attack: Attack;
  readonly #colludes: boolean;
  readonly #scale: Scale;
  readonly #rank: number;
  readonly #context: { state: Arrays; workspace: Arrays; stream: KeyedStream };
  /** Vectors base + message of honest clients, for attacks that do not commute with translations; taken on first use. */
  readonly #lifted: Vector[] = [];
  readonly #arena: Arena;
  readonly #d: number;
  #ownLifted: Vector | undefined;
  #collusion: Vector | undefined;

  constructor({ attack, traits, scale, seed, shape, state, arena }: AdversaryParts) {
    this.#attack = attack;
    this.#colludes = traits.colludes;
    this.#scale = scale;
    this.#rank = ranks[traits.knowledge];
    this.#context = {
      state,
      workspace: arraysFor(attack.workspace?.(shape) ?? {}, (length) => arena.doubles(length)),
      stream: new KeyedStream(seed, 'attack'),
    };
    this.#arena = arena;
    this.#d = shape.d;
  }

  needs(situation: Situation): Needs {
    return situation.cohortByzantine > 0 ? this.#attack.needs(situation) : {};
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
    const attack = this.#attack;
    const ownIsWhole = needs.own === 'gradient' || needs.own === 'flipped-gradient';
    if (this.#colludes) {
      this.#collusion ??= this.#arena.doubles(this.#d);
      const collusion = this.#collusion;
      const frame = attack.craft(
        this.#view(facts, undefined, undefined, ownIsWhole),
        this.#contextFor(facts.k, undefined, position),
        collusion,
      );
      for (let i = 0; i < liars.length; i++) {
        rows[i]!.set(collusion);
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
    return this.#scale === 'estimate' ? (facts.baseOf?.(client) ?? facts.base) : undefined;
  }

  #toMessage(frame: Frame, facts: RoundFacts, client: number, row: Vector): void {
    const shift = frame === 'scale' ? this.#shift(facts, client) : undefined;
    if (shift !== undefined) subtract(row, shift, row);
  }

  #view(facts: RoundFacts, client: number | undefined, own: Vector | undefined, ownIsWhole: boolean): AttackView {
    const rank = this.#rank;
    const scale = this.#scale;
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
      if (shift === undefined) return own;
      this.#ownLifted ??= this.#arena.doubles(this.#d);
      return add(shift, own, this.#ownLifted);
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
      get rule() {
        return rank >= ranks['honest-messages-and-rule'] ? facts.rule : undefined;
      },
      get x() {
        return rank >= ranks.everything ? facts.x : undefined;
      },
      get start() {
        return rank >= ranks.everything ? facts.start : undefined;
      },
      get estimate() {
        return rank >= ranks.everything ? facts.base : undefined;
      },
      get stepSize() {
        return rank >= ranks.everything ? facts.stepSize : undefined;
      },
      get clippingLevel() {
        return rank >= ranks.everything ? facts.clippingLevel : undefined;
      },
      get gradient() {
        return rank >= ranks.everything ? facts.gradient : undefined;
      },
    };
  }
}
