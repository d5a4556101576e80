/** The main job on real data, at length: plans, cuts and twenty kills on a9a, and a sweep whose memory stays flat. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, jsonOf, newFolder, type StudyObject, writeStudy } from '../cli/harness.ts';
import { Commands, leftovers, resultsOf } from '../integration/one-machine-harness.ts';
import { randomFrom } from '../orchestrator/ledger/runs.ts';
import { dataDirectory } from '../support/data.ts';
import { carry, makePool, runsOf } from '../worker/support.ts';

const seed = Number(process.env['MARINADE_TEST_SEED'] ?? Math.floor(Math.random() * 1e6));
const experiment = (rounds: number) => ({
  problem: { name: 'logistic-regression', l2: 0.01 },
  data: { name: 'a9a', normalize: 'rows' },
  clients: { total: 20, byzantine: 5 },
  participation: { name: 'uniform', cohort: 4, largeCohort: 20 },
  method: { name: 'byz-vr-marina-pp', stepSize: 0.1, refresh: { every: 1000 }, batchSize: 32 },
  aggregator: { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] },
  attack: { name: 'shift-back' },
  rounds,
  metrics: { every: 100, names: ['optimality-gap', 'squared-gradient-norm', 'byzantine-majority'] },
});
const study = {
  study: 'a9a',
  experiment: experiment(10_000),
  parameters: {
    clipping: [{ name: 'none' }, { name: 'step-proportional', factor: 1 }, { name: 'step-proportional', factor: 0.1 }],
    'method.batches': ['independent', 'shared'],
  },
  seeds: '0..2',
};

describe.skipIf(dataDirectory() === undefined)(`a9a on one machine (MARINADE_TEST_SEED=${seed})`, () => {
  const { folder: cwd, remove } = newFolder();
  afterAll(remove);
  const commands = new Commands({ cwd, env: { MARINADE_DATA_DIR: dataDirectory() ?? '' }, limitMs: 600_000 });
  const run = (results: string, ...more: string[]): string[] => ['run', 'study.yaml', '--results', results, '--quiet', '--json', ...more];
  let expected: ReturnType<typeof resultsOf>;
  beforeAll(async () => {
    writeStudy(cwd, JSON.stringify(study));
    const ended = await commands.run(run('reference', '--threads', '2'));
    expect(ended.status).toBe(0);
    expected = resultsOf(jsonOf<StudyObject>(ended));
    expect(Object.keys(expected)).toHaveLength(18);
  }, 600_000);

  test.each([
    ['--threads', '1', '--parallel', 'runs', '--rounds-per-job', '7'],
    ['--threads', '2', '--parallel', 'runs', '--rounds-per-job', '1000'],
    ['--threads', '2', '--parallel', 'clients', '--rounds-per-job', 'auto'],
    ['--threads', '1', '--parallel', 'inline', '--rounds-per-job', 'auto'],
  ])(
    'it has the same hashes with %s %s %s %s %s %s',
    async (...options) => {
      const ended = await commands.run(run(options.join('_'), ...options));
      expect(ended.status).toBe(0);
      expect(resultsOf(jsonOf<StudyObject>(ended))).toEqual(expected);
    },
    600_000,
  );

  test('it has the same hashes after twenty kills at random moments, each followed by the same command', async () => {
    const uniform = randomFrom(seed);
    let killed = 0;
    for (let i = 0; i < 20; i++) {
      const running = commands.start(run('killed', '--threads', '2'));
      await Promise.race([running.ended, pause(200 + 2500 * uniform())]);
      running.child.kill('SIGKILL');
      if ((await running.ended).signal === 'SIGKILL') killed++;
    }
    const ended = await commands.run(run('killed', '--threads', '2'));
    expect(ended.status).toBe(0);
    expect(resultsOf(jsonOf<StudyObject>(ended))).toEqual(expected);
    expect(killed).toBeGreaterThanOrEqual(10);
    expect(leftovers(join(cwd, 'killed'))).toEqual([]);
    await eventually(() => (commands.living() ?? []).length === 0, 'the end of every process');
  }, 600_000);
});

describe('a sweep of 200 runs', () => {
  test('it holds no more shared memory at its end than after its first runs', async () => {
    const pool = makePool(2);
    const adult = { ...experiment(200), data: { name: 'synthetic-adult', normalize: 'rows' }, metrics: { every: 100, names: ['loss'] } };
    const runs = await runsOf({ study: 'sweep', experiment: adult, seeds: '0..199' }, [], pool);
    const used: number[] = [];
    for (let i = 0; i < runs.length; i += 4) {
      await Promise.all(runs.slice(i, i + 4).map((run) => carry(run, pool, 70)));
      used.push(pool.sharedBytes);
    }
    await pool.close();
    // Each of two threads keeps two runs warm at most.
    expect(Math.max(...used.slice(5))).toBeLessThanOrEqual(Math.max(...used.slice(0, 5)));
  }, 600_000);
});
