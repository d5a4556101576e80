/** Small runs that between them use every kind of strategy; what came out of them is kept in fixtures/replay.json. */

import { type RunRecord, simulate } from '../../src/index.ts';
import type { KernelsName } from '../../src/shared/contracts/kernels.ts';
import { tiny } from '../support/tiny.ts';

const quadratic = {
  problem: { name: 'quadratic', dimension: 37, heterogeneity: 0.5, strongConvexity: 0.1 },
  clients: { total: 11, byzantine: 2 },
};
const iid = { ...tiny, partition: { name: 'iid' } };
const sampled = { name: 'uniform', cohort: 4, largeCohort: 8 };
const everything = [
  'loss',
  'squared-gradient-norm',
  'estimator-error',
  'clipping-level',
  'clipped-fraction',
  'injected-error',
  'gradient-evaluations',
  'uplink-bits',
];

const runs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'the paper on a stand-in for a9a': {
    problem: { name: 'logistic-regression', l2: 0.01 },
    data: { name: 'synthetic-adult', normalize: 'rows' },
    clients: { total: 20, byzantine: 5 },
    participation: { name: 'uniform', cohort: 4, largeCohort: 20 },
    method: { name: 'byz-vr-marina-pp', stepSize: 0.1, refresh: { every: 25 }, batchSize: 32, batches: 'shared' },
    clipping: { name: 'step-proportional', factor: 1 },
    aggregator: { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] },
    attack: { name: 'shift-back' },
    metrics: { every: 20, names: ['loss', 'optimality-gap', 'gradient-norm', 'byzantine-majority'] },
  },
  'PP+ with stochastic refreshes, theory level, rand-k, label flips': {
    ...iid,
    participation: sampled,
    method: {
      name: 'byz-vr-marina-pp',
      stepSize: 0.2,
      refresh: { probability: 0.1 },
      batchSize: 2,
      smallCohortRule: 'mean',
      refreshGradient: { batchSize: 3 },
    },
    clipping: { name: 'theory', bound: 'bounded-compressor' },
    compressor: { name: 'rand-k', fraction: 0.5 },
    aggregator: { name: 'trimmed-mean' },
    attack: { name: 'label-flip' },
  },
  'estimates through centered clipping, natural compression, a little is enough': {
    ...tiny,
    participation: sampled,
    method: {
      name: 'byz-vr-marina-pp',
      stepSize: 0.2,
      refresh: { probability: 0.2 },
      batchSize: 2,
      aggregates: 'estimates',
      batchSampling: 'without-replacement',
    },
    clipping: { name: 'direction-proportional', factor: 0.3 },
    compressor: { name: 'natural' },
    aggregator: { name: 'centered-clipping', radius: 0.3 },
    attack: { name: 'a-little-is-enough' },
  },
  'Byz-VR-MARINA behind nearest-neighbor mixing and krum, qsgd, bit flips of the mean': {
    ...quadratic,
    method: { name: 'byz-vr-marina', stepSize: 0.3, refresh: { probability: 0.2 }, batchSize: 1 },
    compressor: { name: 'qsgd', levels: 4 },
    aggregator: { name: 'krum', preAggregators: [{ name: 'nearest-neighbor-mixing' }] },
    attack: { name: 'bit-flip', of: 'mean', visibility: 'cohort' },
  },
  'heuristic (10) around client momentum, rfa, inner product manipulation': {
    ...quadratic,
    participation: { name: 'uniform', cohort: 5 },
    method: { name: 'client-momentum', stepSize: 0.2, batchSize: 1, momentum: 0.8 },
    clipping: { name: 'fixed', level: 0.5 },
    aggregator: { name: 'rfa', smoothingScale: 'relative', start: 'coordinate-median' },
    attack: { name: 'inner-product-manipulation', epsilon: 2, on: 'message' },
  },
  'sgd on label-sorted shards, Bernoulli cohorts, geometric median, blow-up in majorities': {
    ...tiny,
    partition: { name: 'label-sorted', shards: 2 },
    participation: { name: 'bernoulli', probability: 0.3 },
    method: { name: 'sgd', stepSize: 0.2, batchSize: 2 },
    compressor: { name: 'l2-quantization' },
    aggregator: { name: 'geometric-median', preAggregators: [{ name: 'norm-clipping', level: 0.5 }] },
    attack: { name: 'in-majority', attack: { name: 'blow-up', norm: 10 } },
  },
  'gradient descent on Dirichlet shards of each client, least squares, multi-krum behind adaptive clipping': {
    ...tiny,
    problem: { name: 'least-squares', l2: 0.1 },
    partition: { name: 'dirichlet', alpha: 0.5 },
    clients: { total: 9, byzantine: 2, byzantineData: 'own-shard', weights: 'samples' },
    method: { name: 'gradient-descent', stepSize: 0.1 },
    aggregator: { name: 'multi-krum', preAggregators: [{ name: 'adaptive-clipping' }] },
    attack: { name: 'gaussian' },
    start: { name: 'zeros' },
  },
  'liars drawn anew, non-convex, free of the encoder': {
    ...tiny,
    problem: { name: 'logistic-regression', l2: 0.01, nonConvex: 0.1 },
    partition: { name: 'homogeneous' },
    clients: { total: 8, byzantine: 3, assumedByzantine: 2, byzantineIdentity: { redrawEvery: 7 } },
    participation: { name: 'uniform', cohort: 3 },
    method: { name: 'byz-vr-marina-pp', stepSize: 0.2, refresh: { probability: 0.1 }, batchSize: 4, initialEstimator: 'exact' },
    clipping: { name: 'theory' },
    compressor: { name: 'rand-k', k: 3 },
    aggregator: { name: 'mean' },
    attack: { name: 'shift-back', multiplier: 0.5, otherwise: 'honest' },
    attackers: 'free',
  },
};

export const runNames = Object.keys(runs);

export function replay(name: string, kernels: KernelsName = 'wasm'): Promise<RunRecord> {
  return simulate({ rounds: 60, seed: 20, metrics: { every: 15, names: everything }, assumptions: 'waive', ...runs[name] }, { kernels });
}

/** What is kept of a run: its hash, and a few numbers that say where two versions part. */
export interface Kept {
  readonly resultHash: string | null;
  readonly outcome: string;
  readonly rounds: number;
  readonly losses: readonly number[];
  readonly x: readonly number[];
}

export function kept({ resultHash, outcome, rounds, metrics, x }: RunRecord): Kept {
  return { resultHash, outcome, rounds, losses: Array.from(metrics['loss']!), x: Array.from(x.subarray(0, 3)) };
}
