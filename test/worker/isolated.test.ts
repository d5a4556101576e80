import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeOf, type MarinadeError } from '../../src/shared/errors.ts';
import { IsolatedExecutor } from '../../src/worker/isolated.ts';
import { failureOf } from '../orchestrator/ledger/support.ts';
import { watchRounds } from './rounds-under-way.ts';
import { carry, harmful, harmfulStudy, jobOf, makePool, runsOf } from './support.ts';

const roundsUnderWay = watchRounds();
const executor = (): IsolatedExecutor => new IsolatedExecutor({ data: { offline: true }, strategyModules: [harmful] });
const harm = async (how: string, at: number, changes = {}) => (await runsOf(harmfulStudy('rule', how, at, changes), [harmful]))[0]!;
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a process of its own for each job', () => {
  test('it computes what a pool computes, job by job', async () => {
    const run = await harm('behave', 1);
    const pool = makePool(1, { plan: 'inline', strategyModules: [harmful] });
    expect((await carry(run, executor(), 25)).resultHash).toBe((await carry(run, pool)).resultHash);
  });

  test('it returns what a strategy throws: that is no death', async () => {
    const failure = await failureOf(executor().execute(jobOf(await harm('throw', 3))));
    expect(codeOf(failure)).toBe('MARINADE_EXECUTION_FAILED');
    expect(failure.message).toContain('as it was told');
    expect(failure.details).not.toHaveProperty('witnessed');
  });

  test('it witnesses a death by a signal, and keeps the last words', async () => {
    const failure = await failureOf(executor().execute(jobOf(await harm('kill', 3))));
    expect(codeOf(failure)).toBe('MARINADE_EXECUTION_WORKER_LOST');
    expect(failure.message).toContain('signal SIGKILL');
    expect(failure.details).toMatchObject({ witnessed: true, signal: 'SIGKILL' });
  });

  test('it witnesses the end of a thread: exit code and run', async () => {
    const run = await harm('exit', 3);
    const failure = (await failureOf(executor().execute(jobOf(run)))) as unknown as MarinadeError;
    expect(failure.code).toBe('MARINADE_EXECUTION_WORKER_LOST');
    expect(failure.message).toContain(`run ${run.runKey.slice(0, 12)}, alone in a process of its own`);
    expect(failure.details['witnessed']).toBe(true);
  });

  test('it ends its processes when asked to stop, without a death on anybody', async () => {
    const isolated = executor();
    const failed = failureOf(isolated.execute(jobOf(await harm('dawdle', 5, { rounds: 1_000_000 }))));
    await roundsUnderWay();
    isolated.requestStop();
    expect(codeOf(await failed)).toBe('MARINADE_EXECUTION_INTERRUPTED');
    await isolated.close();
  });

  test('its processes end with this one, however that dies, in the middle of a job', async () => {
    const parent = spawn(process.execPath, [join(import.meta.dirname, 'isolated-parent.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
    await roundsUnderWay();
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = Number(said.toString());
    expect(isAlive(child)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'close');
    for (let i = 0; i < 100 && isAlive(child); i++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isAlive(child)).toBe(false);
  });
});
