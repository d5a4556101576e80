import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Draws, type RoundReport, simulate } from '../../src/index.ts';
import { tiny } from '../support/tiny.ts';

interface Case {
  readonly name: string;
  readonly experiment: Readonly<Record<string, unknown>>;
  readonly draws: {
    readonly refresh: readonly boolean[];
    readonly cohort: readonly (readonly number[])[];
    readonly batch: readonly (readonly (readonly number[])[])[];
    readonly permutation: readonly (readonly number[])[];
    readonly coordinates: readonly (readonly (readonly number[])[])[];
  };
  readonly rounds: readonly { readonly x: number[]; readonly g: number[]; readonly level: number | null; readonly clipped: number[] }[];
}

interface Golden {
  readonly l2: number;
  readonly batchSize: number;
  readonly clients: { readonly total: number; readonly byzantine: number };
  readonly shards: readonly (readonly number[])[];
  readonly cases: readonly Case[];
}

const golden = JSON.parse(readFileSync(new URL('../fixtures/byz-vr-marina-pp.json', import.meta.url), 'utf8')) as Golden;
const { batchSize } = golden;

const bucketedMedian = { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] };
const pp = { name: 'byz-vr-marina-pp', batchSize, refresh: { probability: 0.5 } };

/** What each case of the script runs, said in the experiment's words. */
const choices: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'shift-back in majorities against bucketed medians': {
    method: { ...pp, stepSize: 0.3 },
    aggregator: bucketedMedian,
    clipping: { name: 'step-proportional', factor: 1 },
  },
  'bit-flip under rand-k': {
    method: { ...pp, stepSize: 0.2 },
    aggregator: { name: 'trimmed-mean' },
    clipping: { name: 'direction-proportional', factor: 0.4 },
    compressor: { name: 'rand-k', k: 2 },
  },
  'a little is enough against PP+': {
    method: { ...pp, stepSize: 0.3, smallCohortRule: 'mean' },
    aggregator: { name: 'trimmed-mean' },
    clipping: { name: 'step-proportional', factor: 0.1 },
  },
  'inner product manipulation on the message scale': {
    method: { ...pp, stepSize: 0.3 },
    aggregator: bucketedMedian,
    clipping: { name: 'step-proportional', factor: 0.2 },
  },
  'inner product manipulation on the estimate scale': {
    method: { ...pp, stepSize: 0.3 },
    aggregator: bucketedMedian,
    clipping: { name: 'step-proportional', factor: 1 },
  },
  'heuristic (10) around sgd': {
    method: { name: 'sgd', batchSize, stepSize: 0.2 },
    aggregator: { name: 'trimmed-mean' },
    clipping: { name: 'step-proportional', factor: 1 },
  },
};

/** The two sides add in different orders: some ulp per round, on 40 rounds of contracting steps. */
const RELATIVE = 1e-12;

function expectClose(got: ArrayLike<number>, wanted: readonly number[], what: string): void {
  const scale = Math.max(...wanted.map(Math.abs));
  wanted.forEach((value, j) => {
    expect(Math.abs(got[j]! - value), `${what}, coordinate ${j}: ${got[j]} against ${value}`).toBeLessThanOrEqual(RELATIVE * scale);
  });
}

describe('draws', () => {
  test('it stands on the same problem as the script', () => {
    expect(tiny.problem.l2).toBe(golden.l2);
    expect(tiny.clients).toEqual(golden.clients);
    expect(tiny.partition.rows).toEqual(golden.shards);
    expect(golden.cases.map(({ name }) => name)).toEqual(Object.keys(choices));
  });

  test.each(golden.cases.map((row) => [row.name, row] as const))('it agrees round by round with NumPy: %s', async (name, row) => {
    const { refresh, cohort, batch, permutation, coordinates } = row.draws;
    const draws: Draws = {
      refresh: (k) => refresh[k]!,
      cohort: (k) => cohort[k]!,
      batch: (k, client) => batch[k]![client]!,
      permutation: (k) => permutation[k]!,
      coordinates: (k, client) => coordinates[k]![client]!,
    };
    const reports: RoundReport[] = [];
    const record = await simulate({ ...tiny, ...row.experiment, ...choices[name] }, { draws, onRound: (report) => reports.push(report) });

    expect(record.outcome).toBe('completed');
    expect(record.resultHash).toBeNull();
    expect(reports.map(({ k }) => k)).toEqual(row.rounds.map((_, k) => k));
    expect(row.rounds.some(({ clipped }) => clipped.length > 0)).toBe(true);
    row.rounds.forEach(({ x, g, level, clipped }, k) => {
      const report = reports[k]!;
      expectClose(report.x, x, `x^${k}`);
      expectClose(report.g, g, `g^${k}`);
      expect(report.cohort).toEqual(cohort[k]);
      expect(report.refresh).toBe(refresh[k]);
      expect(report.clippedClients).toEqual(clipped);
      if (level === null) expect(report.clippingLevel).toBe(refresh[k] ? null : Number.POSITIVE_INFINITY);
      else expectClose([report.clippingLevel!], [level], `lambda of round ${k}`);
    });
  });
});
