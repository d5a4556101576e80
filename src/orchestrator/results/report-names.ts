/** How metrics and axes are called in prose and on axes. */
import { ROUNDS } from './report-curves.ts';

interface MetricName {
  readonly title: string;
  /** With its symbol, as an axis carries it. */
  readonly axis: string;
}

const metricNames: Readonly<Record<string, MetricName>> = {
  loss: { title: 'Loss', axis: 'loss f(x)' },
  'optimality-gap': { title: 'Optimality gap', axis: 'optimality gap f(x) − f*' },
  'gradient-norm': { title: 'Gradient norm', axis: 'gradient norm |grad f(x)|' },
  'squared-gradient-norm': { title: 'Squared gradient norm', axis: 'squared gradient norm |grad f(x)|²' },
  'estimator-error': { title: 'Error of the estimator', axis: 'estimator error |g − grad f(x)|' },
  'clipping-level': { title: 'Clipping level', axis: 'clipping level λ' },
  'clipped-fraction': { title: 'Honest messages clipped', axis: 'share of honest messages clipped' },
  'clipping-shrinkage': { title: 'What clipping leaves of honest messages', axis: 'mean of |clipped| / |message|' },
  'injected-error': { title: 'Error injected by attackers', axis: 'injected error |rule − rule on honest messages|' },
  'injected-error-ratio': { title: 'Injected error over its bound', axis: 'injected error / (F λ)' },
  'test-accuracy': { title: 'Test accuracy', axis: 'test accuracy' },
};

/** The choices of a horizontal axis, where their metric is recorded. */
export const axisNames: Readonly<Record<string, { readonly short: string; readonly axis: string }>> = {
  [ROUNDS]: { short: 'rounds', axis: 'round' },
  'gradient-evaluations': { short: 'gradient evaluations', axis: 'sample gradients computed by honest clients' },
  'uplink-bits': { short: 'uplink bits', axis: 'bits sent by honest clients' },
};

export function metricTitle(metric: string): string {
  return metricNames[metric]?.title ?? metric;
}

export function metricAxis(metric: string): string {
  return metricNames[metric]?.axis ?? metric;
}

/** Metrics worth a figure of their own, in the order they appear. */
export const drawnMetrics: readonly string[] = Object.keys(metricNames);
