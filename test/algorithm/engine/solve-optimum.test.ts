import { describe, expect, test } from 'vitest';
import { catalog } from '../../../src/algorithm/catalog.ts';
import { compile } from '../../../src/algorithm/engine/compile.ts';
import { createProblem } from '../../../src/algorithm/engine/simulation.ts';
import { type Optimum, solveOptimum } from '../../../src/algorithm/engine/solve-optimum.ts';
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import { simulate } from '../../../src/index.ts';
import type { Objective } from '../../../src/shared/contracts/problem.ts';
import { resolveExperiment } from '../../../src/simulate.ts';
import { loadDataset } from '../../../src/worker/data/load.ts';
import { dataDirectory } from '../../support/data.ts';
import { tiny } from '../../support/tiny.ts';

const base = { method: { name: 'gradient-descent', stepSize: 1 }, aggregator: { name: 'mean' }, rounds: 0 };

async function optimumOf(experiment: Readonly<Record<string, unknown>>): Promise<Optimum> {
  const resolved = resolveExperiment({ ...base, ...experiment });
  const arena = plainArena();
  const loaded = resolved.data === undefined ? undefined : await loadDataset(resolved.data, { dataDirectory: dataDirectory(), arena });
  return solveOptimum(createProblem(compile(resolved, catalog), loaded?.data, undefined, arena).objective);
}

describe('f*', () => {
  test('it is where gradient descent ends, with a gradient of rounding size', async () => {
    const { value, gradientNorm } = await optimumOf(tiny);
    const { metrics } = await simulate({
      ...base,
      ...tiny,
      clients: { total: 5 },
      rounds: 3000,
      metrics: { every: 3000, names: ['loss'] },
    });
    expect(Math.abs(metrics['loss']!.at(-1)! - value)).toBeLessThan(1e-15);
    expect(gradientNorm).toBeLessThan(1e-15);
  });

  test('it is that of the normal equations for least squares', async () => {
    const { value, gradientNorm } = await optimumOf({ ...tiny, problem: { name: 'least-squares', l2: 0.05 } });
    const { metrics } = await simulate({
      ...base,
      ...tiny,
      problem: { name: 'least-squares', l2: 0.05 },
      clients: { total: 5 },
      method: { name: 'gradient-descent', stepSize: 0.4 },
      rounds: 3000,
      metrics: { every: 3000, names: ['loss'] },
    });
    expect(Math.abs(metrics['loss']!.at(-1)! - value)).toBeLessThan(1e-15);
    expect(gradientNorm).toBeLessThan(1e-15);
  });

  test('it is known of a quadratic, heterogeneous or not', async () => {
    const same = await optimumOf({ problem: { name: 'quadratic', dimension: 5 }, clients: { total: 4 } });
    expect(same).toEqual({ value: 0, gradientNorm: 0, iterations: 0, method: 'closed-form' });
    const problem = { name: 'quadratic', dimension: 5, heterogeneity: 2, strongConvexity: 0.5 };
    const { metrics } = await simulate({
      ...base,
      problem,
      clients: { total: 4 },
      rounds: 200,
      metrics: { every: 200, names: ['optimality-gap'] },
    });
    // f* is 3 or so, and the gap a difference of two such numbers.
    expect(Math.abs(metrics['optimality-gap']!.at(-1)!)).toBeLessThan(1e-14);
  });

  test('it is refused, not approximated, where no minimum is reached', async () => {
    const falling: Objective = {
      d: 1,
      convex: true,
      loss: ([x]) => x!,
      lossAndGradient([x], out) {
        out[0] = 1;
        return x!;
      },
      hessianAt: () => (_v, out) => void out.fill(0),
    };
    expect(() => solveOptimum(falling)).toThrow(/MARINADE_PRECONDITION_UNKNOWN_CONSTANT.*gradient norm 1 /);
    await expect(optimumOf({ ...tiny, problem: { ...tiny.problem, nonConvex: 0.1 } })).rejects.toThrow(
      /MARINADE_PRECONDITION_UNKNOWN_CONSTANT.*convex/,
    );
  });

  test.skipIf(dataDirectory() === undefined)('it is 0.487100159001288 on a9a with unit rows and l2 = 0.01', async () => {
    const a9a = {
      problem: { name: 'logistic-regression', l2: 0.01 },
      data: { name: 'a9a', normalize: 'rows' },
      clients: { total: 20, byzantine: 5 },
    };
    const { value, gradientNorm } = await optimumOf(a9a);
    expect(Math.abs(value - 0.487100159001288)).toBeLessThan(5e-16);
    expect(gradientNorm).toBeLessThan(1e-15);
  });
});
