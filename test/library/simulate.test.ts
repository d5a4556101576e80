import { describe, expect, test } from 'vitest';
import { type RecordedPoints, type RoundReport, simulate } from '../../src/index.ts';
import { resultHash } from '../../src/shared/hash.ts';
import { numericsVersion } from '../../src/shared/messages/round-job.ts';
import { tiny } from '../support/tiny.ts';

const experiment = {
  ...tiny,
  participation: { name: 'uniform', cohort: 4 },
  method: { name: 'byz-vr-marina-pp', stepSize: 0.3, refresh: { probability: 0.1 }, batchSize: 2 },
  clipping: { name: 'step-proportional', factor: 1 },
  aggregator: { name: 'coordinate-median' },
  attack: { name: 'shift-back' },
  rounds: 30,
  metrics: { every: 7, names: ['loss', 'optimality-gap', 'gradient-evaluations'] },
};

describe('simulate', () => {
  test('it returns what the run was and what came out', async () => {
    const record = await simulate(experiment);
    expect(record.outcome).toBe('completed');
    expect(record.rounds).toBe(30);
    expect(Array.from(record.recorded)).toEqual([0, 7, 14, 21, 28, 30]);
    expect(Object.keys(record.metrics)).toEqual(['loss', 'optimality-gap', 'gradient-evaluations']);
    expect(record.experiment.compressor).toEqual({ name: 'identity' });
    expect(record.experiment.seed).toBe(0);
    expect(record.resultHash).toBe(resultHash({ numericsVersion, x: record.x, columns: record.metrics }));
    expect(record.runKey).toMatch(/^[0-9a-f]{64}$/);
  });

  test('it depends on the experiment alone: twice the same, with another seed another', async () => {
    const [first, again, other] = [
      await simulate(experiment),
      await simulate(structuredClone(experiment)),
      await simulate({ ...experiment, seed: 1 }),
    ];
    expect(again).toEqual(first);
    expect(other.runKey).not.toBe(first.runKey);
    expect(other.resultHash).not.toBe(first.resultHash);
    const longer = await simulate({ ...experiment, rounds: 31 });
    expect(longer.metrics['loss']!.slice(0, 5)).toEqual(first.metrics['loss']!.slice(0, 5));
  });

  test('it leaves the experiment it was given as it was', async () => {
    const given = structuredClone(experiment);
    await simulate(given);
    expect(given).toEqual(experiment);
  });

  test('it reports every round, the start included, with copies', async () => {
    const reports: RoundReport[] = [];
    const record = await simulate(experiment, { onRound: (report) => reports.push(report) });
    expect(reports.map(({ k }) => k)).toEqual(Array.from({ length: 31 }, (_, k) => k));
    expect(reports.at(-1)!.x).toEqual(record.x);
    expect(reports.at(-1)!.g).toEqual(record.g);
    expect(new Set(reports.map(({ x }) => x.buffer)).size).toBe(31);
    const spoiled = await simulate(experiment, {
      onRound: ({ x, g }) => {
        x.fill(0);
        g.fill(0);
      },
    });
    expect(spoiled.resultHash).toBe(record.resultHash);
  });

  test('it hands over recorded points in order, none twice', async () => {
    const taken: RecordedPoints[] = [];
    const record = await simulate(experiment, { onMetrics: (points) => taken.push(points) });
    let next = 0;
    for (const { first, count } of taken) {
      expect(first).toBe(next);
      next += count;
    }
    expect(taken.flatMap(({ columns }) => Array.from(columns['loss']!))).toEqual(Array.from(record.metrics['loss']!));
  });

  test('it stops where a signal says so, with what is there and without a hash', async () => {
    const before = await simulate(experiment, { signal: AbortSignal.abort() });
    expect([before.outcome, before.rounds, before.resultHash]).toEqual(['cancelled', 0, null]);
    expect(Array.from(before.recorded)).toEqual([0]);
    const controller = new AbortController();
    const during = await simulate(
      { ...experiment, rounds: 1_000_000_000, metrics: { every: 1000, names: ['loss'] } },
      { signal: controller.signal, onMetrics: ({ first }) => first > 0 && controller.abort() },
    );
    expect(during.outcome).toBe('cancelled');
    expect(during.rounds).toBeGreaterThan(0);
    expect(during.resultHash).toBeNull();
    expect(during.recorded.at(-1)).toBe(1000 * (during.recorded.length - 1));
    expect(during.rounds - during.recorded.at(-1)!).toBeLessThan(1000);
  });

  test('it starts where the experiment says', async () => {
    const startOf = async (start: unknown): Promise<number[]> => Array.from((await simulate({ ...experiment, start, rounds: 0 })).x);
    expect(await startOf({ name: 'zeros' })).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await startOf({ name: 'explicit', values: [1, 2, 3, 4, 5, 6] })).toEqual([1, 2, 3, 4, 5, 6]);
    const uniform = await startOf({ name: 'uniform' });
    expect(uniform.every((value) => Math.abs(value) < 1 / Math.sqrt(6))).toBe(true);
    expect(new Set(uniform).size).toBe(6);
    await expect(startOf({ name: 'explicit', values: [1] })).rejects.toThrow(/MARINADE_CONFIG_INVALID.*d = 6 numbers; got 1/);
  });

  test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['an unknown key', { rouns: 3 }, /MARINADE_CONFIG_INVALID.*unknown key 'rouns'; did you mean 'rounds'\?/],
    ['an unknown strategy', { attack: { name: 'shift-bak' } }, /MARINADE_CONFIG_INVALID.*did you mean 'shift-back'\?/],
    ['a missing file', { data: { file: '/nowhere/at-all.libsvm' } }, /MARINADE_DATA_MISSING.*at-all\.libsvm/],
  ])('it refuses %s before anything is computed', async (_what, change, message) => {
    const reports: RoundReport[] = [];
    await expect(simulate({ ...experiment, ...change }, { onRound: (report) => reports.push(report) })).rejects.toThrow(message);
    expect(reports).toEqual([]);
  });
});
