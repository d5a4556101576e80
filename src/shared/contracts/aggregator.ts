/**
 * Aggregators: messages -> vector. Pre-aggregators: messages -> messages.
 *
 * A rule sees n from the messages and f, state, workspace and randomness from its context; never the seed, never who
 * lies. Rules order NaN like +Infinity unless their traits say otherwise.
 */
import type { z } from 'zod';
import type { Messages, Stream, Vector } from '../vector.ts';
import type { Kernels } from './kernels.ts';
import type { Arrays, Layout, Shape } from './memory.ts';
import type { Definition, Source } from './strategy.ts';

/** What a rule is handed beside the messages. */
export interface RuleContext<S extends string = string, W extends string = string> {
  /** f: how many of the rows the rule is told to survive. */
  readonly toleratedByzantine: number;
  /** Memory of this rule, part of a checkpoint; one for each kind of round. */
  readonly state: Arrays<S>;
  /** Scratch; holds nothing between calls. */
  readonly workspace: Arrays<W>;
  /** What computes on messages, state, workspace and `out`. */
  readonly kernels: Kernels;
  /** Round-wide randomness of the rule, already keyed to the round. */
  readonly stream: Stream;
  /** Replaces the permutation a rule would draw: `permutation[p]` is the row put at position p. */
  readonly permutation?: ArrayLike<number> | undefined;
}

/** A bound that (n, f) breaks, in words with numbers: "trimmed-mean needs n > 2 trim; got n = 4, trim = 2". */
export type BrokenBound = string | undefined;

export interface AggregatorTraits {
  /** Permuting the clients changes nothing, to the last bit (`exact`), or up to rounding. */
  readonly permutationInvariant: 'exact' | 'rounding' | false;
  /** Adding one vector to all messages adds it to the result, up to rounding. */
  readonly translationEquivariant: boolean;
  /** Multiplying all messages by a scalar multiplies the result, up to rounding. */
  readonly scaleEquivariant: boolean;
  /** Every coordinate of the result lies between the smallest and the largest message coordinate. */
  readonly staysInCoordinateHull: boolean;
  /** A lone message is returned unchanged, bit for bit. */
  readonly returnsLoneMessage: boolean;
  /**
   * f rows that are NaN or infinite: `survives` (the result stays finite), `propagates` (they reach the result) or
   * `rejects` (the result is all NaN, which ends a run as diverged; the library throws MARINADE_SHAPE_NON_FINITE).
   */
  readonly nonFinite: 'survives' | 'propagates' | 'rejects';
  /** Its guarantee holds for a parameter set to the spread of the honest messages: not agnostic, as theorems ask. */
  readonly needsSpread?: boolean;
}

export interface Aggregator<S extends string = string, W extends string = string> {
  readonly state?: (shape: Shape) => Layout<S>;
  readonly workspace?: (shape: Shape) => Layout<W>;
  /** What cannot be computed for n rows and f. Pure arithmetic, called before anything runs. */
  readonly infeasible: (n: number, f: number) => BrokenBound;
  /** What can be computed but lies beyond the rule's guarantee. */
  readonly beyondGuarantee: (n: number, f: number) => BrokenBound;
  /** F_A of Assumption 2.3: |A(x_1..x_n)| <= F_A max |x_i|; undefined where none is known. */
  readonly boundFactor?: (n: number, f: number, d: number) => number;
  /** Writes the result into `out`; leaves the messages as they are. */
  aggregate(messages: Messages, context: RuleContext<S, W>, out: Vector): void;
}

export interface AggregatorDefinition extends Definition<Aggregator> {
  readonly traits: AggregatorTraits;
}

/** Seals an aggregator's parameter and layout types. */
export function defineAggregator<Schema extends z.ZodObject, S extends string = never, W extends string = never>(definition: {
  name: string;
  summary: string;
  source: Source;
  schema: Schema;
  traits: AggregatorTraits;
  create(parameters: z.output<Schema>): Aggregator<S, W>;
}): AggregatorDefinition {
  return definition as unknown as AggregatorDefinition;
}

export interface PreAggregator<S extends string = string, W extends string = string> {
  readonly state?: (shape: Shape) => Layout<S>;
  readonly workspace?: (shape: Shape) => Layout<W>;
  /** Rows that come out when n go in. */
  readonly rows: (n: number) => number;
  /** At most so many of the rows that come out are contaminated when f of n went in. */
  readonly contaminated: (n: number, f: number) => number;
  readonly infeasible: (n: number, f: number) => BrokenBound;
  readonly beyondGuarantee: (n: number, f: number) => BrokenBound;
  readonly boundFactor?: (n: number, f: number) => number;
  /** Writes rows into `out` and sets `out.n`; leaves the messages as they are. */
  apply(messages: Messages, context: RuleContext<S, W>, out: Messages): void;
}

export interface PreAggregatorDefinition extends Definition<PreAggregator> {
  readonly traits: { readonly random: boolean; readonly translationEquivariant: boolean };
}

/** Seals a pre-aggregator's parameter and layout types. */
export function definePreAggregator<Schema extends z.ZodObject, S extends string = never, W extends string = never>(definition: {
  name: string;
  summary: string;
  source: Source;
  schema: Schema;
  traits: PreAggregatorDefinition['traits'];
  create(parameters: z.output<Schema>): PreAggregator<S, W>;
}): PreAggregatorDefinition {
  return definition as unknown as PreAggregatorDefinition;
}
