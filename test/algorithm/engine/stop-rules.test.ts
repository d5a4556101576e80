import { describe, expect, test } from 'vitest';
import { counter } from '../../../src/algorithm/engine/run-memory.ts';
import { judge } from '../../../src/algorithm/engine/stop-rules.ts';
import type { Experiment } from '../../../src/algorithm/experiment.ts';
import { type Outcome, simulate } from '../../../src/index.ts';
import { tiny } from '../../support/tiny.ts';

const diverged = { factor: 10, rounds: 3 };

/** How a run of 100 rounds, recorded every round, ends when its losses are these; the index of the point it ends at. */
function endOf(
  stop: Partial<Experiment['stop']>,
  losses: readonly number[],
  finite = (_k: number): boolean => true,
): [Outcome, number] | null {
  const counters = new Float64Array(16);
  for (const [k, loss] of losses.entries()) {
    counters[counter.round] = k;
    counters[counter.recorded] = k + 1;
    const outcome = judge({ stop: { diverged, ...stop }, rounds: 100 } as Experiment, counters, { loss }, finite(k));
    if (outcome !== null) return [outcome, k];
  }
  return null;
}

describe('diverged', () => {
  test('it is said at once of numbers that are not finite', () => {
    expect(endOf({}, [1, 1, 1], (k) => k < 2)).toEqual(['diverged', 2]);
  });

  test('it is said above factor times the start at so many recorded rounds in a row', () => {
    expect(endOf({}, [1, 11, 11, 11, 11])).toEqual(['diverged', 3]);
    expect(endOf({}, [1, 11, 11, 9, 11, 11, 9])).toBeNull();
    expect(endOf({}, [1, 10, 10, 10, 10])).toBeNull();
    expect(endOf({}, [-1, -11, -11, -11])).toEqual(['diverged', 3]);
  });

  test('it is not said by a factor of a start at 0, which has no multiples', () => {
    expect(endOf({}, [0, 1e-9, 1e-9, 1e-9, 1e-9])).toBeNull();
  });
});

describe('target-reached', () => {
  test('it ends a run at the first point strictly below', () => {
    const target = { metric: 'loss', below: 0.5 } as const;
    expect(endOf({ target }, [1, 0.5, 0.4, 0.3])).toEqual(['target-reached', 2]);
    expect(endOf({ target }, [1, Number.NaN, 0.6])).toBeNull();
  });
});

describe('plateau', () => {
  const plateau = { metric: 'loss', recorded: 3, relative: 0.1 } as const;

  test('it is said after so many points without an improvement by that share', () => {
    expect(endOf({ plateau }, [1, 0.95, 0.94, 0.93])).toEqual(['plateau', 3]);
    expect(endOf({ plateau }, [1, 0.95, 0.8, 0.79, 0.78, 0.77])).toEqual(['plateau', 5]);
  });

  test('it is not said of slow progress that adds up to the share within the window', () => {
    expect(endOf({ plateau }, [1, 0.95, 0.89, 0.85, 0.79, 0.75, 0.7])).toBeNull();
  });

  test('it waits for the first value of a metric that has none yet', () => {
    expect(endOf({ plateau }, [Number.NaN, Number.NaN, 1, 0.8, 0.6, 0.5])).toBeNull();
  });
});

describe('the order of outcomes', () => {
  test('it prefers diverged to target-reached, and target-reached to completed and plateau', () => {
    const target = { metric: 'loss', below: 0.5 } as const;
    expect(endOf({ target }, [0.1], () => false)).toEqual(['diverged', 0]);
    const all = Array.from({ length: 100 }, () => 1);
    expect(endOf({ target }, [...all, 0.4])).toEqual(['target-reached', 100]);
    expect(endOf({ plateau: { metric: 'loss', recorded: 100, relative: 0.1 } }, [...all, 1])).toEqual(['completed', 100]);
  });
});

describe('a run', () => {
  const experiment = {
    ...tiny,
    method: { name: 'gradient-descent', stepSize: 0.5 },
    aggregator: { name: 'mean' },
    rounds: 40,
    metrics: { every: 5, names: ['loss', 'squared-gradient-norm'] },
  };

  test('it is judged at recorded rounds only', async () => {
    const { metrics } = await simulate(experiment);
    const below = (metrics['loss']![2]! + metrics['loss']![3]!) / 2;
    const stopped = await simulate({ ...experiment, stop: { target: { metric: 'loss', below } } });
    expect([stopped.outcome, stopped.rounds]).toEqual(['target-reached', 15]);
    expect(Array.from(stopped.recorded)).toEqual([0, 5, 10, 15]);
    expect(stopped.metrics['loss']).toEqual(metrics['loss']!.slice(0, 4));
    expect(stopped.resultHash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('it diverges as an outcome, with its numbers', async () => {
    const exploding = { ...experiment, problem: { name: 'quadratic', dimension: 4 }, data: undefined, partition: { name: 'homogeneous' } };
    const huge = await simulate({ ...exploding, method: { name: 'gradient-descent', stepSize: 1e200 } });
    expect([huge.outcome, huge.rounds]).toEqual(['diverged', 5]);
    expect(huge.resultHash).toMatch(/^[0-9a-f]{64}$/);
    const growing = await simulate({
      ...exploding,
      method: { name: 'gradient-descent', stepSize: 4 },
      stop: { diverged: { factor: 100, rounds: 2 } },
    });
    expect(growing.outcome).toBe('diverged');
    expect(growing.metrics['loss']!.slice(-2).every((loss) => loss > 100 * growing.metrics['loss']![0]!)).toBe(true);
    expect(growing.metrics['loss']!.at(-3)!).toBeLessThanOrEqual(100 * growing.metrics['loss']![0]!);
  });

  test('it refuses to look at a metric it does not record', async () => {
    await expect(simulate({ ...experiment, stop: { target: { metric: 'optimality-gap', below: 1 } } })).rejects.toThrow(
      /MARINADE_CONFIG_INVALID.*'optimality-gap'/,
    );
  });
});
