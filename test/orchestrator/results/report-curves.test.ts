import { describe, expect, it } from 'vitest';
import { CellCurves, ROUNDS } from '../../../src/orchestrator/results/report-curves.ts';
import type { StudyRun } from '../../../src/shared/contracts/ledger.ts';
import type { Outcome } from '../../../src/shared/outcome.ts';
import { madeUp } from './made-up-study.ts';

const gap = [{ name: 'gap', logarithmic: true }];
const share = [{ name: 'gap', logarithmic: false }];

function run(outcome: Outcome | null = 'completed', rounds = 100): StudyRun {
  return { ...madeUp({ seeds: [0], rounds }).runs[0]!, outcome, rounds };
}

function curves(values: readonly number[], every = 10, more: Readonly<Record<string, readonly number[]>> = {}) {
  const columns = Object.fromEntries(Object.entries({ gap: values, ...more }).map(([name, column]) => [name, Float64Array.from(column)]));
  return { rounds: Float64Array.from(values, (_, i) => i * every), columns };
}

describe('the curves of a cell', () => {
  it('are the mean over runs point by point, geometric on a logarithmic axis, with the smallest and the largest run', () => {
    for (const [metrics, centre] of [
      [gap, 0.01],
      [share, 0.0505],
    ] as const) {
      const cell = new CellCurves(2, 100, metrics, []);
      cell.add(curves([1, 0.1]), run('completed', 10));
      cell.add(curves([1, 0.001]), run('completed', 10));
      const points = cell.points('gap', ROUNDS);
      expect(points.map(({ x, low, high, partial }) => ({ x, low, high, partial }))).toEqual([
        { x: 0, low: 1, high: 1, partial: false },
        { x: 10, low: 0.001, high: 0.1, partial: false },
      ]);
      expect(points[1]!.centre).toBeCloseTo(centre, 12);
    }
  });

  it('begin and end where the runs do, whatever the number of points; what is between is never outside the band', () => {
    const values = Array.from({ length: 10_001 }, (_, i) => 2 ** (-i / 500) * (i === 5001 ? 1e6 : 1));
    const cell = new CellCurves(10_001, 50, gap, []);
    cell.add(curves(values, 1), run('completed', 10_000));
    const points = cell.points('gap', ROUNDS);
    expect(points).toHaveLength(50);
    expect(points[0]).toEqual({ x: 0, low: 1, centre: 1, high: 1, partial: false });
    expect(points.at(-1)).toMatchObject({ x: 10_000, low: values.at(-1), high: values.at(-1) });
    expect(Math.max(...points.map(({ high }) => high))).toBe(values[5001]);
    expect(points.every(({ x }, i) => i === 0 || x > points[i - 1]!.x)).toBe(true);
  });

  it('mark a run that diverged where its last finite value was, and the mean of the others as partial from there', () => {
    const cell = new CellCurves(4, 100, gap, []);
    cell.add(curves([1, 10, Number.POSITIVE_INFINITY]), run('diverged', 30));
    cell.add(curves([1, 0.1, 0.01, 0.001]), run('completed', 30));
    expect(cell.ends('gap', ROUNDS)).toEqual([{ x: 10, y: 10, diverged: true }]);
    expect(cell.points('gap', ROUNDS).map(({ partial, high }) => ({ partial, high }))).toEqual([
      { partial: false, high: 1 },
      { partial: false, high: 10 },
      { partial: false, high: Number.POSITIVE_INFINITY },
      { partial: true, high: 0.001 },
    ]);
  });

  it('mark a run that ended before its last round, not one that has yet to go on', () => {
    const early = new CellCurves(4, 100, gap, []);
    early.add(curves([1, 0.1, 0.01]), run('target-reached', 30));
    expect(early.ends('gap', ROUNDS)).toEqual([{ x: 20, y: 0.01, diverged: false }]);
    const running = new CellCurves(4, 100, gap, []);
    running.add(curves([1, 0.1]), run(null, 30));
    expect(running.ends('gap', ROUNDS)).toEqual([]);
  });

  it('are infinite, or not positive, where most values are; NaN is no value', () => {
    const cell = new CellCurves(4, 100, gap, []);
    cell.add(curves([1, Number.POSITIVE_INFINITY, 0, Number.NaN]), run('completed', 30));
    cell.add(curves([1, Number.POSITIVE_INFINITY, -1e-17, Number.NaN]), run('completed', 30));
    cell.add(curves([1, 3, 1e-16, Number.NaN]), run('completed', 30));
    expect(cell.points('gap', ROUNDS).map(({ low, centre, high }) => [low, centre, high])).toEqual([
      [1, 1, 1],
      [3, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
      [-1e-17, 0, 1e-16],
    ]);
  });

  it('have every axis that was recorded, its mean over runs', () => {
    const cell = new CellCurves(2, 100, gap, ['uplink-bits']);
    cell.add(curves([1, 0.1], 10, { 'uplink-bits': [0, 100] }), run('completed', 10));
    cell.add(curves([1, 0.1], 10, { 'uplink-bits': [0, 300] }), run('completed', 10));
    expect(cell.points('gap', 'uplink-bits').map(({ x }) => x)).toEqual([0, 200]);
    expect([cell.reach(ROUNDS), cell.reach('uplink-bits'), cell.reach('time')]).toEqual([10, 200, 0]);
  });

  it('are empty without runs, and of metrics nobody gathered', () => {
    const cell = new CellCurves(2, 100, gap, []);
    expect(cell.points('gap', ROUNDS)).toEqual([]);
    cell.add(curves([]), run(null));
    expect(cell.points('gap', ROUNDS)).toEqual([]);
    expect(cell.points('loss', ROUNDS)).toEqual([]);
    expect(cell.ends('loss', ROUNDS)).toEqual([]);
  });
});
