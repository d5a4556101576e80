/** What is no ledger, and no file at all, where a ledger or a checkpoint should be: refused or replaced, never waited for. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openLedger, openLedgerInline, openLedgerReader } from '../../../src/orchestrator/ledger/open-ledger.ts';
import { jobResult, plannedStudy } from './runs.ts';
import { failureOf, temporaryFolder } from './support.ts';

const inPlace: [what: string, put: (path: string) => void][] = [
  ['a folder', (path) => mkdirSync(path)],
  ['a pipe', (path) => execFileSync('mkfifo', [path])],
  ['a device', (path) => symlinkSync('/dev/zero', path)],
];

describe.skipIf(process.platform === 'win32')('in place of the database', () => {
  test.each(inPlace)('%s is refused, by owners and readers', async (_what, put) => {
    const folder = temporaryFolder();
    put(join(folder, 'ledger.sqlite'));
    for (const open of [openLedger, openLedgerReader]) {
      const { code, message } = await failureOf(open(folder));
      expect([code, message]).toEqual(['MARINADE_STORAGE_LEDGER', expect.stringContaining(`expected a file at ${folder}/ledger.sqlite`)]);
    }
    expect(readdirSync(folder).filter((name) => name.startsWith('owner'))).toEqual([]);
  });

  test.each([0, -1])('the database of another program is refused and stays as it was: version %i', async (version) => {
    const folder = temporaryFolder();
    const path = join(folder, 'ledger.sqlite');
    const foreign = new DatabaseSync(path);
    foreign.exec(`CREATE TABLE addresses (name TEXT); PRAGMA user_version = ${version}`);
    foreign.close();
    for (const open of [openLedger, openLedgerReader]) {
      const { code, message } = await failureOf(open(folder));
      expect([code, message]).toEqual(['MARINADE_STORAGE_LEDGER', expect.stringContaining('is a database of another program')]);
    }
    const after = new DatabaseSync(path, { readOnly: true });
    expect(after.prepare('SELECT name FROM sqlite_schema').all()).toEqual([expect.objectContaining({ name: 'addresses' })]);
    after.close();
  });
});

describe('a folder that is moved while a ledger works in it', () => {
  test('is told when the ledger is closed, and has all that was committed, before and after', async () => {
    const folder = join(temporaryFolder(), 'results');
    const ledger = await openLedger(folder);
    await ledger.submit(plannedStudy('s', ['run']));
    const { fence } = await ledger.beginAttempt('run', 'w');
    await ledger.commitRoundJob(fence, jobResult('run', -1, 10));
    renameSync(folder, `${folder}-moved`);
    await ledger.commitRoundJob(fence, jobResult('run', 10, 20));
    const { code, message } = await failureOf(ledger.close());
    expect([code, message]).toEqual(['MARINADE_STORAGE_LEDGER', expect.stringContaining('was moved or removed while it was in use')]);

    const again = await openLedger(`${folder}-moved`);
    expect(await again.run('run')).toMatchObject({ committedRound: 20 });
    await again.close();
  });
});

describe.skipIf(process.platform === 'win32')('in place of a checkpoint', () => {
  test.each(inPlace)('%s is damage: the older one is used, and it goes when newer ones come', async (_what, put) => {
    const folder = temporaryFolder();
    const ledger = await openLedgerInline(folder, { filesFrom: 0 });
    await ledger.submit(plannedStudy('s', ['run']));
    const { fence } = await ledger.beginAttempt('run', 'w');
    await ledger.commitRoundJob(fence, jobResult('run', -1, 10));
    await ledger.commitRoundJob(fence, jobResult('run', 10, 20));
    const newest = join(folder, 'checkpoints', 'run', '20.ckpt');
    rmSync(newest);
    put(newest);
    if (_what === 'a folder') writeFileSync(join(newest, 'something'), '');
    const found = await ledger.checkpoint('run');
    expect([found?.round, found?.damaged]).toEqual([10, [expect.stringContaining('20.ckpt: ')]]);
    expect(found?.damaged[0]).toContain('it is no file');
    for (const to of [30, 40, 50]) await ledger.commitRoundJob(fence, jobResult('run', to - 10, to));
    expect(readdirSync(join(folder, 'checkpoints', 'run')).sort()).toEqual(['40.ckpt', '50.ckpt']);
    await ledger.close();
  });
});
