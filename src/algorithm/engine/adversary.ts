/**
 * The adversary's side of a phase: who lies, what must be computed for the lie, and the lie itself, made from a view
 * that holds what the attack's declared knowledge allows and nothing else.
 */
import type { Attack, AttackContext, AttackTraits, Frame, Needs, Scale, Situation } from '../../shared/contracts/attack.ts';
import { type Arena, type Arrays, arraysFor, type Shape } from '../../shared/contracts/memory.ts';
import type { Vector } from '../../shared/vector.ts';
import { KeyedStream } from '../random/streams.ts';
import { AttackSight, type RoundFacts } from './attack-sight.ts';
import { answerKinds } from './client-side.ts';

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
  readonly #sight: AttackSight;
  readonly #context: AttackContext & { readonly stream: KeyedStream };
  readonly #arena: Arena;
  readonly #d: number;
  #collusion: Vector | undefined;

  constructor({ attack, traits, scale, seed, shape, state, arena }: AdversaryParts) {
    this.#attack = attack;
    this.#colludes = traits.colludes;
    this.#scale = scale;
    this.#sight = new AttackSight(traits.knowledge, scale, shape.d, arena);
    this.#context = {
      state,
      workspace: arraysFor(attack.workspace?.(shape) ?? {}, (length) => arena.doubles(length)),
      kernels: arena.kernels,
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
    const sight = this.#sight;
    const ownIsWhole = needs.own === 'gradient' || needs.own === 'flipped-gradient';
    sight.begin(facts);
    if (this.#colludes) {
      this.#collusion ??= this.#arena.doubles(this.#d);
      const collusion = this.#collusion;
      const frame = attack.craft(sight.lookAs(undefined, undefined, ownIsWhole), this.#contextFor(facts.k, undefined, position), collusion);
      for (let i = 0; i < liars.length; i++) {
        rows[i]!.set(collusion);
        this.#toMessage(frame, facts, liars[i]!, rows[i]!);
      }
      return;
    }
    for (let i = 0; i < liars.length; i++) {
      const own = needs.own === undefined ? undefined : rows[i]!;
      const frame = attack.craft(sight.lookAs(liars[i]!, own, ownIsWhole), this.#contextFor(facts.k, liars[i]!, position), rows[i]!);
      this.#toMessage(frame, facts, liars[i]!, rows[i]!);
    }
  }

  #contextFor(k: number, client: number | undefined, position: number): AttackContext {
    this.#context.stream.at(k, client, position);
    return this.#context;
  }

  #toMessage(frame: Frame, facts: RoundFacts, client: number, row: Vector): void {
    const shift = frame === 'scale' ? AttackSight.shift(facts, this.#scale, client) : undefined;
    if (shift !== undefined) this.#arena.kernels.subtract(row, shift, row);
  }
}
