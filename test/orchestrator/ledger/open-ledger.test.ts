import { afterEach, describe, expect, test } from 'vitest';
import { openLedger } from '../../../src/orchestrator/ledger/open-ledger.ts';
import { endChildren, startChild } from './processes.ts';
import { jobResult, plannedStudy } from './runs.ts';
import { failureOf, temporaryFolder } from './support.ts';

afterEach(endChildren);

describe('openLedger', () => {
  test.each(['terminated', 'crashed'])('it rejects what waits, and everything after, when its thread is %s', async (how) => {
    const child = startChild('losing.ts', temporaryFolder(), how);
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.lines()).toEqual([
      'waiting: MARINADE_STORAGE_LEDGER',
      'later: MARINADE_STORAGE_LEDGER',
      'closing: MARINADE_STORAGE_LEDGER',
    ]);
  });

  test('it answers everything that was asked before it was closed, in order', async () => {
    const ledger = await openLedger(temporaryFolder());
    const answers: string[] = [];
    const ask = (name: string, call: Promise<unknown>): Promise<unknown> => call.then(() => answers.push(name));
    await Promise.all([
      ask('submit', ledger.submit(plannedStudy('s', ['run']))),
      ask('begin', ledger.beginAttempt('run', 'w')),
      ask('commit', ledger.commitRoundJob(1, jobResult('run', -1, 10))),
      ask('run', ledger.run('run')),
      ask('close', ledger.close()),
    ]);
    expect(answers).toEqual(['submit', 'begin', 'commit', 'run', 'close']);
  });

  test('it carries errors with code, details and cause across the thread', async () => {
    const reader = await openLedger(temporaryFolder());
    const failure = await failureOf(reader.curves('absent'));
    expect(failure).toMatchObject({ name: 'MarinadeError', code: 'MARINADE_STORAGE_NOT_FOUND', details: { runKey: 'absent' } });
    await reader.close();
  });

  test('it keeps no process alive while nothing is asked of it', async () => {
    const child = startChild('idle.ts', temporaryFolder());
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.lines()).toEqual(['open']);
  });
});
