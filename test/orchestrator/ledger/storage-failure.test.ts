/** Full disks, read-only media and denied permissions, on real file systems. */
import { cpSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { networkFileSystem } from '../../../src/orchestrator/ledger/folder.ts';
import { type OwnedLedger, openLedger, openLedgerInline, openLedgerReader } from '../../../src/orchestrator/ledger/open-ledger.ts';
import { storageFailure } from '../../../src/orchestrator/ledger/storage-failure.ts';
import { errorCodes } from '../../../src/shared/errors.ts';
import { endChildren, mountProblem, mountTmpfs, remountReadOnly, startChild, unmountAll } from './processes.ts';
import { hashOfRun, jobResult, plannedStudy } from './runs.ts';
import { failureOf, filesBelow, temporaryFolder } from './support.ts';

afterEach(async () => {
  await endChildren();
  unmountAll();
});

const noMounts = mountProblem();
if (noMounts !== undefined) console.log(`tests on file systems of their own are skipped: ${noMounts}`);

/** Leaves no block free on the file system of `folder`; returns what frees them again. */
function fill(folder: string): () => void {
  const files: string[] = [];
  const { bsize } = statfsSync(folder);
  for (let bytes = 1 << 20; bytes >= bsize; bytes /= 2) {
    for (;;) {
      const file = join(folder, `filler-${files.length}`);
      files.push(file);
      try {
        writeFileSync(file, Buffer.alloc(bytes));
      } catch {
        rmSync(file, { force: true });
        break;
      }
    }
  }
  return () => {
    for (const file of files) rmSync(file, { force: true });
  };
}

describe.skipIf(noMounts !== undefined)('a full disk', () => {
  const prepared = async (folder: string, open: typeof openLedger): Promise<{ ledger: OwnedLedger; fence: number }> => {
    const ledger = await open(folder, { filesFrom: 0 });
    await ledger.submit(plannedStudy('s', ['run', 'other']));
    const { fence } = await ledger.beginAttempt('run', 'w');
    await ledger.commitRoundJob(fence, jobResult('run', -1, 10));
    return { ledger, fence };
  };

  test.each([
    ['the ledger, inline', openLedgerInline, ''],
    ['the ledger, over its thread', openLedger, ''],
    ['the checkpoints, inline', openLedgerInline, 'checkpoints'],
    ['the checkpoints, over its thread', openLedger, 'checkpoints'],
  ] as const)('it fails the commit, names the path, harms nothing, and the same commit works later: %s', async (_, open, where) => {
    const folder = where === '' ? mountTmpfs(1024) : temporaryFolder();
    if (where !== '') {
      mkdirSync(join(folder, where));
      mountTmpfs(256, join(folder, where));
    }
    const { ledger, fence } = await prepared(folder, open);
    const before = { run: await ledger.run('run'), curves: await ledger.curves('run'), events: await ledger.events(0) };
    const free = fill(join(folder, where));

    const next = jobResult('run', 10, 900);
    for (let i = 0; i < 2; i++) {
      const failure = await failureOf(ledger.commitRoundJob(fence, next));
      expect(failure.code).toBe('MARINADE_STORAGE_FULL');
      expect(failure.message).toContain(join(folder, where));
    }
    expect({ run: await ledger.run('run'), curves: await ledger.curves('run'), events: await ledger.events(0) }).toEqual(before);
    expect(await ledger.checkpoint('run')).toMatchObject({ round: 10, damaged: [] });
    expect(await ledger.check()).toEqual([]);

    free();
    expect(await ledger.commitRoundJob(fence, next)).toMatchObject({ kind: 'applied' });
    expect(await ledger.commitRoundJob(fence, jobResult('run', 900, 1000))).toMatchObject({ kind: 'applied', resultHash: hashOfRun() });
    expect(await ledger.check()).toEqual([]);
    await ledger.close();
    expect(filesBelow(folder)).toEqual(['checkpoints/run/1000.ckpt', 'checkpoints/run/900.ckpt', 'ledger.sqlite']);
  });

  test('it fails commits that wait together as one, and each of them works later', async () => {
    const folder = mountTmpfs(2048);
    const ledger = await openLedger(folder);
    const keys = Array.from({ length: 20 }, (_, i) => `run-${i}`);
    await ledger.submit(plannedStudy('s', keys));
    const fences = await Promise.all(keys.map(async (runKey) => (await ledger.beginAttempt(runKey, 'w')).fence));
    const free = fill(folder);
    const commits = (): Promise<PromiseSettledResult<unknown>[]> =>
      Promise.allSettled(keys.map((runKey, i) => ledger.commitRoundJob(fences[i]!, jobResult(runKey, -1, 20))));
    for (const outcome of await commits()) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'MARINADE_STORAGE_FULL' } });
    free();
    for (const outcome of await commits()) expect(outcome).toMatchObject({ status: 'fulfilled', value: { kind: 'applied' } });
    expect(await ledger.check()).toEqual([]);
    await ledger.close();
  });

  test('it is said when the folder is opened, and the folder is not left owned', async () => {
    const folder = mountTmpfs(1024);
    const free = fill(folder);
    expect((await failureOf(openLedger(folder))).code).toBe('MARINADE_STORAGE_FULL');
    expect(filesBelow(folder).filter((file) => /owner|probe/.test(file))).toEqual([]);
    free();
    const ledger = await openLedger(folder);
    expect(await ledger.submit(plannedStudy('s', ['run']))).toMatchObject({ added: 1 });
    await ledger.close();
  });

  test('it is what an I/O error of SQLite means when nothing is free', () => {
    const folder = mountTmpfs(256);
    const cause = Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 4874 });
    expect(storageFailure(cause, join(folder, 'ledger.sqlite')).code).toBe('MARINADE_STORAGE_LEDGER');
    fill(folder);
    expect(storageFailure(cause, join(folder, 'ledger.sqlite')).code).toBe('MARINADE_STORAGE_FULL');
  });

  test('it does not keep the folder from being given up, and the next owner finds everything', async () => {
    const folder = mountTmpfs(512);
    const { ledger, fence } = await prepared(folder, openLedger);
    const free = fill(folder);
    await failureOf(ledger.commitRoundJob(fence, jobResult('run', 10, 400)));
    await ledger.close().catch((thrown: unknown) => expect(String(thrown)).toContain('MARINADE_STORAGE_FULL'));
    free();
    const next = await openLedger(folder);
    expect(await next.run('run')).toMatchObject({ state: 'queued', committedRound: 10 });
    expect(await next.checkpoint('run')).toMatchObject({ round: 10 });
    expect(await next.check()).toEqual([]);
    await next.close();
  });
});

describe('a folder that cannot be written', () => {
  test('it is refused when it is opened: a file', async () => {
    const file = join(temporaryFolder(), 'results');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'deeper')]) {
      const failure = await failureOf(openLedger(path));
      expect(failure.code).toBe('MARINADE_CONFIG_FOLDER');
      expect(failure.message).toContain(path);
      expect(errorCodes[failure.code].exit).toBe(2);
    }
  });

  test('it is refused when it is opened: its checkpoints are a file', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'checkpoints'), '');
    expect((await failureOf(openLedger(folder))).code).toBe('MARINADE_CONFIG_FOLDER');
  });

  test.each(['folder', 'checkpoints', 'ledger.sqlite', 'ledger.sqlite and its folder'])(
    'it is refused when it is opened, and not later: permission denied for the %s',
    async (what) => {
      const folder = temporaryFolder();
      const child = startChild('denied.ts', folder, what);
      await child.exited;
      expect(child.lines()).toEqual(['MARINADE_CONFIG_FOLDER', 'readable']);
      expect(readdirSync(folder)).not.toContain('owner.json');
    },
  );

  test.skipIf(noMounts !== undefined)('it is refused when it is opened: read-only media; reading a sealed one works', async () => {
    const folder = mountTmpfs(1024);
    const ledger = await openLedger(folder);
    await ledger.submit(plannedStudy('s', ['run']));
    const { fence } = await ledger.beginAttempt('run', 'w');
    await ledger.commitRoundJob(fence, jobResult('run', -1, 1000));
    await ledger.close();
    remountReadOnly(folder);
    const failure = await failureOf(openLedger(folder));
    expect(failure.code).toBe('MARINADE_CONFIG_FOLDER');
    expect(failure.message).toMatch(/EROFS/);

    const reader = await openLedgerReader(folder);
    expect(await reader.run('run')).toMatchObject({ outcome: 'completed', resultHash: hashOfRun() });
    expect(await reader.checkpoint('run')).toMatchObject({ round: 1000, damaged: [] });
    await reader.close();
  });

  test.skipIf(noMounts !== undefined)(
    'it is read on read-only media after a crash, or it is said what to do; never without its newest commits',
    async () => {
      const owned = temporaryFolder();
      const ledger = await openLedger(owned);
      await ledger.submit(plannedStudy('s', ['run']));
      const { fence } = await ledger.beginAttempt('run', 'w');
      await ledger.commitRoundJob(fence, jobResult('run', -1, 10));
      const media = mountTmpfs(2048);
      const withoutIndex = join(media, 'without-index');
      cpSync(owned, join(media, 'whole'), { recursive: true }); // as a crash would leave it: nothing sealed
      cpSync(owned, withoutIndex, { recursive: true, filter: (path) => !path.endsWith('-shm') });
      await ledger.close();
      const inLogMode = new DatabaseSync(join(owned, 'ledger.sqlite')); // as left by an owner that could not seal
      inLogMode.exec('PRAGMA journal_mode = WAL');
      inLogMode.close();
      const withoutLog = join(media, 'without-log');
      const emptyLog = join(media, 'empty-log');
      cpSync(owned, withoutLog, { recursive: true });
      cpSync(owned, emptyLog, { recursive: true });
      writeFileSync(join(emptyLog, 'ledger.sqlite-wal'), '');
      remountReadOnly(media);

      const reader = await openLedgerReader(join(media, 'whole'));
      expect((await reader.run('run'))?.committedRound).toBe(10);
      await reader.close();
      const failure = await failureOf(openLedgerReader(withoutIndex));
      expect(failure.code).toBe('MARINADE_STORAGE_LEDGER');
      expect(failure.message).toMatch(/Copy the folder to a writable place/);
      for (const folder of [withoutLog, emptyLog]) {
        const complete = await openLedgerReader(folder);
        expect((await complete.run('run'))?.committedRound).toBe(10);
        await complete.close();
      }
    },
  );

  test('it knows file systems SQLite cannot trust by their numbers', () => {
    expect(networkFileSystem(0x6969)).toBe('NFS');
    expect(networkFileSystem(0xff534d42 | 0)).toBe('CIFS');
    expect(networkFileSystem(statfsSync(temporaryFolder()).type)).toBeUndefined();
  });
});

describe('storageFailure', () => {
  test('it says where no ledger is', async () => {
    const folder = temporaryFolder();
    const failure = await failureOf(openLedgerReader(folder));
    expect(failure.code).toBe('MARINADE_STORAGE_NOT_FOUND');
    expect(failure.message).toContain(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['ENOSPC', 'MARINADE_STORAGE_FULL'],
    ['EDQUOT', 'MARINADE_STORAGE_FULL'],
    ['EROFS', 'MARINADE_CONFIG_FOLDER'],
    ['EACCES', 'MARINADE_CONFIG_FOLDER'],
    ['EIO', 'MARINADE_STORAGE_LEDGER'],
  ])('it takes %s for %s and keeps the cause', (code, expected) => {
    const cause = Object.assign(new Error(`${code}: something`), { code });
    const failure = storageFailure(cause, '/results/ledger.sqlite');
    expect(failure).toMatchObject({ code: expected, cause, details: { path: '/results/ledger.sqlite' } });
    expect(storageFailure(failure, '/elsewhere')).toBe(failure);
  });

  test.each([
    [11, 'MARINADE_STORAGE_LEDGER'],
    [267, 'MARINADE_STORAGE_LEDGER'],
    [26, 'MARINADE_STORAGE_LEDGER'],
    [13, 'MARINADE_STORAGE_FULL'],
    [8, 'MARINADE_CONFIG_FOLDER'],
    [5, 'MARINADE_STORAGE_LEDGER'],
    [10, 'MARINADE_STORAGE_LEDGER'],
  ])("it takes SQLite's %i for %s", (errcode, expected) => {
    const cause = Object.assign(new Error('sqlite'), { code: 'ERR_SQLITE_ERROR', errcode });
    expect(storageFailure(cause, join(temporaryFolder(), 'ledger.sqlite')).code).toBe(expected);
  });
});
