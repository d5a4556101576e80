import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planStudy, simulate } from '../../src/index.ts';
import { tiny, tinyFile } from '../support/tiny.ts';

const study = `
study: small
experiment:
  problem: { name: logistic-regression, l2: 0.05 }
  data: { file: tiny.libsvm, dimension: 6 }
  clients: { total: 8, byzantine: 3 }
  method: { name: sgd, stepSize: 0.1, batchSize: 2 }
  aggregator: { name: mean }
  rounds: 4
parameters:
  aggregator.name: [mean, coordinate-median, krum]
  attack: [{ name: none }, { name: bit-flip }]
seeds: 0..2
exclude: [{ aggregator.name: krum, attack.name: none }]
infeasible: drop
`;
const baseDirectory = dirname(tinyFile);

describe('planStudy', () => {
  test('it gives the cells, the runs of every seed, and what was dropped and why', async () => {
    const plan = await planStudy(study, { baseDirectory });
    expect(plan.cells.map(({ parameters }) => [parameters['aggregator.name'], (parameters['attack'] as { name: string }).name])).toEqual([
      ['mean', 'none'],
      ['mean', 'bit-flip'],
      ['coordinate-median', 'none'],
      ['coordinate-median', 'bit-flip'],
    ]);
    expect(plan.runs).toHaveLength(12);
    expect(plan.runs.map(({ seed }) => seed).slice(0, 4)).toEqual([0, 1, 2, 0]);
    expect(plan.dropped.map(({ why }) => why)).toEqual(['exclude', expect.stringContaining('krum with n-f-2 neighbours needs n > 2f + 2')]);
  });

  test('it gives a run the key that simulate gives it, wherever its data stand', async () => {
    const plan = await planStudy(study, { baseDirectory });
    const { runKey } = await simulate({
      ...tiny,
      partition: { name: 'homogeneous' },
      method: { name: 'sgd', stepSize: 0.1, batchSize: 2 },
      aggregator: { name: 'mean' },
      rounds: 4,
      seed: 1,
    });
    expect(plan.runs[1]!.runKey).toBe(runKey);
  });

  test('it refuses what only the data tell, and a clipping level without its constants', async () => {
    const lines: readonly (readonly [string, RegExp])[] = [
      ['compressor: { name: rand-k, k: 7 }', /UNSUPPORTED.*k <= d; got k = 7, d = 6/],
      ['start: { name: explicit, values: [1, 2] }', /INVALID.*d = 6 numbers; got 2/],
      ['metrics: { names: [test-accuracy] }', /UNSUPPORTED.*needs a test set/],
    ];
    for (const [line, message] of lines) {
      const text = study.replace('  rounds: 4\n', `  rounds: 4\n  ${line}\n`).replace('infeasible: drop\n', '');
      await expect(planStudy(text.replace(/, krum]/, ']').replace(/exclude.*\n/, ''), { baseDirectory }), line).rejects.toThrow(message);
    }
  });

  test('it points at the place of a mistake', async () => {
    await expect(planStudy(study.replace('stepSize', 'stepsize'), { baseDirectory })).rejects.toThrow(
      /study:7:\d+.*(\n.*)*did you mean 'stepSize'\?/,
    );
    await expect(planStudy(study, { baseDirectory: '/nowhere' })).rejects.toThrow(/MARINADE_DATA_MISSING/);
  });
});
