/** Studies of one short run each that between them use every way a round can go: what executes rounds is tried on all. */

const quadratic = { name: 'quadratic', dimension: 12, heterogeneity: 1 };
const adult = { problem: { name: 'logistic-regression', l2: 0.05 }, data: { name: 'synthetic-adult', normalize: 'rows' } };
const metrics = {
  every: 3,
  names: [
    'loss',
    'squared-gradient-norm',
    'estimator-error',
    'clipped-fraction',
    'cohort-byzantine',
    'gradient-evaluations',
    'uplink-bits',
  ],
};

const experiments: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'differences of mini-batches, clipped, random cohorts, a colluding attack': {
    ...adult,
    clients: { total: 12, byzantine: 4 },
    participation: { name: 'uniform', cohort: 5, largeCohort: 12 },
    method: { name: 'byz-vr-marina-pp', stepSize: 0.3, refresh: { probability: 0.2 }, batchSize: 8 },
    clipping: { name: 'step-proportional', factor: 1 },
    aggregator: { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] },
    attack: { name: 'shift-back' },
  },
  'compressed differences, split data, shared batches, lies about labels': {
    ...adult,
    partition: { name: 'dirichlet', alpha: 0.5 },
    clients: { total: 10, byzantine: 2 },
    participation: { name: 'bernoulli', probability: 0.5 },
    method: { name: 'byz-vr-marina-pp', stepSize: 0.2, refresh: { every: 5 }, batchSize: 4, batches: 'shared' },
    compressor: { name: 'rand-k', k: 20 },
    aggregator: { name: 'rfa' },
    attack: { name: 'label-flip' },
  },
  'memory of every client, a rule with memory, heuristic clipping': {
    problem: quadratic,
    clients: { total: 9, byzantine: 2 },
    participation: { name: 'uniform', cohort: 6 },
    method: { name: 'client-momentum', stepSize: 0.1, batchSize: 1, initialEstimator: 'full-round' },
    clipping: { name: 'step-proportional', factor: 3 },
    compressor: { name: 'qsgd', levels: 4 },
    aggregator: { name: 'centered-clipping' },
    attack: { name: 'a-little-is-enough' },
  },
  'liars drawn anew, an attack that draws numbers': {
    ...adult,
    clients: { total: 8, byzantine: 3, byzantineIdentity: { redrawEvery: 4 } },
    participation: { name: 'uniform', cohort: 5, largeCohort: 8 },
    method: { name: 'byz-vr-marina', stepSize: 0.2, refresh: { probability: 0.3 }, batchSize: 6 },
    aggregator: { name: 'mean', preAggregators: [{ name: 'nearest-neighbor-mixing' }] },
    attack: { name: 'gaussian', standardDeviation: 2 },
  },
  'full participation of one client': {
    problem: quadratic,
    clients: { total: 1 },
    method: { name: 'gradient-descent', stepSize: 0.2 },
    aggregator: { name: 'mean' },
  },
  'messages that are not finite': {
    problem: quadratic,
    clients: { total: 7, byzantine: 2 },
    method: { name: 'sgd', stepSize: 0.2, batchSize: 1 },
    aggregator: { name: 'mean' },
    attack: { name: 'blow-up', norm: 1e308 },
  },
};

/** [what, study] for every experiment. */
export const studies = Object.entries(experiments).map(
  ([what, experiment]) => [what, { study: 'conformance', experiment: { rounds: 24, metrics, ...experiment } }] as const,
);

/** The experiment of a study with something changed. */
export function changed(study: { readonly experiment: object }, changes: object): object {
  return { ...study, experiment: { ...study.experiment, ...changes } };
}
