/**
 * What others call our strategies, parameters and metrics: abbreviations of the papers, names in other libraries. Never
 * accepted in a study, only understood when a message says what is meant. A name counts where it may stand: `cm` is a
 * rule under `aggregator` and nothing under `attack`.
 */

/** Our name, and what else it is called; compared in lower case, `-`, `_` and spaces left out. */
export const otherNames: Readonly<Record<string, readonly string[]>> = {
  // methods
  'gradient-descent': ['gd'],
  sgd: ['stochastic-gradient-descent', 'parallel-sgd', 'br-sgd'],
  'client-momentum': ['momentum', 'momentum-sgd', 'sgd-momentum', 'sgdm', 'br-sgdm', 'worker-momentum', 'heavy-ball', 'mom-sgd'],
  'byz-vr-marina': ['marina', 'vr-marina', 'br-marina'],
  'byz-vr-marina-pp': ['marina-pp', 'vr-marina-pp'],
  // aggregators
  mean: ['average', 'avg', 'fedavg'],
  'coordinate-median': ['median', 'cm', 'cwmed', 'comed', 'coordinate-wise-median', 'marginal-median'],
  'trimmed-mean': ['tm', 'trmean', 'cwtm', 'coordinate-wise-trimmed-mean', 'trim'],
  'geometric-median': ['gm', 'geomed', 'geomedian', 'weiszfeld'],
  rfa: ['smoothed-weiszfeld', 'robust-federated-averaging'],
  'multi-krum': ['mkrum'],
  'centered-clipping': ['cclip', 'cc', 'centered-clip', 'centred-clipping'],
  // pre-aggregators
  bucketing: ['s-bucketing', 'resampling'],
  'nearest-neighbor-mixing': ['nnm', 'nearest-neighbour-mixing', 'mixing'],
  'norm-clipping': ['static-clipping'],
  'adaptive-clipping': ['arc', 'adaptive-robust-clipping'],
  // attacks
  none: ['na', 'off', 'no-attack', 'no-compression', 'no-clipping'],
  gaussian: ['noise', 'gauss', 'random', 'gaussian-noise'],
  'bit-flip': ['bf', 'signflip', 'sign-flipping', 'bit-flipping', 'reverse-gradient'],
  'label-flip': ['lf', 'label-flipping'],
  'inner-product-manipulation': ['ipm', 'foe', 'fall-of-empires', 'inner-product'],
  'a-little-is-enough': ['alie', 'lie', 'little'],
  'shift-back': ['sb', 'shb'],
  'blow-up': ['large-norm', 'huge'],
  // clipping
  'step-proportional': ['adaptive', 'lambda', 'proportional'],
  fixed: ['constant', 'static'],
  // compressors
  identity: ['uncompressed'],
  'rand-k': ['random-k', 'random-sparsification', 'sparsification', 'rand-sparsification', 'rand-sparse'],
  'l2-quantization': ['l2-quant'],
  qsgd: ['quantization', 'random-dithering', 'dithering'],
  natural: ['natural-compression', 'nc', 'natural-dithering'],
  // participation and partitions
  full: ['everyone'],
  uniform: ['sampling', 'uniform-sampling', 'partial', 'without-replacement'],
  bernoulli: ['independent', 'poisson', 'independent-sampling'],
  homogeneous: ['copies', 'identical'],
  iid: ['random-split'],
  'label-sorted': ['sorted', 'by-label', 'label-skew'],
  zeros: ['zero'],
  // problems and data sets
  'logistic-regression': ['logreg', 'logistic', 'lr', 'logistic-loss'],
  'least-squares': ['linear-regression', 'ridge', 'ols', 'mse', 'regression'],
  quadratic: ['quadratics', 'quad'],
  'fashion-mnist': ['fmnist', 'fashion'],
  // metrics
  'optimality-gap': ['gap', 'suboptimality', 'f-gap', 'functional-suboptimality', 'error', 'functional-gap'],
  'gradient-norm': ['grad-norm', 'gnorm'],
  'squared-gradient-norm': ['grad-norm-squared', 'grad-norm-sq', 'squared-grad-norm'],
  'test-accuracy': ['accuracy', 'acc', 'test-acc', 'val-accuracy'],
  'uplink-bits': ['bits', 'communication', 'uplink'],
  'gradient-evaluations': ['oracle-calls', 'gradients', 'evaluations'],
  loss: ['train-loss', 'objective'],
  // keys
  experiment: ['base', 'config', 'experiments'],
  parameters: ['sweep', 'grid', 'vary', 'params', 'matrix', 'axes'],
  seeds: ['repeats', 'repetitions', 'trials', 'num-seeds', 'n-seeds', 'seed'],
  where: ['if', 'filter', 'condition'],
  exclude: ['skip', 'drop'],
  study: ['name', 'title'],
  method: ['algorithm', 'optimizer', 'optimiser', 'solver'],
  aggregator: ['aggregation', 'rule', 'gar', 'defense', 'defence', 'aggregation-rule'],
  preAggregators: ['pre-aggregation', 'preagg', 'pre'],
  attack: ['adversary', 'byzantine-attack'],
  data: ['dataset'],
  clients: ['workers', 'nodes', 'users', 'peers'],
  compressor: ['compression', 'quantizer', 'quantization'],
  partition: ['split', 'heterogeneity', 'distribution', 'partitioner'],
  participation: ['sampling', 'cohort', 'client-sampling', 'partial-participation'],
  clipping: ['clip', 'lambda', 'radius'],
  start: ['init', 'initial', 'x0', 'initialization', 'initial-point'],
  rounds: ['iterations', 'steps', 'epochs', 'max-iter', 'num-rounds', 'n-rounds', 'k'],
  metrics: ['record', 'log', 'logging'],
  total: ['n', 'clients', 'workers', 'num-clients', 'count', 'size', 'n-clients'],
  byzantine: ['f', 'b', 'byzantines', 'attackers', 'num-byzantine', 'liars', 'malicious', 'n-byzantine', 'faulty'],
  assumedByzantine: ['tolerated', 'tolerated-byzantine', 'declared-byzantine'],
  cohort: ['c', 'clients-per-round', 'sample-size', 'k'],
  largeCohort: ['c-hat', 'large'],
  stepSize: ['lr', 'learning-rate', 'gamma', 'eta', 'step', 'alpha'],
  batchSize: ['b', 'batch', 'minibatch'],
  momentum: ['beta', 'nu'],
  refresh: ['p', 'sync', 'full-gradient-probability', 'refresh-probability'],
  probability: ['p', 'prob'],
  every: ['period', 'interval', 'frequency'],
  factor: ['lambda', 'alpha', 'multiplier', 'scale', 'lam'],
  level: ['radius', 'threshold', 'tau', 'bound', 'c'],
  radius: ['tau', 'level', 'threshold', 'clip'],
  size: ['s', 'bucket-size'],
  trim: ['b', 'beta', 'f'],
  epsilon: ['eps'],
  l2: ['lambda', 'regularization', 'weight-decay', 'mu', 'reg', 'l2-reg'],
  nonConvex: ['lambda'],
  smoothness: ['l', 'lipschitz'],
  strongConvexity: ['mu'],
  dimension: ['d', 'dim', 'features', 'n-features'],
  heterogeneity: ['zeta'],
  iterations: ['l', 't', 'steps', 'max-iterations', 'n-iter'],
  smoothing: ['nu', 'eps', 'epsilon'],
  normalize: ['normalise', 'normalization'],
  file: ['path', 'filename'],
  fraction: ['ratio', 'sparsity'],
  levels: ['s'],
  alpha: ['concentration', 'beta'],
  values: ['x0', 'value', 'x', 'point'],
  runs: ['max', 'max-runs'],
};

/** One spelling of a name for all its ways of being written. */
export function plainly(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, '');
}
