import { describe, expect, test } from 'vitest';
import { add, axpy, meanOfRows, scale, subtract } from '../../../src/algorithm/kernels/reference/vectors.ts';
import { sampleWithReplacement } from '../../../src/algorithm/random/sampling.ts';
import { EVERYONE, KeyedStream } from '../../../src/algorithm/random/streams.ts';
import { type Draws, type RoundReport, type RunRecord, simulate } from '../../../src/index.ts';
import type { Vector } from '../../../src/shared/vector.ts';
import { tiny } from '../../support/tiny.ts';
import { data, f, gradient, whole } from '../../support/transcription.ts';

const d = 6;
const gd = { method: { name: 'gradient-descent', stepSize: 0.3 }, aggregator: { name: 'mean' }, rounds: 1, seed: 7 };
const sgd = { ...gd, method: { name: 'sgd', stepSize: 0.3, batchSize: 3 } };
const mean = (rows: readonly Vector[]): Vector => meanOfRows(rows, rows.length, new Float64Array(d));

async function run(experiment: Readonly<Record<string, unknown>>, draws?: Draws): Promise<{ record: RunRecord; reports: RoundReport[] }> {
  const reports: RoundReport[] = [];
  const record = await simulate(
    { ...tiny, ...experiment },
    { onRound: (report) => reports.push(report), ...(draws === undefined ? {} : { draws }) },
  );
  return { record, reports };
}

describe('whose data a liar holds', () => {
  test('it holds the shard of honest client j mod G', async () => {
    const { reports } = await run(gd);
    const [{ x, g }] = reports as [RoundReport];
    const shards = [0, 1, 2, 3, 4, 0, 1, 2];
    expect(g).toEqual(mean(shards.map((i) => gradient(f[i]!, x))));
  });

  test('it holds one of its own with own-shard, which is no part of the objective', async () => {
    const rows = Array.from({ length: 8 }, (_, i) => Array.from({ length: i < 6 ? 4 : 3 }, (_, j) => i + 8 * j));
    const own = {
      ...gd,
      clients: { ...tiny.clients, byzantineData: 'own-shard' },
      partition: { name: 'explicit', rows },
      metrics: { every: 1, names: ['loss', 'gradient-evaluations'] },
    };
    const honest = { ...gd, clients: { total: 5 }, partition: { name: 'explicit', rows: rows.slice(0, 5) }, metrics: own.metrics };
    const liar = { ...gd, clients: { total: 1 }, partition: { name: 'explicit', rows: [rows[5]!] } };
    const all = { ...gd, clients: { total: 8 }, partition: { name: 'explicit', rows } };
    const [withLiars, without, alone, truthful] = [await run(own), await run(honest), await run(liar), await run(all)];
    expect(withLiars.record.metrics['loss']![0]).toBe(without.record.metrics['loss']![0]);
    expect(withLiars.record.metrics['gradient-evaluations']).toEqual(without.record.metrics['gradient-evaluations']);
    expect(withLiars.reports.map(({ g }) => g)).toEqual(truthful.reports.map(({ g }) => g));
    expect(alone.reports[0]!.g).not.toEqual(without.reports[0]!.g);
    await expect(run({ ...own, partition: { name: 'explicit', rows: rows.slice(0, 5) } })).rejects.toThrow(/each of 8 owners; got 5/);
  });

  test('it weighs the honest f_i by their rows with weights: samples', async () => {
    const rows = [[0], Array.from({ length: 29 }, (_, i) => i + 1)];
    const uneven = { ...gd, clients: { total: 2 }, partition: { name: 'explicit', rows }, metrics: { names: ['loss', 'optimality-gap'] } };
    const weighted = await run({ ...uneven, clients: { total: 2, weights: 'samples' } });
    const equal = await run({
      ...gd,
      clients: { total: 1 },
      partition: { name: 'homogeneous' },
      metrics: { names: ['loss', 'optimality-gap'] },
    });
    const plain = await run(uneven);
    expect(weighted.record.metrics['loss']![0]).toBeCloseTo(equal.record.metrics['loss']![0]!, 14);
    expect(weighted.record.metrics['optimality-gap']![0]).toBeCloseTo(equal.record.metrics['optimality-gap']![0]!, 14);
    expect(Math.abs(plain.record.metrics['loss']![0]! - equal.record.metrics['loss']![0]!)).toBeGreaterThan(1e-3);
  });
});

describe('batches', () => {
  const together = { ...sgd, clients: { total: 2 }, partition: { name: 'homogeneous' } };

  test('it draws the same indices for all clients with batches: shared', async () => {
    const { reports } = await run({ ...together, method: { ...sgd.method, batches: 'shared' } });
    const indices = new Int32Array(3);
    const expected = new Float64Array(d);
    for (const { k, x, g } of reports) {
      sampleWithReplacement(new KeyedStream(7, 'batch').at(k, EVERYONE, 0), data.rows, 3, indices);
      whole.batchGradient(x, indices, 3, expected);
      expect(g).toEqual(mean([expected, expected]));
    }
  });

  test('it draws for each client alone with batches: independent', async () => {
    const { reports } = await run(together);
    const rows = [0, 1].map((client) => {
      const indices = new Int32Array(3);
      const out = new Float64Array(d);
      sampleWithReplacement(new KeyedStream(7, 'batch').at(0, client, 0), data.rows, 3, indices);
      whole.batchGradient(reports[0]!.x, indices, 3, out);
      return out;
    });
    expect(reports[0]!.g).toEqual(mean(rows));
  });

  test('it takes every row once where a batch without replacement is as large as the shard', async () => {
    const method = { ...sgd.method, batchSize: 6, batchSampling: 'without-replacement' };
    const { reports } = await run({ ...sgd, clients: { total: 5 }, method, rounds: 5 });
    for (const { x, g } of reports) {
      const exact = mean(f.map((oracle) => gradient(oracle, x)));
      // The same six terms in another order.
      for (let j = 0; j < d; j++) expect(Math.abs(g[j]! - exact[j]!)).toBeLessThan(1e-15);
    }
  });

  test.each<[string, readonly number[]]>([
    ['too few', [0, 1]],
    ['a row that does not exist', [0, 1, 6]],
    ['a negative row', [0, 1, -1]],
    ['half a row', [0, 1, 0.5]],
  ])('it refuses %s in the place of its draws', async (_what, batch) => {
    await expect(run(sgd, { batch: () => batch })).rejects.toThrow(/MARINADE_SHAPE_DIMENSION.*draws\.batch\(0, 0\)/);
  });
});

describe('what is encoded', () => {
  /** One honest client and one liar; both hold all rows, all draws are given. */
  const pair = {
    ...gd,
    clients: { total: 2, byzantine: 1 },
    partition: { name: 'homogeneous' },
    compressor: { name: 'rand-k', k: 2 },
    method: { name: 'byz-vr-marina-pp', stepSize: 0.3, refresh: { every: 5 }, batchSize: 2 },
    attack: { name: 'bit-flip' },
  };
  const draws: Draws = { batch: () => [3, 8], coordinates: () => [1, 4] };
  const encode = (v: Vector): Vector => v.map((value, j) => (j === 1 || j === 4 ? 3 * value : 0));

  test.each(['encoded', 'free'])('it is the lie too where attackers are %s', async (attackers) => {
    const { reports } = await run({ ...pair, attackers }, draws);
    const [{ x: x0, g: g0 }, { x, g }] = reports as [RoundReport, RoundReport];
    expect(x).toEqual(axpy(-0.3, g0, x0, new Float64Array(d)));
    const message = new Float64Array(d);
    whole.batchDifference(x, x0, Int32Array.of(3, 8), 2, message);
    const flip = (own: Vector): Vector =>
      subtract(scale(-1, add(g0, own, new Float64Array(d)), new Float64Array(d)), g0, new Float64Array(d));
    const lie = attackers === 'encoded' ? encode(flip(message)) : flip(encode(message));
    expect(g).toEqual(add(g0, mean([encode(message), lie]), new Float64Array(d)));
  });

  test('it is what a liar without an attack sends as an honest client would', async () => {
    const honest = await run({ ...pair, clients: { total: 2 }, rounds: 10 }, draws);
    for (const attackers of ['encoded', 'free']) {
      const idle = await run({ ...pair, attack: { name: 'none' }, attackers, rounds: 10 }, draws);
      expect(idle.reports.map(({ g }) => g)).toEqual(honest.reports.map(({ g }) => g));
    }
  });
});
