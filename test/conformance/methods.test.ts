/** What every method must do, run for each registered one with each set of parameters of `support/strategies.ts`. */
import { describe, expect, test } from 'vitest';
import { catalog } from '../../src/algorithm/catalog.ts';
import { compile } from '../../src/algorithm/engine/compile.ts';
import { answerTask, type Gather } from '../../src/algorithm/engine/gather.ts';
import { Simulation, type SimulationEnvironment } from '../../src/algorithm/engine/simulation.ts';
import { plainArena } from '../../src/algorithm/kernels/plain-arena.ts';
import { simulate } from '../../src/index.ts';
import { instantiate } from '../../src/shared/contracts/strategy.ts';
import { resolveExperiment } from '../../src/simulate.ts';
import { everyChoice, testDefinitions } from '../support/strategies.ts';

const { methods } = catalog;
const ROUNDS = 20;

/** Sampled cohorts with liars that look at everybody, and a rule that remembers. */
const hostile = {
  problem: { name: 'quadratic', dimension: 7, heterogeneity: 0.5, strongConvexity: 0.2 },
  clients: { total: 9, byzantine: 2 },
  participation: { name: 'uniform', cohort: 4, largeCohort: 7 },
  aggregator: { name: 'centered-clipping', radius: 0.5, preAggregators: [{ name: 'bucketing', size: 2 }] },
  attack: { name: 'inner-product-manipulation' },
  rounds: ROUNDS,
};

function simulationOf(experiment: Readonly<Record<string, unknown>>, environment: Partial<SimulationEnvironment> = {}): Simulation {
  const compiled = compile(resolveExperiment(experiment), catalog);
  const simulation = new Simulation({ compiled, data: undefined, testData: undefined, arena: plainArena(), optimum: null, ...environment });
  simulation.begin();
  return simulation;
}

/** x^k and g^k of every round. */
function trajectory(simulation: Simulation): number[][] {
  const iterates = [[...simulation.x, ...simulation.g]];
  while (simulation.k < ROUNDS) {
    simulation.advance();
    iterates.push([...simulation.x, ...simulation.g]);
  }
  return iterates;
}

testDefinitions(methods, 'methods');

describe.each(everyChoice(methods))('%s', (_, method) => {
  const clippings = [{ name: 'none' }, { name: 'fixed', level: 0.2 }];
  const expected = trajectory(simulationOf({ ...hostile, method }));

  test('its phases have names of their own, and are asked with the vectors they declare', () => {
    const { phases } = instantiate(methods, method, undefined);
    expect(new Set(phases.map(({ name }) => name)).size).toBe(phases.length);
    const checked: NonNullable<SimulationEnvironment['gather']> =
      ({ clientSide }): Gather =>
      (request, tasks, rows) => {
        expect(simulation.compiled.method.phases).toContain(request.phase);
        expect(Object.keys(request.vectors).sort()).toEqual([...request.phase.request].sort());
        for (const vector of Object.values(request.vectors)) expect(vector).toHaveLength(7);
        for (let t = 0; t < tasks.count; t++) answerTask(clientSide, request, tasks, t, rows);
      };
    const compiled = compile(resolveExperiment({ ...hostile, method }), catalog);
    const simulation = new Simulation({
      compiled,
      data: undefined,
      testData: undefined,
      arena: plainArena(),
      optimum: null,
      gather: checked,
    });
    simulation.begin();
    expect(trajectory(simulation)).toEqual(expected);
  });

  test('it gives the same bits in whatever order its clients answer', () => {
    const reversed: NonNullable<SimulationEnvironment['gather']> =
      ({ clientSide }): Gather =>
      (request, tasks, rows) => {
        for (let t = tasks.count - 1; t >= 0; t--) answerTask(clientSide, request, tasks, t, rows);
      };
    expect(trajectory(simulationOf({ ...hostile, method }, { gather: reversed }))).toEqual(expected);
  });

  test('it reads one copy of its state, writes all of the other, and leaves the first as it was', () => {
    const simulation = simulationOf({ ...hostile, method });
    for (let k = 0; k < ROUNDS; k++) {
      const [x, g] = [simulation.x, simulation.g];
      const before = [...x, ...g];
      const { state, next } = simulation.memory;
      for (const other of Object.values(x === state.x ? next : state)) other.fill(Number.NaN);
      simulation.advance();
      expect([...x, ...g]).toEqual(before);
      expect([...simulation.x, ...simulation.g]).toEqual(expected[k + 1]);
    }
  });

  test('it goes on from a checkpoint at any round', () => {
    const simulation = simulationOf({ ...hostile, method });
    for (let k = 0; k < ROUNDS; k++) {
      const restored = simulationOf({ ...hostile, method });
      restored.restore(simulation.checkpoint());
      simulation.advance();
      restored.advance();
      expect([...restored.x, ...restored.g]).toEqual(expected[k + 1]);
    }
  });

  test('it keeps g in a round to which nobody comes, clipped or not', () => {
    for (const clipping of clippings) {
      const draws = { cohort: (k: number) => (k % 2 === 0 ? [] : [0, 1, 2]) };
      const iterates = trajectory(simulationOf({ ...hostile, method, clipping }, { draws })).map((values) => values.slice(7));
      for (let k = 2; k <= ROUNDS; k += 2) expect(iterates[k], `g^${k}`).toEqual(iterates[k - 1]);
      expect(iterates.at(-1)).not.toEqual(iterates[0]);
    }
  });

  test('it finds the minimum of a quadratic with honest clients', async () => {
    const easy = {
      ...hostile,
      clients: { total: 3 },
      participation: { name: 'full' },
      aggregator: { name: 'mean' },
      attack: { name: 'none' },
    };
    const { metrics } = await simulate({ ...easy, method, rounds: 400, metrics: { every: 400, names: ['optimality-gap'] } });
    const [first, last] = metrics['optimality-gap']!;
    expect(last).toBeLessThan(1e-6 * first!);
  });

  test('it costs what its phases say', async () => {
    const { metrics } = await simulate({ ...hostile, method, metrics: { every: 1, names: ['gradient-evaluations', 'uplink-bits'] } });
    for (const name of ['gradient-evaluations', 'uplink-bits'] as const) {
      const costs = Array.from(metrics[name]!);
      expect(costs.every((cost, k) => k === 0 || cost >= costs[k - 1]!)).toBe(true);
      expect(costs.at(-1)).toBeGreaterThan(0);
    }
  });
});
