/** Byz-VR-MARINA-PP and its special cases, bit for bit against short transcriptions of the papers. */
import { describe, expect, test } from 'vitest';
import { catalog } from '../../../src/algorithm/catalog.ts';
import { add, clipInPlace, distance } from '../../../src/algorithm/kernels/reference/vectors.ts';
import { KeyedStream } from '../../../src/algorithm/random/streams.ts';
import type { Vector } from '../../../src/shared/vector.ts';
import {
  bucketedMedian,
  byzantine,
  cohort,
  coin,
  d,
  difference,
  everyone,
  expectSameBits,
  f,
  flipped,
  G,
  gamma,
  gradient,
  iterate,
  mean,
  oracleOf,
  rule,
  run,
  seed,
  stochastic,
  vector,
  vr,
  whole,
} from '../../support/transcription.ts';

const alone = { clients: { total: 1 }, partition: { name: 'homogeneous' }, aggregator: { name: 'mean' } };

describe('byz-vr-marina-pp', () => {
  test.each(['byz-vr-marina-pp', 'byz-vr-marina'])(
    '%s without clipping in full participation is Byz-VR-MARINA on differences',
    async (name) => {
      const lieOr = (i: number, message: Vector, base?: Vector): Vector => (byzantine(i) ? flipped(message, base) : message);
      const expected = iterate(
        (x) =>
          bucketedMedian(
            0,
            everyone.map((i) => lieOr(i, gradient(oracleOf(i), x))),
          ),
        (k, x, xPrevious, g) =>
          coin(k)
            ? bucketedMedian(
                k,
                everyone.map((i) => lieOr(i, gradient(oracleOf(i), x))),
              )
            : add(
                g,
                bucketedMedian(
                  k,
                  everyone.map((i) => lieOr(i, difference(k, i, x, xPrevious), g)),
                ),
                vector(),
              ),
      );
      expectSameBits(await run({ method: { name, ...vr }, aggregator: rule, attack: { name: 'bit-flip' } }), expected);
    },
  );

  test('with the mean and no attackers it is VR-MARINA, compressed', async () => {
    const honest = everyone.slice(0, G);
    const kept = 2;
    const sparsified = (k: number, i: number, v: Vector): Vector => {
      const stream = new KeyedStream(seed, 'compressor').at(k, i, 0);
      const mask = new Set<number>();
      for (let newest = d - kept; newest < d; newest++) {
        const candidate = stream.below(newest + 1);
        mask.add(mask.has(candidate) ? newest : candidate);
      }
      return v.map((value, j) => (mask.has(j) ? (d / kept) * value : 0));
    };
    const expected = iterate(
      (x) =>
        mean(
          0,
          honest.map((i) => gradient(f[i]!, x)),
        ),
      (k, x, xPrevious, g) =>
        coin(k)
          ? mean(
              k,
              honest.map((i) => gradient(f[i]!, x)),
            )
          : add(
              g,
              mean(
                k,
                honest.map((i) => sparsified(k, i, difference(k, i, x, xPrevious))),
              ),
              vector(),
            ),
    );
    const experiment = { clients: { total: G }, aggregator: { name: 'mean' }, compressor: { name: 'rand-k', k: kept } };
    expectSameBits(await run({ method: { name: 'byz-vr-marina-pp', ...vr }, ...experiment }), expected);
  });

  test('with one client it is PAGE', async () => {
    const expected = iterate(
      (x) => gradient(whole, x),
      (k, x, xPrevious, g) => (coin(k) ? gradient(whole, x) : add(g, difference(k, 0, x, xPrevious, whole), vector())),
    );
    expectSameBits(await run({ method: { name: 'byz-vr-marina-pp', ...vr }, ...alone }), expected);
  });

  test('with p = 1 and the mean it is gradient descent', async () => {
    const honest = everyone.slice(0, G);
    const average = (x: Vector): Vector =>
      mean(
        0,
        honest.map((i) => gradient(f[i]!, x)),
      );
    const expected = iterate(average, (_k, x) => average(x));
    const experiment = { clients: { total: G }, aggregator: { name: 'mean' } };
    const always = { ...vr, refresh: { probability: 1 } };
    expectSameBits(await run({ method: { name: 'byz-vr-marina-pp', ...always }, ...experiment }), expected);
    expectSameBits(await run({ method: { name: 'gradient-descent', stepSize: gamma }, ...experiment }), expected);
  });

  test.each([
    ['Algorithm 1', 'robust', 'full'],
    ['Algorithm 3 (PP+)', 'mean', 'full'],
    ['Algorithm 4', 'robust', { batchSize: 4 }],
    ['Algorithm 5', 'mean', { batchSize: 4 }],
  ] as const)('it is %s', async (_algorithm, smallCohortRule, refreshGradient) => {
    const alpha = 0.2;
    const small = 3;
    const large = 7;
    const refreshed = (k: number, i: number, x: Vector): Vector => {
      const message = refreshGradient === 'full' ? gradient(oracleOf(i), x) : stochastic(k, i, x, refreshGradient.batchSize);
      return byzantine(i) ? flipped(message, undefined) : message;
    };
    let clipped = 0;
    const clip = (v: Vector, level: number): Vector => {
      const out = Float64Array.from(v);
      if (clipInPlace(out, level) > level) clipped++;
      return out;
    };
    const smallRule = smallCohortRule === 'mean' ? mean : bucketedMedian;
    const expected = iterate(
      (x) =>
        bucketedMedian(
          0,
          everyone.map((i) => refreshed(0, i, x)),
        ),
      (k, x, xPrevious, g) => {
        if (coin(k))
          return bucketedMedian(
            k,
            cohort(k, large).map((i) => refreshed(k, i, x)),
          );
        const lambda = alpha * distance(x, xPrevious);
        const messages = cohort(k, small).map((i) => {
          const message = difference(k, i, x, xPrevious);
          return clip(byzantine(i) ? flipped(message, g) : message, lambda);
        });
        return add(g, smallRule(k, messages), vector());
      },
    );
    const reports = await run({
      method: { name: 'byz-vr-marina-pp', ...vr, smallCohortRule, refreshGradient },
      participation: { name: 'uniform', cohort: small, largeCohort: large },
      clipping: { name: 'step-proportional', factor: alpha },
      aggregator: rule,
      attack: { name: 'bit-flip' },
    });
    expectSameBits(reports, expected);
    expect(reports.flatMap(({ clippedClients }) => clippedClients)).toHaveLength(clipped);
    expect(clipped).toBeGreaterThan(50);
  });

  test('it gives the rule estimates g + clip(message) with `aggregates: estimates`', async () => {
    const expected = iterate(
      (x) =>
        bucketedMedian(
          0,
          everyone.map((i) => gradient(oracleOf(i), x)),
        ),
      (k, x, xPrevious, g) =>
        coin(k)
          ? bucketedMedian(
              k,
              everyone.map((i) => gradient(oracleOf(i), x)),
            )
          : bucketedMedian(
              k,
              everyone.map((i) => add(g, difference(k, i, x, xPrevious), vector())),
            ),
    );
    for (const name of ['byz-vr-marina', 'byz-vr-marina-pp']) {
      expectSameBits(await run({ method: { name, ...vr, aggregates: 'estimates' }, aggregator: rule }), expected);
    }
  });

  test('it neither clips nor compresses what honest clients send in refresh rounds', async () => {
    const honest = everyone.slice(0, G);
    const reports = await run({
      method: { name: 'byz-vr-marina-pp', ...vr },
      clients: { total: G },
      clipping: { name: 'fixed', level: 1e-9 },
      compressor: { name: 'rand-k', k: 1 },
      aggregator: { name: 'mean' },
    });
    const refreshes = reports.filter(({ refresh }) => refresh);
    expect(refreshes.length).toBeGreaterThan(5);
    for (const { x, g, clippingLevel, clippedClients } of refreshes) {
      expect(g).toEqual(
        mean(
          0,
          honest.map((i) => gradient(f[i]!, x)),
        ),
      );
      expect(clippingLevel).toBeNull();
      expect(clippedClients).toEqual([]);
    }
    const others = reports.filter(({ refresh }) => !refresh);
    expect(others.every(({ clippedClients }) => clippedClients.length > 0)).toBe(true);
  });

  test('it refreshes at the fixed period in rounds R, 2R, ...', async () => {
    const reports = await run({ method: { name: 'byz-vr-marina-pp', ...vr, refresh: { every: 7 } }, aggregator: rule });
    expect(reports.filter(({ refresh }) => refresh).map(({ k }) => k)).toEqual([0, 7, 14, 21, 28, 35, 42, 49, 56]);
  });
});

describe('byz-vr-marina-pp with cohorts of one', () => {
  const experiment = (aggregator: object, smallCohortRule: string): Readonly<Record<string, unknown>> => ({
    problem: { name: 'quadratic', dimension: 9, heterogeneity: 0.3 },
    data: undefined,
    partition: { name: 'homogeneous' },
    clients: { total: 10, byzantine: 3 },
    participation: { name: 'uniform', cohort: 1 },
    method: { name: 'byz-vr-marina-pp', ...vr, smallCohortRule, initialEstimator: 'exact' },
    clipping: { name: 'step-proportional', factor: 0.7 },
    aggregator: { ...aggregator, preAggregators: [{ name: 'bucketing', size: 2 }], whenInfeasible: 'largest' },
    attack: { name: 'bit-flip' },
  });

  test.each(catalog.aggregators.definitions.filter(({ traits }) => traits.returnsLoneMessage).map(({ name }) => name))(
    'it equals PP+ where the rule is %s',
    async (name) => {
      const [robust, plus] = [await run(experiment({ name }, 'robust')), await run(experiment({ name }, 'mean'))];
      expectSameBits(robust, plus);
    },
  );

  test('it differs from PP+ where the rule changes a lone message', async () => {
    const aggregator = { name: 'centered-clipping', radius: 1e-3 };
    expect(catalog.aggregators.get(aggregator.name).traits.returnsLoneMessage).toBe(false);
    const [robust, plus] = [await run(experiment(aggregator, 'robust')), await run(experiment(aggregator, 'mean'))];
    expect(robust.at(-1)!.x).not.toEqual(plus.at(-1)!.x);
  });
});
