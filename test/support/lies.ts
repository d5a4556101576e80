/**
 * One round of lies: the adversary of the engine over given vectors, so that needs, views, frames and scales are the
 * ones of a run. Vectors that an attack has not asked for hold NaN.
 */
import { attacks } from '../../src/algorithm/attacks/index.ts';
import { catalog } from '../../src/algorithm/catalog.ts';
import { Adversary } from '../../src/algorithm/engine/adversary.ts';
import type { RoundFacts } from '../../src/algorithm/engine/attack-sight.ts';
import { createAttack } from '../../src/algorithm/engine/compile.ts';
import { plainArena } from '../../src/algorithm/kernels/plain-arena.ts';
import type { Attack, AttackTraits, Scale, Situation } from '../../src/shared/contracts/attack.ts';
import { arraysFor } from '../../src/shared/contracts/memory.ts';
import type { StrategyChoice } from '../../src/shared/contracts/strategy.ts';
import { poisoned } from './strategies.ts';

type Numbers = ArrayLike<number>;

/** What there is in a round, indexed by client; honest clients come first. */
export interface LyingRound {
  readonly total: number;
  readonly byzantine: number;
  /** Client numbers in increasing order. */
  readonly cohort: readonly number[];
  readonly x: Numbers;
  readonly start: Numbers;
  readonly base: Numbers | undefined;
  /** Bases that differ between clients. */
  readonly bases?: readonly Numbers[];
  readonly stepSize: number;
  readonly messages: readonly Numbers[];
  readonly gradients: readonly Numbers[];
  readonly flippedMessages: readonly Numbers[];
  readonly flippedGradients: readonly Numbers[];
  readonly k?: number;
  readonly seed?: number;
}

export function situationOf({ total, byzantine, cohort, k = 1 }: LyingRound): Situation {
  const cohortByzantine = cohort.filter((client) => client >= total - byzantine).length;
  return { k, refresh: false, cohortSize: cohort.length, cohortByzantine, total, byzantineCount: byzantine };
}

/** Whose messages an attack sees: its own parameter, or that of the attack it wraps. */
function seesAll(choice: Readonly<Record<string, unknown>>): boolean {
  const inner = choice['attack'];
  return inner === undefined ? choice['visibility'] !== 'cohort' : seesAll(inner as Readonly<Record<string, unknown>>);
}

/** The attack a choice names, and the traits that follow from its parameters. */
export function attackOf(choice: StrategyChoice): { attack: Attack; traits: AttackTraits } {
  return createAttack(catalog, attacks.schema.parse(choice));
}

/** The messages of the round's liars, in the order of their numbers. */
export function lies(choice: StrategyChoice, on: Scale, round: LyingRound): Float64Array[] {
  return liesOf(attackOf(choice), seesAll(choice), on, round);
}

export function liesOf({ attack, traits }: ReturnType<typeof attackOf>, all: boolean, on: Scale, round: LyingRound): Float64Array[] {
  const { total, byzantine, cohort, seed = 1 } = round;
  const d = round.x.length;
  const shape = { n: total, d };
  const state = arraysFor(attack.state?.(shape) ?? {}, (length) => new Float64Array(length));
  const adversary = new Adversary({ attack, traits, scale: on, seed, shape, state, arena: { ...plainArena(), doubles: poisoned } });
  const situation = situationOf(round);
  const needs = adversary.needs(situation);
  const liars = cohort.filter((client) => client >= total - byzantine);
  const own = {
    message: round.messages,
    gradient: round.gradients,
    'flipped-message': round.flippedMessages,
    'flipped-gradient': round.flippedGradients,
  };
  const rows = liars.map((liar) => (needs.own === undefined ? poisoned(d) : Float64Array.from(own[needs.own][liar]!)));
  const seen = needs.honest === true ? (all ? Array.from({ length: total }, (_, i) => i) : cohort) : [];
  const honestClients = seen.filter((client) => client < total - byzantine);
  const facts: RoundFacts = {
    ...situation,
    x: Float64Array.from(round.x),
    start: Float64Array.from(round.start),
    base: round.base === undefined ? undefined : Float64Array.from(round.base),
    baseOf: round.bases === undefined ? undefined : (client) => Float64Array.from(round.bases![client]!),
    stepSize: round.stepSize,
    clippingLevel: undefined,
    honestRows: honestClients.map((client) => Float64Array.from(round.messages[client]!)),
    honestClients,
    gradient: (out) => out.fill(0),
    rule: (_, out) => out.fill(0),
  };
  adversary.lie(facts, needs, liars, rows, 0);
  return rows;
}
