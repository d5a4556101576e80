/** The main job on one machine: the same results however they are computed, interrupted, killed or copied. */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openLedgerReader } from '../../src/orchestrator/ledger/open-ledger.ts';
import type { Plan } from '../../src/orchestrator/plan/plan-study.ts';
import { eventually, jsonOf, newFolder, type StudyObject, temporaryFolder, writeStudy } from '../cli/harness.ts';
import { mountProblem, mountTmpfs, remountReadOnly, unmountAll } from '../orchestrator/ledger/processes.ts';
import { randomFrom } from '../orchestrator/ledger/runs.ts';
import { hasCheckpoint } from '../support/stored-checkpoints.ts';
import { Commands, carryOutOn, type Execution, leftovers, resultsOf } from './one-machine-harness.ts';
import { hashesOf, planOf } from './queue-harness.ts';

const study = (rounds: number): string => `study: one-machine
experiment:
  problem: { name: quadratic, dimension: 30, heterogeneity: 1 }
  clients: { total: 10, byzantine: 3 }
  participation: { name: uniform, cohort: 4, largeCohort: 10 }
  method: { name: byz-vr-marina-pp, stepSize: 0.1, refresh: { probability: 0.05 }, batchSize: 1 }
  clipping: { name: step-proportional, factor: 1 }
  aggregator: { name: centered-clipping }
  rounds: ${rounds}
  metrics: { every: ${Math.max(1, Math.floor(rounds / 100))}, names: [loss, squared-gradient-norm, clipped-fraction] }
parameters:
  attack.name: [inner-product-manipulation, shift-back]
seeds: 0..1
`;

describe('one study, however it is computed', () => {
  const { folder, remove } = newFolder();
  afterAll(remove);
  let plan: Plan;
  let expected: ReturnType<typeof hashesOf>;
  beforeAll(async () => {
    plan = await planOf(study(60));
    expected = hashesOf(await carryOutOn(plan, folder, { threads: 1, parallel: 'runs', roundsPerJob: 'auto' }));
  });

  const executions: Execution[] = ([1, 2] as const).flatMap((threads) =>
    (['runs', 'clients', 'inline'] as const).flatMap((parallel) =>
      ([1, 7, 'auto'] as const).map((roundsPerJob) => ({ threads, parallel, roundsPerJob })),
    ),
  );

  const byReference: Execution[] = (['runs', 'clients'] as const).map((parallel) => ({
    threads: 2,
    parallel,
    roundsPerJob: 7,
    kernels: 'reference',
  }));

  test.each(
    [...executions.filter(({ threads, parallel }) => threads === 2 || parallel !== 'inline'), ...byReference].map((one) => [one] as const),
  )('it has the same hashes with %j', async (execution) => {
    expect(Object.values(expected)).toEqual(Array(4).fill(expect.stringMatching(/^[0-9a-f]{64}$/)));
    expect(hashesOf(await carryOutOn(plan, temporaryFolder(), execution))).toEqual(expected);
  });
});

describe('one study, however it is interrupted', () => {
  const { folder: cwd, remove } = newFolder();
  afterAll(remove);
  const commands = new Commands({ cwd });
  const run = (results: string, ...more: string[]): string[] => [
    ...['run', 'study.yaml', '--results', results, '--threads', '2', '--rounds-per-job', '1500', '--quiet', '--json'],
    ...more,
  ];
  let expected: ReturnType<typeof resultsOf>;
  beforeAll(async () => {
    writeStudy(cwd, study(60_000));
    const ended = await commands.run(run('reference'));
    expect(ended.status).toBe(0);
    expected = resultsOf(jsonOf<StudyObject>(ended));
  });

  test('it has the same results after 20 kills at random moments, each followed by the same command', async () => {
    const uniform = randomFrom(20_251_128);
    let killed = 0;
    for (let i = 0; i < 20; i++) {
      const running = commands.start(run('killed'));
      await Promise.race([running.ended, pause(200 + 900 * uniform())]);
      running.child.kill('SIGKILL');
      if ((await running.ended).signal === 'SIGKILL') killed++;
    }
    const ended = await commands.run(run('killed'));
    expect(ended.status).toBe(0);
    expect(resultsOf(jsonOf<StudyObject>(ended))).toEqual(expected);
    // Kills that come after the study is finished prove nothing.
    expect(killed).toBeGreaterThanOrEqual(10);
    expect(leftovers(join(cwd, 'killed'))).toEqual([]);
    expect(commands.living() ?? []).toEqual([]);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('it stops on %s with a checkpoint and nothing left open, and goes on with the same command', async (signal, status) => {
    const results = `stopped-by-${signal}`;
    const running = commands.start(run(results));
    await eventually(() => hasCheckpoint(join(cwd, results)), 'a commit');
    running.child.kill(signal);
    const stopped = await running.ended;
    expect(stopped.status).toBe(status);
    expect(stopped.stderr).toContain('the same command goes on with them');
    expect(leftovers(join(cwd, results))).toEqual([]);
    const ledger = await openLedgerReader(join(cwd, results));
    const [row] = await ledger.studies();
    const runs = await ledger.runs(row!.studyKey);
    await ledger.close();
    // Interrupted is not dead: nobody has a death on its account.
    expect(runs.map(({ state, deaths }) => [state, deaths])).not.toContainEqual(['running', expect.anything()]);
    expect(runs.every(({ deaths }) => deaths === 0)).toBe(true);
    expect(runs.some(({ committedRound, state }) => committedRound > 0 && state === 'queued')).toBe(true);
    const ended = await commands.run(run(results));
    expect(resultsOf(jsonOf<StudyObject>(ended))).toEqual(expected);
  });

  test('a second orchestrator on the same folder is refused, naming the first', async () => {
    const first = commands.start(run('contested'));
    await eventually(() => existsSync(join(cwd, 'contested', 'owner.json')), 'an owner');
    const second = await commands.run(run('contested'));
    expect(second.status).toBe(5);
    expect(second.stdout).toBe('');
    expect(second.stderr).toMatch(new RegExp(`MARINADE_STORAGE_OWNED: .*contested is owned by process ${first.child.pid} on `));
    const ended = await first.ended;
    expect(ended.status).toBe(0);
    expect(resultsOf(jsonOf<StudyObject>(ended))).toEqual(expected);
  });

  describe('and its results folder', () => {
    afterEach(unmountAll);
    const show = async (results: string): Promise<unknown> =>
      resultsOf(jsonOf<StudyObject>(await commands.run(['show', 'one-machine', '--results', results, '--json'])));

    test('it can be copied', async () => {
      cpSync(join(cwd, 'reference'), join(cwd, 'copy'), { recursive: true });
      expect(await show('copy')).toEqual(expected);
      expect(leftovers(join(cwd, 'copy'))).toEqual([]);
    });

    test('it can be read from media that cannot be written', async ({ skip }) => {
      const problem = mountProblem();
      if (problem !== undefined) {
        process.stderr.write(`skipped: read-only media; ${problem}\n`);
        skip();
      }
      const mount = mountTmpfs(4096);
      cpSync(join(cwd, 'reference'), mount, { recursive: true });
      remountReadOnly(mount);
      expect(await show(mount)).toEqual(expected);
    });
  });

  test('it is known to be finished: the same command computes nothing', async () => {
    const ended = await commands.run(run('reference', '--offline'));
    expect(resultsOf(jsonOf<StudyObject>(ended))).toEqual(expected);
    const ledger = await openLedgerReader(join(cwd, 'reference'));
    const attempts = await Promise.all(Object.keys(expected).map((runKey) => ledger.attempts(runKey)));
    await ledger.close();
    expect(attempts.map(({ length }) => length)).toEqual(Array(4).fill(1));
    expect(attempts.flat().map(({ worker }) => worker)).toEqual(Array(4).fill(expect.stringMatching(/^\S+\/\d+ auto x2 wasm$/)));
  });
});

describe('one run on several threads', () => {
  test('it computes its clients on all of them once its rounds are found long, and says so', async () => {
    const cwd = temporaryFolder();
    writeStudy(
      cwd,
      `study: long-rounds
experiment:
  problem: { name: quadratic, dimension: 200000 }
  clients: { total: 4, byzantine: 0 }
  method: { name: gradient-descent, stepSize: 0.1 }
  aggregator: { name: mean }
  rounds: 12
  metrics: { every: 12, names: [loss] }
`,
    );
    const ended = await new Commands({ cwd }).run(['run', 'study.yaml', '--threads', '2', '--json', '--rounds-per-job', '4']);
    expect(ended.status).toBe(0);
    const ledger = await openLedgerReader(join(cwd, 'marinade-results'));
    const commits = (await ledger.events(0)).filter(({ kind }) => kind === 'round-job:commit');
    expect(commits.map(({ data }) => data['threads'])).toEqual([1, 2, 2]);
    await ledger.close();
  });
});
