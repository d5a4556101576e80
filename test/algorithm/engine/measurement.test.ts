import { describe, expect, test } from 'vitest';
import { distance, norm, squaredNorm } from '../../../src/algorithm/kernels/reference/vectors.ts';
import { metricNames, type RoundReport, type RunRecord, simulate } from '../../../src/index.ts';
import type { Vector } from '../../../src/shared/vector.ts';
import { tiny, tinyFile } from '../../support/tiny.ts';
import { d, data, f, G, gradient as gradientOf, mean } from '../../support/transcription.ts';

const rowsPerClient = 6;
/** Every metric but the one that needs a test set. */
const all = metricNames.filter((name) => name !== 'test-accuracy');

const base = {
  ...tiny,
  participation: { name: 'uniform', cohort: 3, largeCohort: 7 },
  method: { name: 'byz-vr-marina-pp', stepSize: 0.3, refresh: { every: 4 }, batchSize: 2 },
  clipping: { name: 'step-proportional', factor: 0.3 },
  aggregator: { name: 'coordinate-median' },
  attack: { name: 'bit-flip' },
  rounds: 10,
  seed: 3,
  metrics: { every: 1, names: all },
};

/** f written out: the mean over rows of log(1 + exp(-y a.x)), plus (l2/2) |x|^2; all clients have equally many rows. */
function loss(x: Vector): number {
  let sum = 0;
  for (let row = 0; row < data.rows; row++) sum += Math.log1p(Math.exp(-data.labels[row]! * marginOf(row, x)));
  return sum / data.rows + 0.025 * squaredNorm(x);
}

function marginOf(row: number, x: Vector): number {
  let margin = 0;
  for (let p = data.rowStart[row]!; p < data.rowStart[row + 1]!; p++) margin += data.values![p]! * x[data.columnOf[p]!]!;
  return margin;
}

const gradient = (x: Vector): Vector =>
  mean(
    0,
    f.map((oracle) => gradientOf(oracle, x)),
  );

async function run(experiment: Readonly<Record<string, unknown>>): Promise<{ record: RunRecord; reports: RoundReport[] }> {
  const reports: RoundReport[] = [];
  const record = await simulate({ ...base, ...experiment }, { onRound: (report) => reports.push(report) });
  return { record, reports };
}

const honestOf = (cohort: readonly number[]): number => cohort.filter((client) => client < G).length;

/** What accumulates over rounds, from a value for each. */
function running(reports: readonly RoundReport[], value: (report: RoundReport) => number): number[] {
  let sum = 0;
  return reports.map((report) => {
    sum += value(report);
    return sum;
  });
}

/** Sums of some tens of numbers in different orders. */
const RELATIVE = 1e-13;

function expectClose(got: ArrayLike<number>, wanted: readonly number[]): void {
  expect(got.length).toBe(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(got[i]! - value), `point ${i}`).toBeLessThanOrEqual(RELATIVE * Math.max(1e-2, Math.abs(value)));
  });
}

describe('metrics of the iterate', () => {
  test('it records the loss, its gradient and the gap as they are defined', async () => {
    const { record, reports } = await run({});
    expectClose(
      record.metrics['loss']!,
      reports.map(({ x }) => loss(x)),
    );
    expectClose(
      record.metrics['gradient-norm']!,
      reports.map(({ x }) => norm(gradient(x))),
    );
    expectClose(
      record.metrics['squared-gradient-norm']!,
      reports.map(({ x }) => squaredNorm(gradient(x))),
    );
    expectClose(
      record.metrics['estimator-error']!,
      reports.map(({ x, g }) => distance(g, gradient(x))),
    );
    const gaps = record.metrics['optimality-gap']!;
    const optimum = record.metrics['loss']![0]! - gaps[0]!;
    expectClose(
      gaps,
      reports.map(({ x }) => loss(x) - optimum),
    );
    const long = await simulate({
      ...base,
      method: { name: 'gradient-descent', stepSize: 1 },
      clipping: { name: 'none' },
      aggregator: { name: 'mean' },
      attack: { name: 'none' },
      clients: { total: 5 },
      participation: { name: 'full' },
      rounds: 2000,
    });
    expect(Math.abs(long.metrics['optimality-gap']!.at(-1)!)).toBeLessThan(1e-15);
  });

  test('it records the accuracy on the test set', async () => {
    const { metrics, x } = await simulate({
      ...base,
      data: { ...tiny.data, test: tinyFile },
      metrics: { every: 5, names: ['test-accuracy'] },
    });
    const right = Array.from(data.labels, (label, row) => marginOf(row, x) * label > 0).filter(Boolean).length;
    expect(metrics['test-accuracy']!.at(-1)).toBe(right / data.rows);
    expect(right / data.rows).toBeGreaterThan(0.5);
  });

  test('it refuses an accuracy without a test set', async () => {
    await expect(run({ metrics: { names: ['test-accuracy'] } })).rejects.toThrow(/MARINADE_PRECONDITION_UNSUPPORTED/);
  });
});

describe('metrics of the round', () => {
  test('it records levels, clipped shares and shrinkage of honest messages, NaN in refresh rounds', async () => {
    const { record, reports } = await run({});
    const { 'clipping-level': levels, 'clipped-fraction': fractions, 'clipping-shrinkage': shrinkages } = record.metrics;
    reports.forEach(({ refresh, clippingLevel, clippedClients, cohort }, k) => {
      const honest = honestOf(cohort);
      expect(levels![k]).toBe(refresh ? Number.NaN : clippingLevel);
      expect(fractions![k]).toBe(refresh || honest === 0 ? Number.NaN : clippedClients.filter((client) => client < G).length / honest);
      if (refresh || honest === 0) expect(shrinkages![k]).toBeNaN();
      else if (fractions![k] === 0) expect(shrinkages![k]).toBe(1);
      else expect(shrinkages![k]! > 0 && shrinkages![k]! < 1).toBe(true);
    });
    expect(Array.from(fractions!).filter((share) => share > 0).length).toBeGreaterThan(2);
  });

  test('it records the mean of |clipped| / |message| as the shrinkage', async () => {
    const one = {
      clients: { total: 1 },
      partition: { name: 'homogeneous' },
      participation: { name: 'full' },
      aggregator: { name: 'mean' },
    };
    const free = (await run({ ...one, clipping: { name: 'none' }, rounds: 1 })).reports;
    const length = distance(free[1]!.g, free[0]!.g);
    const { record } = await run({ ...one, clipping: { name: 'fixed', level: 0.25 * length }, rounds: 1 });
    expect(record.metrics['clipping-shrinkage']![1]).toBeCloseTo(0.25, 10);
    expect(record.metrics['clipped-fraction']![1]).toBe(1);
  });

  test.each(['byz-vr-marina-pp', 'byz-vr-marina', 'sgd'])('it says that nothing was clipped where nothing clips: %s', async (name) => {
    const method = name === 'sgd' ? { name, stepSize: 0.3, batchSize: 2 } : { ...base.method, name };
    const { record, reports } = await run({ method, clipping: { name: 'none' } });
    reports.forEach(({ refresh, cohort }, k) => {
      const none = refresh || honestOf(cohort) === 0;
      expect(record.metrics['clipping-level']![k]).toBe(refresh ? Number.NaN : Number.POSITIVE_INFINITY);
      expect(record.metrics['clipped-fraction']![k]).toBe(none ? Number.NaN : 0);
      expect(record.metrics['clipping-shrinkage']![k]).toBe(none ? Number.NaN : 1);
    });
  });

  test('it records the error that attackers inject, and its ratio to F_A lambda', async () => {
    // With the mean as the rule and every message clipped: |mean of all - mean of honest| is known from g alone.
    const { record, reports } = await run({ aggregator: { name: 'mean' }, attack: { name: 'none' } });
    const { 'injected-error': injected, 'injected-error-ratio': ratios, 'clipping-level': levels } = record.metrics;
    reports.forEach(({ cohort, refresh }, k) => {
      const honest = honestOf(cohort);
      if (honest === 0) expect(injected![k]).toBeNaN();
      else if (honest === cohort.length) expect(injected![k]).toBe(0);
      if (refresh || honest === 0) expect(ratios![k]).toBeNaN();
      else expect(ratios![k]).toBe(injected![k]! / levels![k]!);
    });
    expect(Array.from(injected!).some((value) => value > 0)).toBe(true);
  });

  test('it measures the injected error against the honest part of the round', async () => {
    const gd = {
      method: { name: 'gradient-descent', stepSize: 0.3 },
      clipping: { name: 'none' },
      aggregator: { name: 'mean' },
      participation: { name: 'full' },
    };
    const { record, reports } = await run(gd);
    expectClose(
      record.metrics['injected-error']!,
      reports.map(({ x, g }) => distance(g, gradient(x))),
    );
  });

  test('it changes no number of the run by being measured', async () => {
    const silent = await run({ metrics: { every: 1, names: ['loss'] } });
    const measured = await run({ aggregator: { name: 'centered-clipping' }, attack: { name: 'bit-flip' } });
    const unmeasured = await run({
      aggregator: { name: 'centered-clipping' },
      attack: { name: 'bit-flip' },
      metrics: { every: 1, names: ['loss'] },
    });
    expect(measured.record.x).toEqual(unmeasured.record.x);
    expect((await run({})).record.x).toEqual(silent.record.x);
  });
});

describe('counts of a run', () => {
  const dense = 64 * d;

  test('it counts the byzantine clients of each cohort, and strict majorities from round 1 on', async () => {
    const { record, reports } = await run({ rounds: 40 });
    expect(Array.from(record.metrics['cohort-byzantine']!)).toEqual(reports.map(({ cohort }) => cohort.length - honestOf(cohort)));
    const majority = ({ k, cohort }: RoundReport): number => (k > 0 && 2 * (cohort.length - honestOf(cohort)) > cohort.length ? 1 : 0);
    expect(Array.from(record.metrics['byzantine-majority']!)).toEqual(running(reports, majority));
    expect(record.metrics['byzantine-majority']!.at(-1)).toBeGreaterThan(3);
  });

  test('it does not count the start, where everybody is asked', async () => {
    const { record } = await run({
      clients: { total: 4, byzantine: 3, assumedByzantine: 0 },
      partition: { name: 'homogeneous' },
      rounds: 2,
      participation: { name: 'full' },
    });
    expect(Array.from(record.metrics['byzantine-majority']!)).toEqual([0, 1, 2]);
  });

  test('it does not count a tie as a majority', async () => {
    const { record } = await run({
      clients: { total: 4, byzantine: 2 },
      partition: { name: 'homogeneous' },
      participation: { name: 'full' },
    });
    expect(record.metrics['byzantine-majority']!.at(-1)).toBe(0);
  });

  test('it counts sample gradients of sampled honest clients: all rows in a refresh, two per sample in a difference', async () => {
    const { record, reports } = await run({ attack: { name: 'shift-back' } });
    const cost = ({ refresh, cohort }: RoundReport): number => honestOf(cohort) * (refresh ? rowsPerClient : 2 * 2);
    expect(Array.from(record.metrics['gradient-evaluations']!)).toEqual(running(reports, cost));
    expect(record.metrics['gradient-evaluations']![0]).toBe(G * rowsPerClient);
  });

  test('it counts b samples for sgd, m for gradient descent, b refresh samples where refreshes are stochastic', async () => {
    const sgd = await run({ method: { name: 'sgd', stepSize: 0.3, batchSize: 2 } });
    expect(Array.from(sgd.record.metrics['gradient-evaluations']!)).toEqual(running(sgd.reports, ({ cohort }) => 2 * honestOf(cohort)));
    const gd = await run({ method: { name: 'gradient-descent', stepSize: 0.3 } });
    expect(Array.from(gd.record.metrics['gradient-evaluations']!)).toEqual(
      running(gd.reports, ({ cohort }) => rowsPerClient * honestOf(cohort)),
    );
    const pp = await run({ method: { ...base.method, refreshGradient: { batchSize: 5 } } });
    const cost = ({ refresh, cohort }: RoundReport): number => honestOf(cohort) * (refresh ? 5 : 4);
    expect(Array.from(pp.record.metrics['gradient-evaluations']!)).toEqual(running(pp.reports, cost));
  });

  test.each(['exact', 'zero'] as const)('it counts nothing of clients for g^0 = %s', async (initialEstimator) => {
    const { record, reports } = await run({ method: { ...base.method, initialEstimator }, clipping: { name: 'fixed', level: 1 } });
    expect(record.metrics['gradient-evaluations']![0]).toBe(0);
    expect(record.metrics['uplink-bits']![0]).toBe(0);
    expect(reports[0]!.cohort).toEqual([]);
    expectClose(reports[0]!.g, Array.from(initialEstimator === 'zero' ? new Float64Array(d) : gradient(reports[0]!.x)));
  });

  test('it counts uplink through the encoder in difference rounds and dense in refresh rounds', async () => {
    const kept = 2;
    const encoded = kept * (64 + 3); // 3 bits name one of 6 coordinates
    const bits = (count: (cohort: readonly number[]) => number, lie: number) => (report: RoundReport) =>
      count(report.cohort) * (report.refresh ? dense : lie);
    const byzantineOf = (cohort: readonly number[]): number => cohort.length - honestOf(cohort);
    for (const attackers of ['encoded', 'free'] as const) {
      const { record, reports } = await run({ compressor: { name: 'rand-k', k: kept }, attackers });
      expect(Array.from(record.metrics['uplink-bits']!)).toEqual(running(reports, bits(honestOf, encoded)));
      const lie = attackers === 'free' ? dense : encoded;
      expect(Array.from(record.metrics['byzantine-uplink-bits']!)).toEqual(running(reports, bits(byzantineOf, lie)));
    }
  });

  test.each([
    ['all', 64],
    ['all', 32],
    ['cohort', 64],
  ] as const)('it counts the downlink of x^k and the coin to %s at %i bits a number', async (downlink, bitsPerNumber) => {
    const { record, reports } = await run({ communication: { downlink, bitsPerNumber } });
    const receivers = ({ cohort }: RoundReport): number => (downlink === 'all' ? 8 : cohort.length);
    expect(Array.from(record.metrics['downlink-bits']!)).toEqual(running(reports, (report) => receivers(report) * (d * bitsPerNumber + 1)));
    expect(record.metrics['uplink-bits']![0]).toBe(G * d * bitsPerNumber);
  });
});

describe('recorded rounds', () => {
  test.each([
    [10, 1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [10, 4, [0, 4, 8, 10]],
    [10, 5, [0, 5, 10]],
    [10, 100, [0, 10]],
    [0, 3, [0]],
    [1, 1, [0, 1]],
  ])('it records %i rounds every %i at %j', async (rounds, every, expected) => {
    const dense = await run({ rounds, metrics: { every: 1, names: ['loss'] } });
    const { record } = await run({ rounds, metrics: { every, names: ['loss'] } });
    expect(Array.from(record.recorded)).toEqual(expected);
    expect(Array.from(record.metrics['loss']!)).toEqual(expected.map((k) => dense.record.metrics['loss']![k]));
  });
});
