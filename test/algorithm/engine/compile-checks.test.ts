import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { compile } from '../../../src/algorithm/engine/compile.ts';
import { toleratedByzantine } from '../../../src/algorithm/engine/tolerated-byzantine.ts';
import type { Experiment } from '../../../src/algorithm/experiment.ts';
import { catalog, createCatalog, defineCompressor, simulate } from '../../../src/index.ts';
import { resolveExperiment } from '../../../src/simulate.ts';
import { tiny } from '../../support/tiny.ts';

const base = {
  problem: { name: 'quadratic' },
  clients: { total: 20, byzantine: 5 },
  participation: { name: 'uniform', cohort: 4 },
  method: { name: 'byz-vr-marina-pp', stepSize: 0.1, refresh: { every: 10 }, batchSize: 1 },
  aggregator: { name: 'coordinate-median' },
  rounds: 1,
};

function warningsOf(experiment: Readonly<Record<string, unknown>>, using = catalog): readonly string[] {
  return compile(resolveExperiment({ ...base, ...experiment }, using), using).warnings;
}

const sgd = { name: 'sgd', stepSize: 0.1, batchSize: 1 };

describe('choices that exclude each other', () => {
  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['nobody honest', { clients: { total: 3, byzantine: 3 } }, /CONFIG_INVALID.*at most 2 of 3; got 3/],
    ['more assumed liars than clients', { clients: { total: 3, assumedByzantine: 4 } }, /CONFIG_INVALID.*assumedByzantine.*got 4/],
    ['a problem on data without data', { problem: { name: 'least-squares' } }, /CONFIG_INVALID.*needs data/],
    ['data for a problem that makes its own', { data: { name: 'a9a' } }, /CONFIG_INVALID.*remove `data`/],
    ['flipped labels without labels', { attack: { name: 'label-flip' } }, /UNSUPPORTED.*flips labels/],
    [
      'the gap of a non-convex objective',
      { ...tiny, problem: { ...tiny.problem, nonConvex: 0.1 }, metrics: { names: ['optimality-gap'] } },
      /UNKNOWN_CONSTANT.*f\*/,
    ],
    ['a metric twice', { metrics: { names: ['loss', 'loss'] } }, /CONFIG_INVALID.*twice/],
    [
      'compressed full gradients',
      { method: { name: 'gradient-descent', stepSize: 1 }, compressor: { name: 'natural' } },
      /UNSUPPORTED.*identity/,
    ],
    [
      'a cohort larger than its refresh cohort',
      { participation: { name: 'uniform', cohort: 4, largeCohort: 3 } },
      /CONFIG_INVALID.*cohort <= largeCohort/,
    ],
    [
      'heuristic (10) at an absorbing 0',
      { method: { ...sgd, initialEstimator: 'zero' }, clipping: { name: 'step-proportional', factor: 1 } },
      /UNSUPPORTED.*cannot leave g = 0/,
    ],
  ])('it refuses %s', (_what, experiment, message) => {
    expect(() => warningsOf(experiment)).toThrow(message);
  });

  test('it lets heuristic (10) start from zero where the level does not vanish, and warns elsewhere', () => {
    expect(() => warningsOf({ method: { ...sgd, initialEstimator: 'zero' }, clipping: { name: 'fixed', level: 1 } })).not.toThrow();
    const zero = { ...base.method, initialEstimator: 'zero' };
    expect(warningsOf({ method: zero, clipping: { name: 'step-proportional', factor: 1 } }).join()).toContain('absorbing at g = 0');
    expect(warningsOf({ method: zero, clipping: { name: 'none' } }).join()).not.toContain('absorbing');
  });

  test('it refuses batches without replacement that some client cannot fill, before the first round', async () => {
    const method = { ...sgd, batchSize: 7, batchSampling: 'without-replacement' };
    await expect(simulate({ ...tiny, method, aggregator: { name: 'mean' }, rounds: 0 })).rejects.toThrow(
      /UNSUPPORTED.*batch of 7 .* some client has 6/,
    );
    await expect(
      simulate({ ...tiny, method: { ...method, batchSize: 6 }, aggregator: { name: 'mean' }, rounds: 3 }),
    ).resolves.toBeDefined();
  });
});

describe('rules against the cohorts they see', () => {
  const krum = { name: 'krum' };
  const infeasible = /TOO_MANY_BYZANTINE.*a cohort \(n = 4, f = 1\)/;

  test('it refuses what cannot be computed for a cohort', () => {
    expect(() => warningsOf({ aggregator: krum })).toThrow(infeasible);
    expect(() => warningsOf({ aggregator: krum, method: sgd })).toThrow(infeasible);
  });

  test('it does not, for cohorts the rule is never given: the small ones of PP+', () => {
    expect(warningsOf({ aggregator: krum, method: { ...base.method, smallCohortRule: 'mean' } })).toEqual([]);
  });

  test('it looks at all clients only where g^0 is a round of them, at large cohorts only where there are refreshes', () => {
    const participation = { name: 'uniform', cohort: 13, largeCohort: 16 };
    const trimmed = { name: 'trimmed-mean', trim: 8 };
    const exact = { ...base.method, initialEstimator: 'exact' };
    expect(() => warningsOf({ participation, aggregator: { name: 'trimmed-mean', trim: 6 } })).not.toThrow();
    expect(() => warningsOf({ participation, aggregator: trimmed, method: { ...exact, smallCohortRule: 'mean' } })).toThrow(
      /a large cohort \(n = 16/,
    );
    expect(() =>
      warningsOf({
        participation: { ...participation, cohort: 17, largeCohort: 17 },
        aggregator: { name: 'trimmed-mean', trim: 9 },
        method: sgd,
      }),
    ).toThrow(/a cohort \(n = 17/);
    // f is half of a cohort: odd ones can be trimmed, even ones cannot.
    const half = {
      clients: { ...base.clients, assumedByzantine: 10 },
      participation: { name: 'uniform', cohort: 5, largeCohort: 6 },
      aggregator: { name: 'trimmed-mean' },
    };
    expect(() => warningsOf({ ...half, method: exact })).toThrow(/a large cohort \(n = 6, f = 3\)/);
    expect(() => warningsOf({ ...half, method: { ...sgd, initialEstimator: 'exact' } })).not.toThrow();
  });

  test('it uses the largest feasible f where that is asked for, and says so', () => {
    expect(warningsOf({ aggregator: { ...krum, whenInfeasible: 'largest' } }).join()).toContain(
      'for a cohort (n = 4, f = 1) the largest feasible f = 0 is used',
    );
  });

  test("it warns beyond a guarantee with the numbers: the paper's own figure", () => {
    const warnings = warningsOf({ aggregator: { name: 'coordinate-median', preAggregators: [{ name: 'bucketing' }] } });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('all clients (n = 20, f = 5): bucketing(2) may contaminate 5 of 10 buckets');
    expect(warnings[1]).toContain('a cohort (n = 4, f = 1): bucketing(2) may contaminate 1 of 2 buckets');
  });

  test('it warns of refresh cohorts that may hold more liars than the rule is told', () => {
    const small = { participation: { name: 'uniform', cohort: 4, largeCohort: 16 } };
    expect(warningsOf(small).join()).toContain('a refresh cohort of 16 may hold 5 byzantine clients, the rule is told 4');
    expect(warningsOf({ clients: { ...base.clients, assumedByzantine: 3 } }).join()).toContain(
      'a refresh cohort of 20 may hold 5 byzantine clients, the rule is told 3',
    );
    expect(warningsOf({ ...small, clients: { ...base.clients, assumedByzantine: 7 } })).toEqual([]);
    expect(warningsOf({ ...small, method: sgd })).toEqual([]);
    expect(warningsOf({})).toEqual([]);
  });

  test('it warns where liars are no minority', () => {
    expect(warningsOf({ clients: { total: 20, byzantine: 10, assumedByzantine: 9 } }).join()).toContain('no minority: 10 of 20');
  });
});

describe('assumptions', () => {
  const half = defineCompressor({
    name: 'half',
    summary: 'Half the vector.',
    source: { cite: 'this test' },
    schema: z.strictObject({}),
    traits: { random: false, correlated: true },
    create: () => ({
      constants: (d) => ({ class: 'biased', density: d }),
      bits: (d) => d,
      compress(vector) {
        for (let j = 0; j < vector.length; j++) vector[j]! /= 2;
      },
    }),
  });
  const extended = createCatalog({ compressors: [half] });

  test('it refuses a compressor that the analysis excludes, unless that is waived and recorded', () => {
    const biased = { compressor: { name: 'half' } };
    expect(() => warningsOf(biased, extended)).toThrow(/PRECONDITION_ASSUMPTION.*needs an unbiased compressor; 'half' is biased/);
    const warnings = warningsOf({ ...biased, assumptions: 'waive' }, extended);
    expect(warnings[0]).toMatch(/^waived: .*'half' is biased/);
    expect(warnings[1]).toContain('correlated between clients');
    expect(warningsOf({ ...biased, method: sgd }, extended)).toHaveLength(1);
  });
});

describe('toleratedByzantine', () => {
  const told = (byzantine: number, cohort: number, total: number, assumedByzantine?: number): number =>
    toleratedByzantine({ clients: { total, byzantine, assumedByzantine } } as Experiment, cohort);

  test('it is floor(byzantine cohort / total), exactly', () => {
    expect([told(5, 4, 20), told(5, 3, 20), told(5, 20, 20), told(0, 20, 20)]).toEqual([1, 0, 5, 0]);
    // 0.29 * 100 rounds down in floating point.
    expect([told(7, 10, 10), told(29, 100, 100)]).toEqual([7, 29]);
    for (let total = 1; total <= 60; total++) {
      for (let cohort = 1; cohort <= total; cohort++) {
        for (let byzantine = 0; byzantine < total; byzantine++) {
          const f = told(byzantine, cohort, total);
          expect(Number.isInteger(f) && f * total <= byzantine * cohort && (f + 1) * total > byzantine * cohort).toBe(true);
        }
      }
    }
    expect(told(999_999, 999_999, 1_000_000)).toBe(999_998);
  });

  test('it goes by what the server assumes where that is given', () => {
    expect(told(5, 4, 20, 10)).toBe(2);
    expect(told(5, 4, 20, 0)).toBe(0);
  });
});
