/**
 * Attacks: the vector one lying client sends.
 *
 * An attack first says what it needs in the situation of the round, so that nothing is computed in vain; then it is
 * handed only what its declared knowledge allows. What is not allowed is absent from the view, not merely unread.
 *
 * **Scales.** Every phase has a base for each client: what the server adds to its decoded message (g in difference
 * rounds of the MARINA family, zero where whole vectors are sent). On the `estimate` scale an attack is built from the
 * vectors base + message, and the client sends its vector minus its own base; on the `message` scale from the
 * messages themselves. An attack writes in the frame it returns, the engine converts.
 */
import type { z } from 'zod';
import type { Stream, Vector } from '../vector.ts';
import type { RuleContext } from './aggregator.ts';
import type { Kernels } from './kernels.ts';
import type { Arrays, Layout, Shape } from './memory.ts';
import type { Definition, Source } from './strategy.ts';

/** What the adversary may see; each level includes the ones before. */
export type Knowledge = 'none' | 'own' | 'honest-messages' | 'honest-messages-and-rule' | 'everything';

export type Scale = 'estimate' | 'message';

/** Who is in the round, before anything is computed: enough to say what the attack needs. */
export interface Situation {
  /** Round, 0 for g^0. */
  readonly k: number;
  readonly refresh: boolean;
  readonly cohortSize: number;
  readonly cohortByzantine: number;
  /** Clients in total, and how many of them lie. */
  readonly total: number;
  readonly byzantineCount: number;
}

/**
 * What must be computed for the attack in this round. `own`: each liar's own message, honest or on flipped labels, or
 * its plain stochastic gradient (a whole vector). `honest`: the messages of the visible honest clients.
 */
export interface Needs {
  readonly own?: 'message' | 'gradient' | 'flipped-message' | 'flipped-gradient';
  readonly honest?: boolean;
}

/** Frame of the vector an attack wrote: on its scale, or already a message. */
export type Frame = 'scale' | 'message';

/** What an attack sees, until it has crafted its vector. Properties beyond its declared knowledge are undefined. */
export interface AttackView extends Situation {
  readonly d: number;
  readonly scale: Scale;
  /** This liar's own vector as asked for in `Needs.own`, on the attack's scale (a plain gradient is a whole vector). Knowledge: own. */
  readonly own?: Vector | undefined;
  /** The same as the message the liar would send (frame `message`), free of the rounding of base + message - base; may be `out`. */
  readonly ownMessage?: Vector | undefined;
  /** Visible honest vectors on the attack's scale, by client number; materialised on first use. Knowledge: honest-messages. */
  readonly honest?: readonly Vector[] | undefined;
  /**
   * The same rows in whichever frame is cheapest, for attacks that commute with translations; return its frame.
   * Knowledge: honest-messages.
   */
  readonly equivariant?: { readonly rows: readonly Vector[]; readonly frame: Frame } | undefined;
  /** The configured rule, pre-aggregators included, on given rows. Knowledge: honest-messages-and-rule. */
  readonly rule?: ((rows: readonly Vector[], out: Vector) => void) | undefined;
  /** x^k, x^0, the base common to all clients (undefined: zero), step size, clipping level of the round. Knowledge: everything. */
  readonly x?: Vector | undefined;
  readonly start?: Vector | undefined;
  readonly estimate?: Vector | undefined;
  readonly stepSize?: number | undefined;
  readonly clippingLevel?: number | undefined;
  /** Gradient of the honest objective at x^k. Knowledge: everything. */
  readonly gradient?: ((out: Vector) => void) | undefined;
}

export interface AttackContext<S extends string = string, W extends string = string> {
  readonly state: Arrays<S>;
  readonly workspace: Arrays<W>;
  /** What computes on the vectors of the view, workspace and `out`. */
  readonly kernels: Kernels;
  /** Round-wide stream for attacks that collude, the liar's own stream for the others. */
  readonly stream: Stream;
}

export interface Attack<S extends string = string, W extends string = string> {
  readonly state?: (shape: Shape) => Layout<S>;
  readonly workspace?: (shape: Shape) => Layout<W>;
  /** What a reader must know of this attack among so many clients, such as a formula that leaves its range. */
  readonly caution?: (clients: Pick<Situation, 'total' | 'byzantineCount'>) => string | undefined;
  needs(situation: Situation): Needs;
  /**
   * Writes the vector into `out` and returns its frame. `view.ownMessage` may be `out` itself. Colluding attacks are called
   * once a round, the others once for each sampled liar.
   */
  craft(view: AttackView, context: AttackContext<S, W>, out: Vector): Frame;
}

export interface AttackTraits {
  readonly knowledge: Knowledge;
  /** All liars send the same vector, computed once a round. */
  readonly colludes: boolean;
  /** The message is the same on both scales (up to rounding). */
  readonly scaleFree: boolean;
  /** Needs labels (label-flip). */
  readonly needsLabels?: boolean;
  /** Exists on the message scale only, or needs a clipping level. */
  readonly needsClippingLevel?: boolean;
  readonly messageScaleOnly?: boolean;
}

export interface AttackDefinition extends Definition<Attack, AttackEnvironment> {
  /** For a wrapper, the traits follow from the parameters. */
  readonly traits: AttackTraits | ((parameters: never) => AttackTraits);
}

/** What creating an attack may need: the registry, for attacks that wrap another. */
export interface AttackEnvironment {
  createInner(choice: { readonly name: string }): { attack: Attack; traits: AttackTraits };
}

/** Seals an attack's parameter and layout types. */
export function defineAttack<Schema extends z.ZodObject, S extends string = string, W extends string = string>(definition: {
  name: string;
  summary: string;
  source: Source;
  schema: Schema;
  traits: AttackTraits | ((parameters: z.output<Schema>, environment: AttackEnvironment) => AttackTraits);
  create(parameters: z.output<Schema>, environment: AttackEnvironment): Attack<S, W>;
}): AttackDefinition {
  return definition as unknown as AttackDefinition;
}

export type { RuleContext };
