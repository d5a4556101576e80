import { describe, expect, test } from 'vitest';
import { catalog } from '../../../src/algorithm/catalog.ts';
import { compile } from '../../../src/algorithm/engine/compile.ts';
import { Simulation } from '../../../src/algorithm/engine/simulation.ts';
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import { resolveExperiment } from '../../../src/simulate.ts';

/** Every kind of memory: momenta of clients, a rule that remembers, counters, two copies of the state. */
const experiment = resolveExperiment({
  problem: { name: 'quadratic', dimension: 11, heterogeneity: 1 },
  clients: { total: 6, byzantine: 1 },
  participation: { name: 'bernoulli', probability: 0.4 },
  method: { name: 'client-momentum', stepSize: 0.2, batchSize: 1 },
  aggregator: { name: 'centered-clipping', radius: 0.5, preAggregators: [{ name: 'bucketing', size: 2 }] },
  attack: { name: 'a-little-is-enough' },
  rounds: 30,
  metrics: { every: 4, names: ['loss', 'injected-error', 'uplink-bits'] },
  stop: { plateau: { metric: 'loss', recorded: 20 } },
});

function fresh(): Simulation {
  return new Simulation({
    compiled: compile(experiment, catalog),
    data: undefined,
    testData: undefined,
    arena: plainArena(),
    optimum: null,
  });
}

function toTheEnd(simulation: Simulation): { x: number[]; g: number[]; block: number[]; notes: Record<string, number> } {
  let outcome = null;
  while (outcome === null) outcome = simulation.advance();
  expect(outcome).toBe('completed');
  return { x: [...simulation.x], g: [...simulation.g], block: [...simulation.checkpoint()], notes: simulation.notes() };
}

describe('a simulation', () => {
  const whole = fresh();
  whole.begin();
  const expected = toTheEnd(whole);
  const points = whole.takePoints();

  // Odd and even rounds: the state of a round is in one copy or in the other.
  test.each([0, 1, 7, 8, 29])('it goes on from its checkpoint at round %i as if it had not stopped', (round) => {
    const first = fresh();
    first.begin();
    while (first.k < round) first.advance();
    const before = first.takePoints();
    const checkpoint = first.checkpoint();
    first.advance();

    const second = fresh();
    second.restore(checkpoint);
    expect(second.k).toBe(round);
    expect(second.checkpoint()).toEqual(checkpoint);
    expect(toTheEnd(second)).toEqual(expected);
    const after = second.takePoints();
    expect(after.first).toBe(before.count);
    expect(before.count + after.count).toBe(points.count);
    for (const name of experiment.metrics.names) {
      expect([...before.columns[name]!, ...after.columns[name]!]).toEqual([...points.columns[name]!]);
    }
  });

  test('it goes back to an earlier checkpoint of its own', () => {
    const simulation = fresh();
    simulation.begin();
    for (let k = 0; k < 5; k++) simulation.advance();
    const checkpoint = simulation.checkpoint();
    for (let k = 0; k < 6; k++) simulation.advance();
    simulation.restore(checkpoint);
    expect(toTheEnd(simulation)).toEqual(expected);
  });

  test('it refuses the checkpoint of another experiment', () => {
    expect(() => fresh().restore(new Float64Array(8))).toThrow(/MARINADE_STORAGE_CHECKPOINT/);
  });
});
