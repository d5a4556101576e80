/**
 * What an attack sees: a view of the round that holds what its declared knowledge allows and nothing else. One object
 * per run, pointed at each liar in turn; everything is read when the attack does.
 */
import type { AttackView, Frame, Knowledge, Scale, Situation } from '../../shared/contracts/attack.ts';
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Vector } from '../../shared/vector.ts';

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

export class AttackSight implements AttackView {
  readonly d: number;
  readonly scale: Scale;
  readonly #rank: number;
  readonly #arena: Arena;
  /** Memory for base + message of honest clients, for attacks that do not commute with translations; taken on first use. */
  readonly #liftedRows: Vector[] = [];
  /** The first rows of it, once this round has filled them. */
  readonly #lifted: Vector[] = [];
  #isLifted = false;
  #ownLifted: Vector | undefined;
  #facts!: RoundFacts;
  #client: number | undefined;
  #own: Vector | undefined;
  #ownIsWhole = false;

  constructor(knowledge: Knowledge, scale: Scale, d: number, arena: Arena) {
    this.d = d;
    this.scale = scale;
    this.#rank = ranks[knowledge];
    this.#arena = arena;
  }

  /** Turns to the round of these facts. */
  begin(facts: RoundFacts): void {
    this.#facts = facts;
    this.#isLifted = false;
  }

  /** Looks as the given liar does, or as all of them together. `own` is its own vector, a whole one or a message. */
  lookAs(client: number | undefined, own: Vector | undefined, ownIsWhole: boolean): this {
    this.#client = client;
    this.#own = own;
    this.#ownIsWhole = ownIsWhole;
    return this;
  }

  /** The base that separates a vector on the attack's scale from a client's message; undefined where the two coincide. */
  static shift({ baseOf, base }: RoundFacts, scale: Scale, client: number): Vector | undefined {
    return scale === 'estimate' ? (baseOf?.(client) ?? base) : undefined;
  }

  get k(): number {
    return this.#facts.k;
  }

  get refresh(): boolean {
    return this.#facts.refresh;
  }

  get cohortSize(): number {
    return this.#facts.cohortSize;
  }

  get cohortByzantine(): number {
    return this.#facts.cohortByzantine;
  }

  get total(): number {
    return this.#facts.total;
  }

  get byzantineCount(): number {
    return this.#facts.byzantineCount;
  }

  get own(): Vector | undefined {
    const own = this.#own;
    if (this.#rank < ranks.own || own === undefined || this.#client === undefined) return undefined;
    const shift = this.#ownIsWhole ? undefined : AttackSight.shift(this.#facts, this.scale, this.#client);
    if (shift === undefined) return own;
    this.#ownLifted ??= this.#arena.doubles(this.d);
    return this.#arena.kernels.add(shift, own, this.#ownLifted);
  }

  get ownMessage(): Vector | undefined {
    return this.#rank >= ranks.own && !this.#ownIsWhole ? this.#own : undefined;
  }

  get honest(): readonly Vector[] | undefined {
    return this.#rank >= ranks['honest-messages'] ? this.#liftHonest() : undefined;
  }

  get equivariant(): { readonly rows: readonly Vector[]; readonly frame: Frame } | undefined {
    if (this.#rank < ranks['honest-messages']) return undefined;
    if (this.#facts.baseOf === undefined) return { rows: this.#facts.honestRows, frame: 'message' };
    return { rows: this.#liftHonest(), frame: 'scale' };
  }

  get rule(): RoundFacts['rule'] | undefined {
    return this.#rank >= ranks['honest-messages-and-rule'] ? this.#facts.rule : undefined;
  }

  get x(): Vector | undefined {
    return this.#rank >= ranks.everything ? this.#facts.x : undefined;
  }

  get start(): Vector | undefined {
    return this.#rank >= ranks.everything ? this.#facts.start : undefined;
  }

  get estimate(): Vector | undefined {
    return this.#rank >= ranks.everything ? this.#facts.base : undefined;
  }

  get stepSize(): number | undefined {
    return this.#rank >= ranks.everything ? this.#facts.stepSize : undefined;
  }

  get clippingLevel(): number | undefined {
    return this.#rank >= ranks.everything ? this.#facts.clippingLevel : undefined;
  }

  get gradient(): RoundFacts['gradient'] | undefined {
    return this.#rank >= ranks.everything ? this.#facts.gradient : undefined;
  }

  /** Honest vectors on the attack's scale, by client number; once a round. */
  #liftHonest(): readonly Vector[] {
    if (this.#isLifted) return this.#lifted;
    const { honestRows, honestClients } = this.#facts;
    this.#lifted.length = 0;
    for (let i = 0; i < honestRows.length; i++) {
      const shift = AttackSight.shift(this.#facts, this.scale, honestClients[i]!);
      if (shift === undefined) this.#lifted.push(honestRows[i]!);
      else {
        this.#liftedRows[i] ??= this.#arena.doubles(this.d);
        this.#lifted.push(this.#arena.kernels.add(shift, honestRows[i]!, this.#liftedRows[i]!));
      }
    }
    this.#isLifted = true;
    return this.#lifted;
  }
}
