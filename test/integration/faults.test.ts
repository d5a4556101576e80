/** Disks, folders, files and studies that are not as they should be, at the level of `marinade run`. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openLedgerReader } from '../../src/orchestrator/ledger/open-ledger.ts';
import { type Ended, eventually, hashesOf, jsonOf, newFolder, type StudyObject, temporaryFolder, writeStudy } from '../cli/harness.ts';
import { mountProblem, mountTmpfs, remountReadOnly, unmountAll } from '../orchestrator/ledger/processes.ts';
import { corruptedStudies } from '../orchestrator/plan/corrupted-studies.ts';
import { flipped, type StoredCheckpoint, storedCheckpoints } from '../support/stored-checkpoints.ts';
import { harmful } from '../worker/support.ts';
import { Commands, leftovers } from './one-machine-harness.ts';

const { folder: cwd, remove } = newFolder();
afterAll(remove);
afterEach(unmountAll);
const commands = new Commands({ cwd });

/** Two runs of a minute or so, which nobody waits for: they are stopped, or short. */
const study = (rounds: number, dimension = 400): string => `study: faulty
experiment:
  problem: { name: quadratic, dimension: ${dimension}, heterogeneity: 1 }
  clients: { total: 8, byzantine: 2 }
  method: { name: gradient-descent, stepSize: 0.05 }
  aggregator: { name: coordinate-median }
  attack: { name: bit-flip }
  rounds: ${rounds}
  metrics: { every: 1, names: [loss, gradient-norm, uplink-bits] }
seeds: 0..1
`;
const run = (results: string, ...more: string[]): Promise<Ended> =>
  commands.run(['run', 'study.yaml', '--results', results, '--threads', '2', '--rounds-per-job', '400', '--json', '--quiet', ...more]);

/** An error for people: its code, no stack. */
function expectRefusal(ended: Ended, status: number, pattern: RegExp): void {
  expect([ended.status, ended.stderr]).toEqual([status, expect.stringMatching(pattern)]);
  expect(ended.stdout).toBe('');
  expect(ended.stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
}

/** Mounts where that is possible; else says why not and skips. */
function needsMounts(skip: () => never): void {
  const problem = mountProblem();
  if (problem === undefined) return;
  process.stderr.write(`skipped: a fault test that mounts a file system; ${problem}\n`);
  skip();
}

let reference: Record<string, string | null>;
beforeAll(async () => {
  writeStudy(cwd, study(4000));
  const ended = await run('reference');
  expect(ended.status).toBe(0);
  reference = hashesOf(ended);
});

describe('a disk that is full', () => {
  test('in the middle of a study: it stops, names the path, and goes on when there is space', async ({ skip }) => {
    needsMounts(skip);
    const mount = mountTmpfs(440);
    const full = await run(mount);
    expectRefusal(
      full,
      1,
      new RegExp(`MARINADE_STORAGE_FULL: no space is left for ${mount}/.*run the same command again: nothing committed was lost`),
    );
    const ledger = await openLedgerReader(mount);
    const [row] = await ledger.studies();
    const stopped = await ledger.runs(row!.studyKey);
    await ledger.close();
    expect(stopped.some(({ committedRound }) => committedRound > 0)).toBe(true);
    expect(stopped.some(({ state }) => state !== 'finished')).toBe(true);

    execFileSync('mount', ['-o', 'remount,size=8m', mount], { stdio: 'pipe' });
    const ended = await run(mount);
    expect(ended.status).toBe(0);
    expect(hashesOf(ended)).toEqual(reference);
    expect(leftovers(mount)).toEqual([]);
  });

  test('from the start: nothing begins', async ({ skip }) => {
    needsMounts(skip);
    const mount = mountTmpfs(12);
    writeFileSync(join(mount, 'others'), Buffer.alloc(12 * 1024));
    expectRefusal(await run(mount), 1, new RegExp(`MARINADE_STORAGE_FULL: no space is left for ${mount}`));
  });
});

describe('a folder that cannot be written', () => {
  test('read-only media are refused at the start, not after an hour', async ({ skip }) => {
    needsMounts(skip);
    const mount = mountTmpfs(256);
    remountReadOnly(mount);
    for (const results of [mount, join(mount, 'results'), join(mount, 'far', 'below')])
      expectRefusal(await run(results), 2, new RegExp(`MARINADE_CONFIG_FOLDER: ${results} cannot be written`));
  });

  test('so is a path that is a file', async () => {
    writeFileSync(join(cwd, 'a-file'), '');
    expectRefusal(await run('a-file'), 2, /MARINADE_CONFIG_FOLDER: .*a-file/);
    expectRefusal(await run('a-file/below'), 2, /MARINADE_CONFIG_FOLDER: .*a-file/);
  });
});

/** A results folder whose runs stand in the middle, with two checkpoints each. */
async function half(results: string): Promise<string> {
  const running = commands.start(['run', 'study.yaml', '--results', results, '--threads', '2', '--rounds-per-job', '200', '--quiet']);
  await eventually(() => {
    try {
      const runs = storedCheckpoints(join(cwd, results));
      return runs.length === 2 && runs.every((stored) => stored.length >= 2);
    } catch {
      return false;
    }
  }, 'two checkpoints of both runs');
  running.child.kill('SIGKILL');
  await running.ended;
  return join(cwd, results);
}

describe('files of a ledger that are damaged', () => {
  let kept: string;
  beforeAll(async () => {
    kept = await half('half');
  });
  const copy = (): string => {
    const folder = join(temporaryFolder(), 'results');
    cpSync(kept, folder, { recursive: true });
    return folder;
  };

  test.each([
    ['a flipped byte', ([newest]: StoredCheckpoint[]) => newest!.replace(flipped(newest!.bytes, 1000))],
    ['half of it', ([newest]: StoredCheckpoint[]) => newest!.replace(newest!.bytes.subarray(0, 1500))],
    ['nothing in it', ([newest]: StoredCheckpoint[]) => newest!.replace(newest!.bytes.subarray(0, 0))],
    ['gone', ([newest]: StoredCheckpoint[]) => newest!.replace(undefined)],
    ['an older checkpoint in its place', ([newest, older]: StoredCheckpoint[]) => newest!.replace(older!.bytes)],
    [
      'both damaged',
      (both: StoredCheckpoint[]) => {
        for (const stored of both) stored.replace(stored.bytes.subarray(0, 100));
      },
    ],
  ])('a checkpoint: %s, and the older one or round 0 takes its place, said aloud', async (_, damage) => {
    const folder = copy();
    for (const stored of storedCheckpoints(folder)) damage(stored);
    const ended = await commands.run(['run', 'study.yaml', '--results', folder, '--threads', '2', '--json']);
    expect([ended.status, hashesOf(ended)]).toEqual([0, reference]);
    expect(ended.stderr).toMatch(/checkpoint of round \d+: |\.ckpt: |begins again at round 0/);
    expect(leftovers(folder)).toEqual([]);
  });

  test("a checkpoint: another run's, of the same round", async () => {
    const folder = copy();
    const [one, other] = storedCheckpoints(folder);
    other![0]!.replace(one![0]!.bytes);
    const ended = await commands.run(['run', 'study.yaml', '--results', folder, '--threads', '2', '--json']);
    expect([ended.status, hashesOf(ended)]).toEqual([0, reference]);
    expect(ended.stderr).toMatch(/it belongs to run|expected the checkpoint of round/);
  });

  test('a write-ahead log of nobody, or cut short: what was committed before it counts', async () => {
    for (const damage of [(path: string) => writeFileSync(path, Buffer.alloc(4152, 0x5a)), (path: string) => truncateSync(path, 40)]) {
      const folder = copy();
      const log = join(folder, 'ledger.sqlite-wal');
      damage(log);
      rmSync(join(folder, 'ledger.sqlite-shm'), { force: true });
      const ended = await run(folder);
      // The log of a process that was killed may hold the tables themselves: then there is nothing to go on from.
      expect([ended.status, hashesOf(ended)]).toEqual([0, reference]);
    }
  });

  test('the database: it is refused, with what to do', async () => {
    const damages: ((path: string) => void)[] = [
      (path) => writeFileSync(path, 'this is no database, but it is long enough to be looked at as one'.repeat(100)),
      (path) => truncateSync(path, 5000),
    ];
    for (const damage of damages) {
      const folder = join(temporaryFolder(), 'results');
      cpSync(join(cwd, 'reference'), folder, { recursive: true });
      damage(join(folder, 'ledger.sqlite'));
      expectRefusal(await run(folder), 1, /MARINADE_STORAGE_LEDGER: .*ledger\.sqlite is damaged.*marinade doctor/);
    }
  });
});

describe('numbers that are not finite', () => {
  test('a run whose iterates overflow has diverged: a result with its curve, and no failure', async () => {
    writeStudy(
      cwd,
      study(50, 8).replace('coordinate-median', 'mean').replace('{ name: bit-flip }', '{ name: blow-up, norm: 1.0e+300 }'),
      'overflow.yaml',
    );
    const ended = await commands.run(['run', 'overflow.yaml', '--results', 'overflow', '--json']);
    expect(ended.status).toBe(0);
    const { runs } = jsonOf<StudyObject>(ended);
    expect(runs.map(({ outcome, resultHash }) => [outcome, resultHash])).toEqual(
      Array(2).fill(['diverged', expect.stringMatching(/^[0-9a-f]{64}$/)]),
    );
    expect(['Infinity', 'NaN']).toContain(runs[0]!.metrics['loss']!.last);
    expect((await commands.run(['export', 'faulty', '--results', 'overflow', '--out', 'overflow-out'])).status).toBe(0);
    expect((await commands.run(['report', 'faulty', '--results', 'overflow'])).status).toBe(0);
  });

  test("so has one whose rule, a user's own, returns infinities", async () => {
    writeStudy(
      cwd,
      study(50, 8).replace('{ name: coordinate-median }', '{ name: harmful-mean, how: overflow, at: 10 }'),
      'overflowing-rule.yaml',
    );
    const ended = await commands.run(['run', 'overflowing-rule.yaml', '--results', 'overflowing-rule', '--strategies', harmful, '--json']);
    expect(ended.status).toBe(0);
    expect(jsonOf<StudyObject>(ended).runs.map(({ outcome }) => outcome)).toEqual(['diverged', 'diverged']);
  });
});

describe('corrupted studies, as typed', () => {
  test.each(corruptedStudies(20, 7).map(({ what, text }, i) => [i, what, text] as const))(
    'study %i (%s) ends with 2 and its place',
    async (i, _, text) => {
      const path = writeStudy(cwd, text, `corrupted-${i}.yaml`);
      const ended = await commands.run(i % 2 === 0 ? ['validate', path] : ['run', path, '--results', 'corrupted']);
      expectRefusal(ended, 2, new RegExp(`MARINADE_(CONFIG|PRECONDITION)_[A-Z_]+: corrupted-${i}\\.yaml:\\d+:\\d+: \\S`));
    },
  );

  test('nothing was begun for any of them', () => {
    expect(readdirSync(cwd)).not.toContain('corrupted');
  });
});

describe('data that are not as they should be', () => {
  const good = Array.from({ length: 30 }, (_, i) => `${i % 2 === 0 ? '+1' : '-1'} 1:0.5 ${2 + (i % 5)}:1`).join('\n');
  test.each([
    ['a truncated archive', 'data.gz', gzipSync(good).subarray(0, 60), /MARINADE_DATA_MALFORMED: .*data\.gz/],
    ['a bad archive', 'data.gz', Buffer.from('\x1f\x8bnothing of the kind'), /MARINADE_DATA_MALFORMED: .*data\.gz/],
    ['an index out of range', 'data.txt', Buffer.from(`${good}\n+1 0:1\n`), /MARINADE_DATA_MALFORMED: .*data\.txt/],
    ['indices out of order', 'data.txt', Buffer.from(`${good}\n+1 5:1 3:1\n`), /MARINADE_DATA_MALFORMED: .*data\.txt/],
    ['a label that is no number', 'data.txt', Buffer.from(`${good}\nnan 1:1\n`), /MARINADE_DATA_MALFORMED: .*data\.txt/],
    ['a value that is not finite', 'data.txt', Buffer.from(`${good}\n+1 1:1e999\n`), /MARINADE_DATA_MALFORMED: .*data\.txt/],
    ['no file', 'nowhere.txt', undefined, /MARINADE_DATA_MISSING: .*nowhere\.txt/],
  ])('%s ends with 7 and names the file', async (_, name, content, pattern) => {
    const folder = temporaryFolder();
    mkdirSync(folder, { recursive: true });
    if (content !== undefined) writeFileSync(join(folder, name), content);
    const text = study(10).replace(/\{ name: quadratic.*\}/, `{ name: logistic-regression, l2: 0.1 }\n  data: { file: ${name} }`);
    writeStudy(folder, text);
    const ended = await new Commands({ cwd: folder }).run(['run', 'study.yaml', '--json']);
    expectRefusal(ended, 7, pattern);
  });
});
