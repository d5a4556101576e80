import { describe, expect, test } from 'vitest';
import { distance, norm } from '../../../src/algorithm/kernels/reference/vectors.ts';
import { type RoundReport, simulate } from '../../../src/index.ts';
import { dataDirectory } from '../../support/data.ts';

/** Logistic regression on unit rows, l2 = 0.01: L_i = L_ij = 0.25 + 0.01. */
const unitRows = {
  problem: { name: 'logistic-regression', l2: 0.01 },
  data: { name: 'synthetic-adult', normalize: 'rows' },
  clients: { total: 6 },
  participation: { name: 'uniform', cohort: 3 },
  method: { name: 'byz-vr-marina-pp', stepSize: 0.1, refresh: { every: 20 }, batchSize: 8 },
  aggregator: { name: 'mean' },
  rounds: 50,
};

async function reportsOf(experiment: Readonly<Record<string, unknown>>): Promise<RoundReport[]> {
  const reports: RoundReport[] = [];
  await simulate(experiment, { onRound: (report) => reports.push(report), dataDirectory: dataDirectory() });
  return reports;
}

/** The squared length of a unit row is 1 up to the rounding of its one value. */
const RELATIVE = 1e-14;

describe('the level of a run', () => {
  test.each<[string, Readonly<Record<string, unknown>>, (round: RoundReport, before: RoundReport) => number, number]>([
    ['alpha |x^{k+1} - x^k|', { clipping: { name: 'step-proportional', factor: 0.3 } }, ({ x }, before) => 0.3 * distance(x, before.x), 0],
    ['alpha |g^k|', { clipping: { name: 'direction-proportional', factor: 0.3 } }, (_, { g }) => 0.3 * norm(g), 0],
    ['2 L |x^{k+1} - x^k|', { clipping: { name: 'theory' } }, ({ x }, before) => 0.52 * distance(x, before.x), RELATIVE],
    [
      'D_Q L |x^{k+1} - x^k|',
      { clipping: { name: 'theory', bound: 'bounded-compressor' }, compressor: { name: 'rand-k', k: 41 } },
      ({ x }, before) => 3 * 0.26 * distance(x, before.x),
      RELATIVE,
    ],
  ])('it is %s', async (_formula, choice, levelAfter, relative) => {
    const reports = await reportsOf({ ...unitRows, ...choice });
    for (let k = 1; k < reports.length; k++) {
      const { clippingLevel, refresh } = reports[k]!;
      if (refresh) expect(clippingLevel).toBeNull();
      else {
        const expected = levelAfter(reports[k]!, reports[k - 1]!);
        expect(Math.abs(clippingLevel! - expected)).toBeLessThanOrEqual(relative * expected);
      }
    }
  });

  test('it never clips an honest message at D_Q max L_ij', async () => {
    for (const compressor of [{ name: 'identity' }, { name: 'rand-k', k: 12 }, { name: 'natural' }, { name: 'l2-quantization' }]) {
      const reports = await reportsOf({ ...unitRows, compressor, clipping: { name: 'theory', bound: 'bounded-compressor' } });
      expect(reports.flatMap(({ clippedClients }) => clippedClients)).toEqual([]);
    }
  });

  test('it may not be the level of a theorem where the rule is at its breakdown, unless that is waived', async () => {
    const experiment = {
      ...unitRows,
      clients: { total: 20, byzantine: 5 },
      participation: { name: 'uniform', cohort: 4 },
      clipping: { name: 'theory' },
      aggregator: { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] },
      rounds: 1,
    };
    await expect(simulate(experiment)).rejects.toThrow(/MARINADE_PRECONDITION_ASSUMPTION.*may contaminate 5 of 10 buckets/);
    const { warnings } = await simulate({ ...experiment, assumptions: 'waive' });
    expect(warnings.join()).toContain('may contaminate 1 of 2 buckets');
  });
});

describe.skipIf(dataDirectory() === undefined)('clipping on a9a', () => {
  const a9a = { ...unitRows, data: { name: 'a9a', normalize: 'rows' }, clients: { total: 20, byzantine: 5 }, rounds: 200 };

  test('it is inactive for alpha >= 0.26 without compression: no honest client is clipped, no bit changed', async () => {
    const free = await reportsOf({ ...a9a, clipping: { name: 'none' } });
    const clipped = await reportsOf({ ...a9a, clipping: { name: 'step-proportional', factor: 0.26 } });
    expect(clipped.map(({ x, g }) => [x, g])).toEqual(free.map(({ x, g }) => [x, g]));
    expect(clipped.flatMap(({ clippedClients }) => clippedClients)).toEqual([]);
  });

  test('it is active for a smaller alpha', async () => {
    const reports = await reportsOf({ ...a9a, clipping: { name: 'step-proportional', factor: 0.1 } });
    expect(reports.filter(({ clippedClients }) => clippedClients.length > 0).length).toBeGreaterThan(50);
  });
});
