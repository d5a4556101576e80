/** Runs that kill what computes them: they end quarantined with a reason, and no other run suffers. Faults 15 and 16. */
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openLedgerReader } from '../../src/orchestrator/ledger/open-ledger.ts';
import type { AttemptRow, StudyRun } from '../../src/shared/contracts/ledger.ts';
import { type Ended, newFolder, writeStudy } from '../cli/harness.ts';
import { harmful } from '../worker/support.ts';
import { Commands, leftovers } from './one-machine-harness.ts';

const { folder: cwd, remove } = newFolder();
afterAll(remove);

/** One poison among three runs that behave; it comes first, so that the others are under way when it strikes. */
const study = (poison: string): string => `study: poisoned
experiment:
  problem: { name: quadratic, dimension: 8, heterogeneity: 1 }
  clients: { total: 6, byzantine: 1 }
  method: { name: gradient-descent, stepSize: 0.1 }
  aggregator: { name: mean }
  attack: { name: bit-flip }
  rounds: 40
  metrics: { every: 10, names: [loss] }
parameters:
  ${poison}
`;
const inRule = (how: string): string =>
  `aggregator: [{ name: harmful-mean, how: ${how}, at: 20 }, { name: mean }, { name: coordinate-median }, { name: harmful-mean, how: behave, at: 1 }]`;
const inClient = (how: string): string =>
  `method: [{ name: harmful-descent, how: ${how}, at: 20, stepSize: 0.1 }, { name: gradient-descent, stepSize: 0.1 }]`;

interface Poisoned {
  readonly ended: Ended;
  readonly runs: readonly StudyRun[];
  readonly attempts: readonly AttemptRow[];
}

/** Carries the study out with one command; what the ledger says then. */
async function carryOut(commands: Commands, results: string, poison: string, ...more: string[]): Promise<Poisoned> {
  writeStudy(cwd, study(poison), `${results}.yaml`);
  const ended = await commands.run([
    'run',
    `${results}.yaml`,
    '--results',
    results,
    '--threads',
    '2',
    '--strategies',
    harmful,
    '--quiet',
    ...more,
  ]);
  const ledger = await openLedgerReader(join(cwd, results));
  const [row] = await ledger.studies();
  const runs = await ledger.runs(row!.studyKey);
  const attempts = await ledger.attempts(runs[0]!.runKey);
  await ledger.close();
  return { ended, runs, attempts };
}

const outcomesOf = ({ runs }: Poisoned): (string | null)[] => runs.map(({ outcome }) => outcome);

describe('a run that kills its whole process', () => {
  test('it goes down twice with it, then alone, and is quarantined with its last words', async () => {
    const commands = new Commands({ cwd });
    for (const start of [1, 2]) {
      const { ended, attempts } = await carryOut(commands, 'kill', inRule('kill'));
      expect(ended.signal).toBe('SIGKILL');
      // Nobody could close the attempt; the next start buries it.
      expect(attempts.map(({ reason }) => reason)).toEqual([...Array(start - 1).fill('process died'), null]);
      expect(commands.living() ?? []).toEqual([]);
    }
    const last = await carryOut(commands, 'kill', inRule('kill'));
    expect(last.ended.status).toBe(3);
    expect(outcomesOf(last)).toEqual(['quarantined', 'completed', 'completed', 'completed']);
    const [poison, ...others] = last.runs;
    expect(poison!.failure).toMatchObject({ code: 'MARINADE_EXECUTION_WORKER_LOST', details: { signal: 'SIGKILL', witnessed: true } });
    expect(poison!.failure!.message).toContain('signal SIGKILL; its last words: harmful: farewell');
    expect(last.ended.stderr).toContain(`quarantined ${poison!.runKey.slice(0, 12)}: MARINADE_EXECUTION_WORKER_LOST`);
    expect(last.attempts.map(({ reason }) => reason)).toEqual(['process died', 'process died', expect.stringContaining('SIGKILL')]);
    expect(last.attempts.at(-1)!.worker).toContain('(isolated)');
    expect(others.every(({ resultHash }) => /^[0-9a-f]{64}$/.test(resultHash!))).toBe(true);
    expect(leftovers(join(cwd, 'kill'))).toEqual([]);

    // It stays what it is: nothing is tried again, nothing dies again.
    const again = await carryOut(commands, 'kill', inRule('kill'));
    expect(again.ended.status).toBe(3);
    expect(again.attempts).toHaveLength(last.attempts.length);
  });
});

describe('a run that ends its thread', () => {
  test.each([
    ['in the rule', inRule('exit'), ['quarantined', 'completed', 'completed', 'completed']],
    ['in a client', inClient('exit'), ['quarantined', 'completed']],
  ])('it is quarantined by one command: %s', async (_, poison, outcomes) => {
    for (const parallel of ['runs', 'clients']) {
      const results = `exit-${parallel}-${outcomes.length}`;
      const commands = new Commands({ cwd });
      const poisoned = await carryOut(commands, results, poison, '--parallel', parallel);
      expect(poisoned.ended.status).toBe(3);
      expect(outcomesOf(poisoned)).toEqual(outcomes);
      expect(poisoned.attempts).toHaveLength(3);
      expect(poisoned.runs[0]!.failure!.message).toContain('alone in a process of its own: a pool thread ended');
      expect(leftovers(join(cwd, results))).toEqual([]);
      expect(commands.living() ?? []).toEqual([]);
    }
  });

  test('it is told from one that has no memory left', async () => {
    const commands = new Commands({ cwd, env: { NODE_OPTIONS: '--max-old-space-size=96' } });
    const poisoned = await carryOut(commands, 'memory', inRule('memory'));
    expect(poisoned.ended.status).toBe(3);
    expect(outcomesOf(poisoned)).toEqual(['quarantined', 'completed', 'completed', 'completed']);
    expect(poisoned.runs[0]!.failure!.code).toBe('MARINADE_EXECUTION_OUT_OF_MEMORY');
    expect(leftovers(join(cwd, 'memory'))).toEqual([]);
  });
});

describe('a run that talks', () => {
  test('it does so on standard error: standard output is for results', async () => {
    for (const parallel of ['runs', 'inline']) {
      const { ended, runs } = await carryOut(new Commands({ cwd }), `talk-${parallel}`, inRule('talk'), '--parallel', parallel);
      expect(ended.status).toBe(0);
      expect(ended.stdout.trim().split('\n')).toEqual(runs.map(({ runKey }) => runKey));
      expect(ended.stderr).toContain('harmful: not a result');
    }
  });
});

describe('a run that throws', () => {
  test.each([
    ['in the rule', inRule('throw'), 'MARINADE_EXECUTION_FAILED', 'harmful: as it was told'],
    ['in a client', inClient('throw'), 'MARINADE_EXECUTION_FAILED', 'harmful: as it was told'],
    [
      'in the rule, something that cannot be sent',
      inRule('uncopyable'),
      'MARINADE_SHAPE_NON_FINITE',
      'harmful: details that no thread can send',
    ],
    ['because of a full disk of its own', inRule('full'), 'MARINADE_EXECUTION_FAILED', 'harmful: no space for notes of its own'],
    ['as if everything stopped', inClient('stop'), 'MARINADE_EXECUTION_FAILED', 'harmful: as if everything stopped'],
    ['as if a thread had died', inRule('lost'), 'MARINADE_EXECUTION_FAILED', 'harmful: as if a thread had died'],
    [
      'with more words than anybody reads',
      inRule('vast'),
      'MARINADE_EXECUTION_FAILED',
      `harmful: ${'x'.repeat(3991)} (49996009 more characters)`,
    ],
    ['what nobody can read', inRule('riddle'), 'MARINADE_EXECUTION_FAILED', 'a value that cannot be described was thrown'],
    ['because a thread may not abort', inRule('abort'), 'MARINADE_EXECUTION_FAILED', 'process.abort() is not supported in workers'],
  ])('it fails at once with its code; the others complete: %s', async (what, poison, code, message) => {
    for (const parallel of ['runs', 'clients']) {
      const poisoned = await carryOut(new Commands({ cwd }), `${what.replaceAll(/\W/g, '-')}-${parallel}`, poison, '--parallel', parallel);
      expect(poisoned.ended.status).toBe(3);
      const [failed, ...others] = poisoned.runs;
      expect(failed).toMatchObject({ outcome: 'failed', resultHash: null, failure: { code } });
      expect(failed!.failure!.message).toContain(message);
      expect(poisoned.attempts).toHaveLength(1);
      expect(others.every(({ outcome }) => outcome === 'completed')).toBe(true);
      expect(poisoned.ended.stderr).toContain(`failed ${failed!.runKey.slice(0, 12)}: ${code}: ${message}`);
    }
  });

  test('it is tried again by the same command, and fails again: a failure may have been of the moment', async () => {
    const commands = new Commands({ cwd });
    await carryOut(commands, 'again', inRule('throw'));
    const again = await carryOut(commands, 'again', inRule('throw'));
    expect(again.ended.status).toBe(3);
    expect(again.attempts).toHaveLength(2);
  });
});
