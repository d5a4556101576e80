/**
 * Turns a resolved experiment into certainty once: strategies created, fields checked against each other, warnings
 * collected. Beyond this, code trusts what it holds.
 *
 * Two kinds of limits are kept apart: what cannot be computed is refused here; what can be computed but lies beyond a
 * guarantee runs with a warning that names the bound and the numbers.
 */
import type { Attack, AttackTraits } from '../../shared/contracts/attack.ts';
import type { Compressor } from '../../shared/contracts/compressor.ts';
import type { Method } from '../../shared/contracts/method.ts';
import type { Participation } from '../../shared/contracts/participation.ts';
import type { Partitioner } from '../../shared/contracts/partitioner.ts';
import { instantiate, parametersOf, type StrategyChoice } from '../../shared/contracts/strategy.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { type Pipeline, pipelineOf } from '../aggregators/pipeline.ts';
import type { Catalog } from '../catalog.ts';
import type { Experiment } from '../experiment.ts';
import { checkAssumptions, checkCombination, checkTolerance } from './compile-checks.ts';
import { checkFacts, foreseenFacts, type MemoryNeed } from './foresight.ts';

export interface CompiledExperiment {
  readonly experiment: Experiment;
  readonly catalog: Catalog;
  readonly method: Method;
  readonly pipeline: Pipeline;
  readonly attack: Attack;
  readonly attackTraits: AttackTraits;
  /** Whose messages the attack sees; a wrapper's is its inner attack's. */
  readonly attackVisibility: 'all' | 'cohort';
  readonly compressor: Compressor;
  /** One mask or correlated draws for all clients of a round. */
  readonly compressorCorrelated: boolean;
  readonly participation: Participation;
  readonly partitioner: Partitioner;
  /** Honest clients. */
  readonly honest: number;
  /** Clients that own a shard. */
  readonly owners: number;
  /** What the run needs of memory; undefined where only the data tell. */
  readonly need: MemoryNeed | undefined;
  readonly warnings: readonly string[];
}

/** @throws ConfigError and PreconditionError codes: nothing has been computed yet */
export function compile(experiment: Experiment, catalog: Catalog): CompiledExperiment {
  const { clients } = experiment;
  const honest = clients.total - clients.byzantine;
  if (honest < 1) {
    throw new MarinadeError(
      'MARINADE_CONFIG_INVALID',
      `clients.byzantine must leave an honest client: at most ${clients.total - 1} of ${clients.total}; got ${clients.byzantine}`,
    );
  }
  if ((clients.assumedByzantine ?? 0) > clients.total) {
    throw new MarinadeError(
      'MARINADE_CONFIG_INVALID',
      `clients.assumedByzantine must be at most clients.total = ${clients.total}; got ${clients.assumedByzantine}`,
    );
  }
  const method = instantiate(catalog.methods, experiment.method, undefined);
  const compressor = instantiate(catalog.compressors, experiment.compressor, undefined);
  const participation = instantiate(catalog.participations, experiment.participation, { total: clients.total });
  const partitioner = instantiate(catalog.partitioners, experiment.partition, undefined);
  const pipeline = pipelineOf(experiment.aggregator, catalog);
  const { attack, traits: attackTraits } = createAttack(catalog, experiment.attack);
  const compressorCorrelated = catalog.compressors.get(experiment.compressor.name).traits.correlated;
  const compiled = {
    experiment,
    catalog,
    method,
    pipeline,
    attack,
    attackTraits,
    attackVisibility: visibilityOf(experiment.attack),
    compressor,
    compressorCorrelated,
    participation,
    partitioner,
    honest,
    owners: clients.byzantineData === 'copies-of-honest' ? honest : clients.total,
  };
  checkCombination(compiled);
  const facts = foreseenFacts(compiled);
  const need = facts === undefined ? undefined : checkFacts(compiled, facts);
  return { ...compiled, need, warnings: [...checkTolerance(compiled), ...checkAssumptions(compiled)] };
}

/** The attack a choice names, with the traits that follow from its parameters; wrappers create their inner attack. */
export function createAttack(catalog: Catalog, choice: StrategyChoice, depth = 0): { attack: Attack; traits: AttackTraits } {
  if (depth > 3) throw new MarinadeError('MARINADE_CONFIG_INVALID', 'attacks are nested more than three deep');
  const definition = catalog.attacks.get(choice.name);
  const environment = { createInner: (inner: StrategyChoice) => createAttack(catalog, catalog.attacks.schema.parse(inner), depth + 1) };
  const attack = instantiate(catalog.attacks, choice, environment);
  const parameters = parametersOf(definition, choice);
  const { traits } = definition;
  return {
    attack,
    traits:
      typeof traits === 'function' ? (traits as unknown as (p: unknown, e: unknown) => AttackTraits)(parameters, environment) : traits,
  };
}

function visibilityOf(attack: Readonly<Record<string, unknown>>): 'all' | 'cohort' {
  const inner = attack['attack'];
  if (typeof inner === 'object' && inner !== null) return visibilityOf(inner as Readonly<Record<string, unknown>>);
  return attack['visibility'] === 'cohort' ? 'cohort' : 'all';
}
