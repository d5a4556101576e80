/** Processes that die, are killed in the middle of commits, or meet each other over one folder. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { openLedger, openLedgerInline, openLedgerReader, ownerOf } from '../../../src/orchestrator/ledger/open-ledger.ts';
import { SqliteLedger } from '../../../src/orchestrator/ledger/sqlite-ledger.ts';
import { errorCodes } from '../../../src/shared/errors.ts';
import { endChildren, startChild } from './processes.ts';
import { columnUpTo, hashOfRun, jobResult, metrics, plannedStudy, pointsAt, randomFrom, runOptions, runsToCommit } from './runs.ts';
import { failureOf, filesBelow, temporaryFolder } from './support.ts';

afterEach(endChildren);

describe('a process killed while it commits', { timeout: 180_000 }, () => {
  test('it loses nothing it confirmed, and its successors come to the same results', async () => {
    const seed = Number(process.env['MARINADE_TEST_SEED'] ?? Date.now() % 1_000_000);
    console.log(`kill test: MARINADE_TEST_SEED=${seed}`);
    const random = randomFrom(seed);
    const folder = temporaryFolder();
    const confirmed = new Map<string, number>();
    let kills = 0;

    for (let round = 0; ; round++) {
      const child = startChild('committing.ts', folder, String(seed + round));
      await child.saying('owner');
      const killed = round < 8;
      if (killed) {
        await sleep(5 + random() * 120);
        child.process.kill('SIGKILL');
      }
      const { signal } = await child.exited;
      for (const line of child.lines()) {
        const [kind, runKey, to] = line.split(' ');
        if (kind === 'applied' || kind === 'repeated') confirmed.set(runKey!, Math.max(confirmed.get(runKey!) ?? -1, Number(to)));
      }
      if (signal === 'SIGKILL') kills++;

      const reader = await openLedgerReader(folder);
      for (const run of (await reader.study(runsToCommit.studyKey)) === undefined ? [] : await reader.runs(runsToCommit.studyKey)) {
        expect(run.committedRound).toBeGreaterThanOrEqual(confirmed.get(run.runKey) ?? -1);
        const points = pointsAt(run.committedRound, runOptions);
        const curves = await reader.curves(run.runKey);
        for (const metric of metrics) expect(curves.columns[metric]).toEqual(columnUpTo(metric, points));
        const checkpoint = await reader.checkpoint(run.runKey);
        expect(checkpoint?.round ?? -1).toBe(run.committedRound);
        expect(checkpoint?.damaged ?? []).toEqual([]);
        expect(run.state === 'finished').toBe(run.committedRound === runOptions.rounds);
      }
      await reader.close();
      if (!killed) break;
    }

    expect(kills).toBeGreaterThan(0);
    expect([...confirmed.values()]).toEqual(runsToCommit.runs.map(() => runOptions.rounds));
    const ledger = await openLedgerInline(folder);
    for (const run of await ledger.runs(runsToCommit.studyKey)) {
      expect(run).toMatchObject({ outcome: 'completed', resultHash: hashOfRun(runOptions.rounds, runOptions.every), deaths: 0 });
      expect((await ledger.attempts(run.runKey)).every(({ endedAt }) => endedAt !== null)).toBe(true);
    }
    expect(await ledger.check()).toEqual([]);
    await ledger.close();
    const files = filesBelow(folder).filter((file) => !/^checkpoints\/run-\d\/\d+\.ckpt$/.test(file));
    expect(files).toEqual(['ledger.sqlite']);
    expect(filesBelow(folder)).toHaveLength(1 + 2 * runsToCommit.runs.length);
  });

  test('it is found dead: attempts are closed, a run without progress counts a death, leftovers go', async () => {
    const folder = temporaryFolder();
    const first = await openLedgerInline(folder, { filesFrom: 0 });
    await first.submit(plannedStudy('s', ['moved', 'stuck', 'idle']));
    await first.close();

    for (const deaths of [1, 2]) {
      const child = startChild('holding.ts', folder, deaths === 1 ? '10' : '20');
      await child.saying('holding');
      child.process.kill('SIGKILL');
      await child.exited;
      writeFileSync(join(folder, 'checkpoints', 'moved', '99.ckpt.tmp'), 'half');
      writeFileSync(join(folder, 'checkpoints', 'moved', '98.ckpt'), 'a file no row mentions');

      const ledger = await openLedgerInline(folder, { filesFrom: 0 });
      expect(await ledger.run('moved')).toMatchObject({ state: 'queued', deaths: 0 });
      expect(await ledger.run('stuck')).toMatchObject({ state: 'queued', deaths });
      expect(await ledger.run('idle')).toMatchObject({ state: 'queued', deaths: 0 });
      expect((await ledger.attempts('stuck')).at(-1)).toMatchObject({ reason: 'process died' });
      expect((await ledger.events(0)).filter(({ kind }) => kind === 'ledger:unclean')).toHaveLength(deaths);
      const kept = readdirSync(join(folder, 'checkpoints', 'moved')).sort();
      expect(kept).toEqual(deaths === 1 ? ['10.ckpt'] : ['10.ckpt', '20.ckpt']);
      await ledger.close();
    }
  });
});

describe('the owner of a folder', () => {
  test('it refuses a second owner at once, naming the first, across processes and within one', async () => {
    const folder = temporaryFolder();
    const child = startChild('holding.ts', folder, '-1');
    await child.saying('holding');
    const failure = await failureOf(openLedger(folder));
    expect(failure.code).toBe('MARINADE_STORAGE_OWNED');
    expect(errorCodes[failure.code].exit).toBe(5);
    expect(failure.message).toContain(`process ${child.process.pid} on ${hostname()}`);
    expect(failure.details).toMatchObject({ pid: child.process.pid, host: hostname(), address: null });
    child.process.kill('SIGKILL');
    await child.exited;

    expect(ownerOf(folder)?.pid).toBe(child.process.pid); // stale, and no hindrance
    const ledger = await openLedger(folder);
    expect((await failureOf(openLedgerInline(folder))).details).toMatchObject({ pid: process.pid });
    await ledger.close();
  });

  test('it says who and where it is in a file for its user alone, until it closes', async () => {
    const folder = temporaryFolder();
    const ledger = await openLedger(folder, { owner: { token: 'secret' } });
    const file = join(folder, 'owner.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname(), address: null, token: 'secret' });
    await ledger.announce('http://127.0.0.1:7070');
    expect(ownerOf(folder)).toEqual(await ledger.owner());
    expect(ownerOf(folder)?.address).toBe('http://127.0.0.1:7070');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await ledger.close();
    expect(ownerOf(folder)).toBeUndefined();
  });

  test('it is one of many that start at the same moment, however often the folder changes hands', async () => {
    const folder = temporaryFolder();
    const children = Array.from({ length: 4 }, () => startChild('claiming.ts', folder, '300'));
    expect(await Promise.all(children.map((child) => child.exited))).toEqual(children.map(() => ({ code: 0, signal: null })));
    const spans = children
      .flatMap((child) => child.lines())
      .map((line) => line.split(' ').map(BigInt))
      .sort(([a], [b]) => (a! < b! ? -1 : 1));
    expect(spans.length).toBe(4 * 300);
    for (let i = 1; i < spans.length; i++) expect(spans[i]![0]! > spans[i - 1]![1]!).toBe(true);
  });
});

describe('a ledger file that is not as it was left', () => {
  const committed = async (): Promise<string> => {
    const folder = temporaryFolder();
    const ledger = await openLedgerInline(folder);
    await ledger.submit(plannedStudy('s', ['run']));
    const { fence } = await ledger.beginAttempt('run', 'w');
    await ledger.commitRoundJob(fence, jobResult('run', -1, 1000));
    await ledger.close();
    return folder;
  };

  test.each([
    ['no database at all', (path: string) => writeFileSync(path, 'these are my notes. '.repeat(500))],
    [
      'damaged where opening does not look',
      (path: string) => {
        const database = new DatabaseSync(path);
        const { rootpage } = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_chunk_1'").get() as {
          rootpage: number;
        };
        const { page_size: size } = database.prepare('PRAGMA page_size').get() as { page_size: number };
        database.close();
        const bytes = readFileSync(path);
        bytes.fill(0xa5, size * (rootpage - 1), size * rootpage);
        writeFileSync(path, bytes);
        writeFileSync(`${path}-wal`, ''); // as after a crash: the file is checked
      },
    ],
  ])('it says what to do with a file that is %s, and gives the folder up', async (_, damage) => {
    const folder = await committed();
    damage(join(folder, 'ledger.sqlite'));
    const failure = await failureOf(openLedger(folder));
    expect(failure.code).toBe('MARINADE_STORAGE_LEDGER');
    expect(failure.message).toMatch(/ledger\.sqlite.*marinade doctor/);
    expect(readdirSync(folder)).not.toContain('owner.json');
    expect(readdirSync(folder)).not.toContain('owner.lock');
  });

  test('it notices a damaged curve when it is read and when it is checked', async () => {
    const folder = await committed();
    const database = new DatabaseSync(join(folder, 'ledger.sqlite'));
    database.exec("UPDATE chunk SET data = zeroblob(length(data)) WHERE metric = 'gap' AND seq = 1");
    database.exec("DELETE FROM chunk WHERE metric = 'loss' AND seq = 0");
    database.close();
    const ledger = await openLedgerInline(folder);
    expect((await failureOf(ledger.curves('run'))).code).toBe('MARINADE_STORAGE_LEDGER');
    expect(await ledger.check()).toEqual([
      expect.stringMatching(/curve loss of run run.*missing/),
      expect.stringMatching(/curve gap of run run.*chunk 1/),
    ]);
    await ledger.close();
  });

  test('it ignores a write-ahead log that is not one', async () => {
    const folder = await committed();
    writeFileSync(join(folder, 'ledger.sqlite-wal'), 'x'.repeat(10_000));
    const ledger = await openLedger(folder);
    expect(await ledger.run('run')).toMatchObject({ outcome: 'completed', resultHash: hashOfRun() });
    expect(await ledger.check()).toEqual([]);
    await ledger.close();
    expect(existsSync(join(folder, 'ledger.sqlite-wal'))).toBe(false);
  });

  test('it refuses tables of a newer version, for owners and readers', async () => {
    const folder = await committed();
    const database = new DatabaseSync(join(folder, 'ledger.sqlite'));
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect((await failureOf(openLedger(folder))).code).toBe('MARINADE_PROTOCOL_VERSION');
    expect((await failureOf(openLedgerReader(folder))).code).toBe('MARINADE_PROTOCOL_VERSION');
  });

  test('it is sealed although somebody is reading, once they are done', async () => {
    const folder = await committed();
    const ledger = SqliteLedger.open(folder);
    const reading = new DatabaseSync(join(folder, 'ledger.sqlite'), { readOnly: true });
    const rows = reading.prepare('SELECT run_key FROM run').iterate();
    expect(rows.next().value).toMatchObject({ run_key: 'run' });
    ledger.close(); // in WAL mode still: the reader holds it
    rows.return?.();
    reading.close();
    const again = await openLedger(folder);
    expect(await again.run('run')).toMatchObject({ outcome: 'completed' });
    await again.close();
    expect(readdirSync(folder).sort()).toEqual(['checkpoints', 'ledger.sqlite']);
  });
});

describe('the stored curves', () => {
  test('it is chunks of 512 little-endian doubles, NaN in one spelling, that any SQLite reader decodes', async () => {
    const folder = temporaryFolder();
    const ledger = SqliteLedger.open(folder);
    ledger.submit(plannedStudy('s', ['run']));
    const { fence } = ledger.beginAttempt('run', 'w');
    const oddNan = new Float64Array(BigUint64Array.of(0xfff8000000000123n).buffer)[0]!;
    for (const [from, to] of [
      [-1, 500],
      [500, 520],
      [520, 1000],
    ] as const) {
      const job = jobResult('run', from, to);
      const columns = Object.fromEntries(
        metrics.map((metric) => [metric, job.points.columns[metric]!.map((v) => (Number.isNaN(v) ? oddNan : v))]),
      );
      ledger.commitRoundJob(fence, { ...job, points: { ...job.points, columns } });
    }
    ledger.close();
    const database = new DatabaseSync(join(folder, 'ledger.sqlite'), { readOnly: true });
    const chunks = database.prepare("SELECT seq, n, data FROM chunk WHERE metric = 'loss' ORDER BY seq").all() as {
      seq: number;
      n: number;
      data: Uint8Array;
    }[];
    database.close();
    expect(chunks.map(({ seq, n }) => [seq, n])).toEqual([
      [0, 512],
      [1, 489],
    ]);
    const bytes = Buffer.concat(chunks.map(({ data }) => data));
    columnUpTo('loss', 1001).forEach((value, i) => {
      if (Number.isNaN(value)) expect(bytes.readBigUInt64LE(8 * i)).toBe(0x7ff8000000000000n);
      else expect(bytes.readDoubleLE(8 * i)).toBe(value);
    });
  });
});

describe('a group of writing calls', () => {
  test('it is one transaction: a call that fails undoes its own changes only, events follow the commit', async () => {
    const heard: string[] = [];
    const ledger = SqliteLedger.open(temporaryFolder(), { onEvent: ({ kind, run }) => heard.push(`${kind} ${run}`) });
    ledger.submit(plannedStudy('s', ['a', 'b', 'c']));
    const fences = ['a', 'b', 'c'].map((runKey) => ledger.beginAttempt(runKey, 'w').fence);
    heard.length = 0;
    const settled = ledger.group([
      () => ledger.commitRoundJob(fences[0]!, jobResult('a', -1, 10)),
      () => ledger.commitRoundJob(fences[1]!, jobResult('b', -1, 1000, { x: null })), // fails after everything was written
      () => {
        expect(heard).toEqual([]);
        return ledger.commitRoundJob(fences[2]!, jobResult('c', -1, 10));
      },
    ]);
    expect(settled).toMatchObject([
      { value: { kind: 'applied' } },
      { error: { code: 'MARINADE_INVARIANT_BROKEN' } },
      { value: { kind: 'applied' } },
    ]);
    expect(heard).toEqual(['round-job:commit a', 'round-job:commit c']);
    expect(ledger.runs('s').map(({ committedRound }) => committedRound)).toEqual([10, -1, 10]);
    ledger.close();
  });

  test('it fails as a whole when SQLite gives the transaction up', () => {
    const folder = temporaryFolder();
    SqliteLedger.open(folder).close();
    const database = new DatabaseSync(join(folder, 'ledger.sqlite'));
    database.exec("CREATE TRIGGER give_up BEFORE INSERT ON checkpoint WHEN new.round = 13 BEGIN SELECT RAISE(ROLLBACK, 'given up'); END");
    database.close();
    const ledger = SqliteLedger.open(folder, { filesFrom: 0 });
    ledger.submit(plannedStudy('s', ['a', 'b', 'c']));
    const fences = ['a', 'b', 'c'].map((runKey) => ledger.beginAttempt(runKey, 'w').fence);
    const rounds = [10, 13, 10];
    const settled = ledger.group(
      ['a', 'b', 'c'].map((runKey, i) => () => ledger.commitRoundJob(fences[i]!, jobResult(runKey, -1, rounds[i]!))),
    );
    for (const result of settled) expect(result).toMatchObject({ error: { message: expect.stringContaining('given up') } });
    expect(ledger.runs('s').map(({ committedRound }) => committedRound)).toEqual([-1, -1, -1]);
    expect(filesBelow(join(folder, 'checkpoints'))).toEqual([]);
    expect(ledger.commitRoundJob(fences[0]!, jobResult('a', -1, 10))).toMatchObject({ kind: 'applied' });
    ledger.close();
  });
});
