/** `attack`: one lie, made as the adversary of a run makes it, from a view that holds only what the attack may know. */
import { z } from 'zod';
import { pipelineOf } from './algorithm/aggregators/pipeline.ts';
import type { Catalog } from './algorithm/catalog.ts';
import { Adversary } from './algorithm/engine/adversary.ts';
import type { RoundFacts } from './algorithm/engine/attack-sight.ts';
import { createAttack } from './algorithm/engine/compile.ts';
import { plainArena } from './algorithm/kernels/plain-arena.ts';
import { KeyedStream } from './algorithm/random/streams.ts';
import { memoryFor } from './library.ts';
import { argument, catalogOf, checked, messagesOf, type StrategyArgument, type VectorArgument, vectorOf } from './library-arguments.ts';
import { count, positive, positiveInt } from './shared/config/units.ts';
import type { Needs } from './shared/contracts/attack.ts';
import { MarinadeError } from './shared/errors.ts';
import { messagesFrom, type Vector } from './shared/vector.ts';

export interface AttackOptions {
  /** The attack, its scale `on: estimate | message` included. */
  readonly attack: StrategyArgument;
  /** The messages of the honest clients the attack sees. */
  readonly honest: readonly VectorArgument[];
  /**
   * The liar's own vector, of the kind the attack asks for: its honest message, that message on flipped labels
   * (label-flip), or a plain stochastic gradient (`of: gradient`).
   */
  readonly own?: VectorArgument | undefined;
  /** How many lie; with the honest clients above they are the cohort. */
  readonly byzantineCount?: number | undefined;
  /** A synonym of byzantineCount. */
  readonly byzantine?: number | undefined;
  /** Clients in total; default all that are named here. */
  readonly total?: number | undefined;
  /** g, where the messages are differences to it: what separates the two scales. */
  readonly estimate?: VectorArgument | undefined;
  /** The iterate the messages were computed at, x^0, and gamma. */
  readonly x?: VectorArgument | undefined;
  readonly start?: VectorArgument | undefined;
  readonly stepSize?: number | undefined;
  readonly clippingLevel?: number | undefined;
  /** The server's rule, and the f it is told; default byzantineCount. */
  readonly aggregator?: StrategyArgument | undefined;
  readonly toleratedByzantine?: number | undefined;
  readonly seed?: number | undefined;
  readonly catalog?: Catalog | undefined;
}

const ownWords: Record<NonNullable<Needs['own']>, string> = {
  message: '`own`, the honest message of the liar',
  gradient: '`own`, the plain stochastic gradient of the liar',
  'flipped-message': '`own`, the message of the liar on flipped labels',
  'flipped-gradient': '`own`, the plain stochastic gradient of the liar on flipped labels',
};

/**
 * The message one lying client sends in a difference round.
 *
 * `honest` and `own` are messages, as a server receives them. On the estimate scale the attack is built from
 * estimate + message and the liar sends its vector minus `estimate`; without `estimate` both scales coincide.
 *
 * @throws MARINADE_PRECONDITION_KNOWLEDGE where the attack needs what was not given
 */
export function attack(options: AttackOptions): Float64Array {
  const catalog = catalogOf(options);
  const given = checked(
    'attack',
    z.strictObject({
      attack: catalog.attacks.schema,
      honest: argument.messages,
      own: argument.vector.optional(),
      byzantineCount: positiveInt.optional(),
      byzantine: positiveInt.optional(),
      total: positiveInt.optional(),
      estimate: argument.vector.optional(),
      x: argument.vector.optional(),
      start: argument.vector.optional(),
      stepSize: positive.optional(),
      clippingLevel: argument.level.optional(),
      aggregator: catalog.aggregators.schema.optional(),
      toleratedByzantine: count.optional(),
      seed: argument.seed,
      catalog: argument.catalog,
    }),
    options,
  );
  const { name } = given.attack;
  const byzantineCount = given.byzantineCount ?? given.byzantine;
  if (byzantineCount === undefined || (given.byzantine ?? byzantineCount) !== byzantineCount) {
    throw new MarinadeError('MARINADE_CONFIG_INVALID', 'attack: byzantineCount (or its synonym byzantine) must be given, once');
  }
  const cohortSize = given.honest.length + byzantineCount;
  const total = given.total ?? cohortSize;
  if (total < cohortSize) {
    throw new MarinadeError(
      'MARINADE_CONFIG_INVALID',
      `attack: total must be at least honest + byzantineCount = ${cohortSize}; got ${total}`,
    );
  }
  const honest = given.honest.length === 0 ? [] : messagesOf('attack', 'honest', given.honest).rows;
  const sized = honest[0] ?? given.own ?? given.x ?? given.estimate;
  if (sized === undefined) throw new MarinadeError('MARINADE_SHAPE_DIMENSION', 'attack: without honest, own, x or estimate there is no d');
  const d = sized.length;
  const vectorFor = (key: 'own' | 'estimate' | 'x' | 'start'): Vector | undefined =>
    given[key] === undefined ? undefined : vectorOf('attack', key, given[key], d);

  const missing = (what: string): never => {
    throw new MarinadeError('MARINADE_PRECONDITION_KNOWLEDGE', `attack '${name}' needs ${what}, which was not given`, { attack: name });
  };
  const { attack: chosen, traits } = createAttack(catalog, given.attack);
  const scale = given.attack['on'] as 'estimate' | 'message';
  if (traits.messageScaleOnly && scale === 'estimate') {
    throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', `attack '${name}' exists on the message scale only; set on: message`);
  }

  // What was not given is missed when the attack looks at it, not before: a quiet round needs less than a loud one.
  const own = vectorFor('own');
  const x = vectorFor('x');
  const start = vectorFor('start');
  const facts: RoundFacts = {
    k: 1,
    refresh: false,
    cohortSize,
    cohortByzantine: byzantineCount,
    total,
    byzantineCount,
    honestRows: honest,
    honestClients: honest.map((_, i) => i),
    base: vectorFor('estimate'),
    baseOf: undefined,
    get x() {
      return x ?? missing('`x`, the iterate');
    },
    get start() {
      return start ?? missing('`start`, x^0');
    },
    get stepSize() {
      return given.stepSize ?? missing('`stepSize`');
    },
    get clippingLevel() {
      return given.clippingLevel ?? missing('`clippingLevel`');
    },
    get gradient() {
      return missing('the gradient of the objective, known in a run only');
    },
    get rule() {
      return given.aggregator === undefined
        ? missing('`aggregator`, the rule of the server')
        : ruleOf(catalog, given.aggregator, given.toleratedByzantine ?? byzantineCount, given.seed);
    },
  };
  const liar = total - byzantineCount;
  const adversary = new Adversary({
    attack: chosen,
    traits,
    scale,
    seed: given.seed,
    shape: { n: total, d },
    state: memoryFor(chosen.state?.({ n: total, d })),
    arena: plainArena(),
  });
  const needs = adversary.needs(facts);
  if (needs.own !== undefined && own === undefined) missing(ownWords[needs.own]);
  if (needs.honest === true && honest.length === 0) missing('`honest`, messages of honest clients');
  const row = new Float64Array(d);
  if (needs.own !== undefined) row.set(own!);
  adversary.lie(facts, needs, [liar], [row], 0);
  return row;
}

function ruleOf(catalog: Catalog, aggregator: StrategyArgument, toleratedByzantine: number, seed: number): RoundFacts['rule'] {
  const pipeline = pipelineOf(aggregator, catalog);
  return (rows, out) => {
    const messages = messagesFrom(rows);
    const shape = { n: messages.n, d: messages.d };
    const state = memoryFor(pipeline.stateLayout(shape));
    const workspace = pipeline.allocate(shape, plainArena());
    pipeline.aggregate(messages, { toleratedByzantine, state, workspace, stream: new KeyedStream(seed, 'measurement').at(1) }, out);
  };
}
