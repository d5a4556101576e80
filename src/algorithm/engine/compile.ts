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
import { instantiate, type StrategyChoice } from '../../shared/contracts/strategy.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { type Pipeline, pipelineOf } from '../aggregators/pipeline.ts';
import type { Catalog } from '../catalog.ts';
import type { Experiment } from '../experiment.ts';
import { metricNames, needsOptimum } from '../metrics.ts';

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
  readonly warnings: readonly string[];
}

/** f for a cohort: floor(byzantine cohort / total), in integers. */
export function toleratedByzantine({ clients }: Experiment, cohort: number): number {
  const assumed = clients.assumedByzantine ?? clients.byzantine;
  return Number((BigInt(assumed) * BigInt(cohort)) / BigInt(clients.total));
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
  return { ...compiled, warnings: [...checkTolerance(compiled), ...checkAssumptions(compiled)] };
}

/** The attack a choice names, with the traits that follow from its parameters; wrappers create their inner attack. */
export function createAttack(catalog: Catalog, choice: StrategyChoice, depth = 0): { attack: Attack; traits: AttackTraits } {
  if (depth > 3) throw new MarinadeError('MARINADE_CONFIG_INVALID', 'attacks are nested more than three deep');
  const definition = catalog.attacks.get(choice.name);
  const environment = { createInner: (inner: StrategyChoice) => createAttack(catalog, catalog.attacks.schema.parse(inner), depth + 1) };
  const attack = instantiate(catalog.attacks, choice, environment);
  const parameters = definition.schema.parse(Object.fromEntries(Object.entries(choice).filter(([key]) => key in definition.schema.shape)));
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

type Unchecked = Omit<CompiledExperiment, 'warnings'>;

function unsupported(text: string): never {
  throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', text);
}

/** Whether the clipping level vanishes with the step; the constants only scale it. */
function absorbsAtZero({ clippings }: Catalog, choice: StrategyChoice): boolean {
  return instantiate(clippings, choice, { clientSmoothness: 1, sampleSmoothness: 1, compressorBound: 1 }).absorbingAtZero === true;
}

/** Choices that cannot go together. */
function checkCombination({ experiment, catalog, method, attackTraits, partitioner }: Unchecked): void {
  const { clients, data, problem, clipping, metrics, stop } = experiment;
  const problemDefinition = catalog.problems.get(problem.name);
  if (problemDefinition.needsData && data === undefined) {
    throw new MarinadeError(
      'MARINADE_CONFIG_INVALID',
      `problem '${problem.name}' needs data; add \`data: { name: ... }\` or \`data: { file: ... }\``,
    );
  }
  if (!problemDefinition.needsData && data !== undefined) {
    throw new MarinadeError('MARINADE_CONFIG_INVALID', `problem '${problem.name}' makes its own functions; remove \`data\``);
  }
  if (clients.byzantineIdentity !== 'fixed' && !partitioner.homogeneous) {
    unsupported(
      `clients.byzantineIdentity: redrawEvery changes the objective unless partition is homogeneous; got '${experiment.partition.name}'`,
    );
  }
  const levelled = clipping.name !== 'none';
  if (attackTraits.needsClippingLevel && !levelled)
    unsupported(`attack '${experiment.attack.name}' needs a clipping level; clipping is none`);
  if (attackTraits.messageScaleOnly && experiment.attack.on === 'estimate')
    unsupported(`attack '${experiment.attack.name}' exists on the message scale only; set on: message`);
  if (attackTraits.needsLabels && !problemDefinition.needsData)
    unsupported(`attack '${experiment.attack.name}' flips labels; problem '${problem.name}' has none`);
  if (absorbsAtZero(catalog, clipping) && !method.clipsDifferences && experiment.method['initialEstimator'] === 'zero') {
    unsupported('heuristic (10) with a step-proportional level cannot leave g = 0: choose initialEstimator full-round or exact');
  }
  const wanted = [...metrics.names, stop.target?.metric, stop.plateau?.metric].filter((name) => name !== undefined);
  const unknown = wanted.find((name) => !metricNames.includes(name));
  if (unknown !== undefined) throw new MarinadeError('MARINADE_CONFIG_INVALID', `unknown metric '${unknown}'`);
  for (const metric of [stop.target?.metric, stop.plateau?.metric]) {
    if (metric !== undefined && !metrics.names.includes(metric)) {
      throw new MarinadeError(
        'MARINADE_CONFIG_INVALID',
        `a stop rule looks at '${metric}', which is not among metrics.names (${metrics.names.join(', ')})`,
      );
    }
  }
  if (new Set(metrics.names).size !== metrics.names.length)
    throw new MarinadeError('MARINADE_CONFIG_INVALID', 'metrics.names has a name twice');
  if (wanted.some(needsOptimum) && Number(problem['nonConvex'] ?? 0) > 0) {
    throw new MarinadeError(
      'MARINADE_PRECONDITION_UNKNOWN_CONSTANT',
      'optimality-gap needs f*, which is not solvable for a non-convex objective; record loss or squared-gradient-norm instead',
    );
  }
}

/** Rules against the cohorts they will see. */
function checkTolerance({ experiment, pipeline, participation }: Unchecked): string[] {
  const warnings: string[] = [];
  const cohorts = new Map<string, number>([['all clients', experiment.clients.total]]);
  if (participation.smallSize !== undefined) cohorts.set('a cohort', participation.smallSize);
  cohorts.set('a large cohort', participation.largeSize);
  const seen = new Set<number>();
  for (const [label, n] of cohorts) {
    if (seen.has(n)) continue;
    seen.add(n);
    const f = toleratedByzantine(experiment, n);
    const broken = pipeline.infeasible(n, f);
    if (broken !== undefined) {
      // `largest` lowers f; where not even f = 0 can be computed, there is nothing to lower to.
      if (experiment.aggregator.whenInfeasible === 'refuse' || pipeline.infeasible(n, pipeline.largestFeasible(n, f)) !== undefined) {
        throw new MarinadeError('MARINADE_PRECONDITION_TOO_MANY_BYZANTINE', `for ${label} (n = ${n}, f = ${f}): ${broken}`, { n, f });
      }
      warnings.push(`for ${label} (n = ${n}, f = ${f}) the largest feasible f = ${pipeline.largestFeasible(n, f)} is used: ${broken}`);
    }
    const beyond = pipeline.beyondGuarantee(n, f);
    if (beyond !== undefined) warnings.push(`beyond a guarantee for ${label} (n = ${n}, f = ${f}): ${beyond}`);
  }
  return warnings;
}

/** What a method's analysis assumes. */
function checkAssumptions({ experiment, catalog, method, compressor, compressorCorrelated, participation }: Unchecked): string[] {
  const warnings: string[] = [];
  const { compressor: choice, assumptions, clients } = experiment;
  const broken = (text: string): void => {
    if (assumptions === 'enforce') {
      throw new MarinadeError(
        'MARINADE_PRECONDITION_ASSUMPTION',
        `${text}; choose another compressor, or set assumptions: waive to try it on purpose`,
      );
    }
    warnings.push(`waived: ${text}`);
  };
  const { class: kind } = compressor.constants(16);
  if (method.compressor === 'none' && choice.name !== 'identity')
    unsupported(`method '${experiment.method.name}' sends full vectors; set compressor: { name: identity }`);
  if (method.compressor === 'unbiased' && kind !== 'unbiased')
    broken(`method '${experiment.method.name}' needs an unbiased compressor; '${choice.name}' is ${kind}`);
  if (method.compressor === 'contractive' && kind === 'biased')
    broken(`method '${experiment.method.name}' needs a contractive compressor; '${choice.name}' is ${kind}`);
  if (compressorCorrelated) warnings.push(`compressor '${choice.name}' is correlated between clients, which the theorems do not cover`);
  const tolerated = clients.assumedByzantine ?? clients.byzantine;
  if (
    clients.byzantine > 0 &&
    tolerated > 0 &&
    participation.largeSize * tolerated < clients.byzantine * clients.total &&
    2 * clients.byzantine >= participation.largeSize
  ) {
    warnings.push(
      `a refresh cohort of ${participation.largeSize} may hold a byzantine majority: ${clients.byzantine} of ${clients.total} clients lie (the theorems need C-hat >= delta_real n / delta)`,
    );
  }
  if (2 * clients.byzantine >= clients.total) warnings.push(`byzantine clients are no minority: ${clients.byzantine} of ${clients.total}`);
  if (absorbsAtZero(catalog, experiment.clipping) && experiment.method['initialEstimator'] === 'zero') {
    warnings.push('a clipping level proportional to the step is absorbing at g = 0: only a refresh round leaves initialEstimator: zero');
  }
  return warnings;
}
