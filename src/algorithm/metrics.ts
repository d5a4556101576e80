/**
 * The metrics there are: what each number of a recorded round means. Time is never a metric.
 *
 * Rows that a round does not have (a clipping level in a refresh round, an accuracy without a test set) are NaN;
 * Infinity is the level of a round without clipping.
 */

export const metricDescriptions = {
  loss: 'f(x^k), the honest objective, by compensated summation',
  'optimality-gap': 'f(x^k) - f*',
  'gradient-norm': '|grad f(x^k)|',
  'squared-gradient-norm': '|grad f(x^k)|^2',
  'estimator-error': '|g^k - grad f(x^k)|',
  'clipping-level': 'lambda of the round; Infinity without clipping, NaN in a refresh round that does not clip',
  'clipped-fraction': "share of the cohort's honest messages that were clipped; NaN without honest messages or in a refresh round",
  'clipping-shrinkage': "mean over the cohort's honest messages of |clipped| / |message|; NaN as for clipped-fraction",
  'injected-error': '|rule on the round - rule on its honest part|; NaN without honest messages',
  'injected-error-ratio': 'injected-error / (F_A lambda), where both are known and positive',
  'cohort-byzantine': 'byzantine clients in the cohort of the round',
  'byzantine-majority': 'rounds so far in which byzantine clients were a strict majority of the cohort',
  'gradient-evaluations': 'sample gradients computed so far by sampled honest clients',
  'uplink-bits': 'bits sent so far by sampled honest clients',
  'byzantine-uplink-bits': 'bits sent so far by sampled byzantine clients',
  'downlink-bits': 'bits sent so far by the server',
  'test-accuracy': 'share of test rows classified correctly at x^k',
} as const;

export type MetricName = keyof typeof metricDescriptions;

export const metricNames = Object.keys(metricDescriptions) as [MetricName, ...MetricName[]];

/** Metrics that need f*. */
export function needsOptimum(name: string): boolean {
  return name === 'optimality-gap';
}

/** Metrics that need a full pass over the honest objective, and whether it must include the gradient. */
export function needsGradient(name: string): boolean {
  return name === 'gradient-norm' || name === 'squared-gradient-norm' || name === 'estimator-error';
}
