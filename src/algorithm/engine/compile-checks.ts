/**
 * The checks of a compiled experiment: choices that exclude each other, rules against the cohorts they will see, and
 * what a method's analysis assumes.
 */
import type { StrategyChoice } from '../../shared/contracts/strategy.ts';
import { instantiate } from '../../shared/contracts/strategy.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { Catalog } from '../catalog.ts';
import { metricNames, needsOptimum } from '../metrics.ts';
import type { CompiledExperiment } from './compile.ts';
import { toleratedByzantine } from './tolerated-byzantine.ts';

type Unchecked = Omit<CompiledExperiment, 'warnings' | 'need'>;

function unsupported(text: string): never {
  throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', text);
}

/** Whether the clipping level vanishes with the step; the constants only scale it. */
function absorbsAtZero({ clippings }: Catalog, choice: StrategyChoice): boolean {
  return instantiate(clippings, choice, { clientSmoothness: 1, sampleSmoothness: 1, compressorBound: 1 }).absorbingAtZero === true;
}

/** Choices that cannot go together. */
export function checkCombination({ experiment, catalog, method, attackTraits, partitioner }: Unchecked): void {
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
  if (clients.byzantineIdentity !== 'fixed' && Number(problem['heterogeneity'] ?? 0) > 0) {
    unsupported(`clients.byzantineIdentity: redrawEvery changes the objective unless all f_i are equal; set problem.heterogeneity: 0`);
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

/** The cohorts whose messages the rule is given, with their sizes where those are fixed. */
function cohortsOfTheRule({ experiment, method, participation }: Unchecked): (readonly [string, number])[] {
  const { initialEstimator } = experiment.method;
  const cohorts: (readonly [string, number])[] = [];
  if (initialEstimator === undefined || initialEstimator === 'full-round') cohorts.push(['all clients', experiment.clients.total]);
  if (participation.smallSize !== undefined && method.smallCohortRule !== 'mean') cohorts.push(['a cohort', participation.smallSize]);
  if (method.refresh !== undefined) cohorts.push(['a large cohort', participation.largeSize]);
  return cohorts;
}

/** Rules against the cohorts they will see. */
export function checkTolerance(compiled: Unchecked): string[] {
  const { experiment, pipeline } = compiled;
  const warnings: string[] = [];
  const seen = new Set<number>();
  for (const [label, n] of cohortsOfTheRule(compiled)) {
    if (seen.has(n)) continue;
    seen.add(n);
    const f = toleratedByzantine(experiment, n);
    const told = experiment.clients.assumedByzantine ?? experiment.clients.byzantine;
    if (f === 0 && told > 0) {
      warnings.push(
        `for ${label} (n = ${n}) a rule is told f = floor(${told} * ${n} / ${experiment.clients.total}) = 0: one that uses f defends against nobody there; larger cohorts or clients.assumedByzantine raise f`,
      );
    }
    const broken = pipeline.infeasible(n, f);
    if (broken !== undefined) {
      if (pipeline.refused(n, f) !== undefined) {
        throw new MarinadeError('MARINADE_PRECONDITION_TOO_MANY_BYZANTINE', `for ${label} (n = ${n}, f = ${f}): ${broken}`, { n, f });
      }
      warnings.push(`for ${label} (n = ${n}, f = ${f}) the largest feasible f = ${pipeline.largestFeasible(n, f)} is used: ${broken}`);
    }
    const beyond = pipeline.beyondGuarantee(n, f);
    if (beyond === undefined) continue;
    if (experiment.clipping.name === 'theory' && experiment.assumptions === 'enforce') {
      throw new MarinadeError(
        'MARINADE_PRECONDITION_ASSUMPTION',
        `clipping theory needs a robust rule; for ${label} (n = ${n}, f = ${f}): ${beyond}; choose another rule, or set assumptions: waive to try it on purpose`,
        { n, f },
      );
    }
    warnings.push(`beyond a guarantee for ${label} (n = ${n}, f = ${f}): ${beyond}`);
  }
  return warnings;
}

/** What a method's analysis assumes. */
export function checkAssumptions(compiled: Unchecked): string[] {
  const { experiment, catalog, method, compressor, compressorCorrelated, participation, attack, pipeline } = compiled;
  const warnings: string[] = [];
  const { compressor: choice, assumptions, clients } = experiment;
  const broken = (text: string, instead = 'another compressor'): void => {
    if (assumptions === 'enforce') {
      throw new MarinadeError(
        'MARINADE_PRECONDITION_ASSUMPTION',
        `${text}; choose ${instead}, or set assumptions: waive to try it on purpose`,
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
  if (experiment.clipping.name === 'theory') {
    const { name } = experiment.aggregator;
    if (catalog.aggregators.get(name).traits.needsSpread === true)
      broken(`clipping theory needs an agnostic rule; what '${name}' guarantees needs the spread of the honest messages`, 'another rule');
    if (method.smallCohortRule !== 'mean' && pipeline.boundFactor(clients.total, 0, 1) === undefined)
      broken(
        `clipping theory needs a rule with a bound |A(x_1..x_n)| <= F_A max |x_i| (Assumption 2.3); '${name}' as configured has none`,
        'another rule, or smallCohortRule: mean',
      );
  }
  const { largeSize } = participation;
  const lying = Math.min(clients.byzantine, largeSize);
  const told = toleratedByzantine(experiment, largeSize);
  if (method.refresh !== undefined && lying > told) {
    warnings.push(
      `a refresh cohort of ${largeSize} may hold ${lying} byzantine clients, the rule is told ${told}: the theorems need a refresh cohort of delta_real n / delta`,
    );
  }
  const caution = attack.caution?.({ total: clients.total, byzantineCount: clients.byzantine });
  if (caution !== undefined) warnings.push(caution);
  if (2 * clients.byzantine >= clients.total) warnings.push(`byzantine clients are no minority: ${clients.byzantine} of ${clients.total}`);
  if (absorbsAtZero(catalog, experiment.clipping) && experiment.method['initialEstimator'] === 'zero') {
    warnings.push('a clipping level proportional to the step is absorbing at g = 0: only a refresh round leaves initialEstimator: zero');
  }
  return warnings;
}
