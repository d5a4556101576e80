/** The binary cache: whatever happens to its files, what is loaded is what the source holds. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import { type LoadedData, loadDataset } from '../../../src/worker/data/load.ts';
import { endChildren, mountProblem, mountTmpfs, remountReadOnly, startChild, unmountAll } from '../../orchestrator/ledger/processes.ts';
import { temporaryFolder } from '../../orchestrator/ledger/support.ts';
import { load, namesIn, ownCache, settled } from './support.ts';

const noMounts = mountProblem();
if (noMounts !== undefined) console.log(`tests on file systems of their own are skipped: ${noMounts}`);

afterEach(async () => {
  await endChildren();
  unmountAll();
});

const single = Array.from({ length: 300 }, (_, i) => `${i % 2} ${(i % 9) + 1}:1 ${(i % 9) + 12}:1\n`).join('');
const mixed = Array.from({ length: 300 }, (_, i) => `${i % 2} ${(i % 9) + 1}:0.${i} ${(i % 9) + 12}:2\n`).join('');

/** A settled source file, and what it holds when no cache takes part. */
async function source(text = single): Promise<{ file: string; expected: LoadedData }> {
  const file = join(temporaryFolder(), 'source');
  writeFileSync(file, text);
  const expected = await load({ file });
  await settled();
  return { file, expected };
}

describe('the binary cache', () => {
  it.each([
    ['one value per row', single],
    ['values of their own', mixed],
  ])('gives back rows with %s', async (_what, text) => {
    const folder = ownCache();
    const { file, expected } = await source(text);
    expect(await load({ file })).toEqual(expected);
    expect(namesIn(folder)).toHaveLength(1);
    const taken: number[] = [];
    const take = (length: number): number => {
      taken.push(length);
      return length;
    };
    const arena = {
      kernels: plainArena().kernels,
      doubles: (length: number) => new Float64Array(take(length)),
      ints: (length: number) => new Int32Array(take(length)),
      release: () => {},
    };
    const warm = await loadDataset({ file, format: 'libsvm', targets: 'classes', normalize: 'none' }, { arena });
    expect(warm).toEqual(expected);
    // Four arrays straight from the file, and the columns: nothing was parsed and copied.
    expect(taken).toHaveLength(text === single ? 6 : 7);
  });

  it('keeps one entry per file and reading, and follows the file when it changes', async () => {
    const folder = ownCache();
    const { file } = await source();
    utimesSync(file, 1, 1);
    await settled();
    await load({ file });
    await load({ file, normalize: 'rows', targets: 'real' });
    expect(namesIn(folder)).toHaveLength(1);
    await load({ file, dimension: 30 });
    expect(namesIn(folder)).toHaveLength(2);
    // The same length and the same time of change: the inode's own time tells.
    const text = single.replace('1 2:1', '0 2:1');
    writeFileSync(file, text);
    utimesSync(file, 1, 1);
    await settled();
    const changed = await load({ file });
    expect(changed.data.labels).not.toEqual((await source()).expected.data.labels);
    expect(changed).toEqual(await load({ file }));
    expect(namesIn(folder)).toHaveLength(2);
  });

  it('does not keep what was written a moment ago', async () => {
    const folder = ownCache();
    const file = join(temporaryFolder(), 'source');
    for (const label of ['0', '1', '2']) {
      writeFileSync(file, `${label} 1:1\n5 1:1\n`);
      await load({ file });
    }
    expect(namesIn(folder)).toEqual([]);
  });

  it('is rebuilt when an entry is damaged in any byte, cut off, empty, or not ours', async () => {
    const folder = ownCache();
    const { file, expected } = await source();
    await load({ file });
    const path = join(folder, namesIn(folder)[0]!);
    const intact = readFileSync(path);
    const damaged = [Buffer.alloc(0), Buffer.from('MRNDDATA'), Buffer.from('no cache entry at all, but longer than a header of one')];
    for (let at = 0; at < intact.length; at += at < 420 ? 7 : 501) {
      const changed = Buffer.from(intact);
      changed[at]! ^= 0x40;
      damaged.push(changed, intact.subarray(0, at));
    }
    damaged.push(Buffer.concat([intact, Buffer.from([0])]));
    for (const content of damaged) {
      writeFileSync(path, content);
      expect(await load({ file })).toEqual(expected);
      expect(readFileSync(path).equals(intact)).toBe(true);
    }
  });

  it('does not take another entry for its own', async () => {
    const folder = ownCache();
    const { file } = await source();
    const { file: other, expected } = await source(mixed);
    // Another file, and the same one read otherwise.
    for (const spec of [{ file }, { file: other, dimension: 30 }]) {
      rmSync(folder, { recursive: true, force: true });
      await load(spec);
      const first = namesIn(folder)[0]!;
      await load({ file: other });
      const second = namesIn(folder).find((name) => name !== first)!;
      copyFileSync(join(folder, first), join(folder, second));
      expect(await load({ file: other })).toEqual(expected);
    }
  });

  it('serves several processes that read, write and damage it at once', async () => {
    const folder = ownCache();
    const { file, expected } = await source(mixed);
    const sum = expected.data.columnOf.reduce((total, column) => total + column, 0);
    const children = Array.from({ length: 4 }, () => startChild('../../worker/data/loading.ts', file, '60'));
    let running = true;
    const ended = Promise.all(children.map(({ exited }) => exited)).then((exits) => {
      running = false;
      return exits;
    });
    while (running) {
      for (const name of namesIn(folder)) if (name.endsWith('.bin')) rmSync(join(folder, name), { force: true });
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect((await ended).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const said = children.flatMap((child) => child.lines());
    expect(said).toHaveLength(240);
    expect(new Set(said)).toEqual(new Set([`${expected.sha256} ${sum}`]));
    expect(namesIn(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('removes what a killed process left long ago, and nothing that may be in use', async () => {
    const folder = ownCache();
    mkdirSync(folder, { recursive: true });
    for (const name of ['old.tmp', 'new.tmp']) writeFileSync(join(folder, name), 'half');
    utimesSync(join(folder, 'old.tmp'), 1, 1);
    const { file } = await source();
    await load({ file });
    expect(namesIn(folder).filter((name) => !name.endsWith('.bin'))).toEqual(['new.tmp']);
  });
});

describe('a cache folder that takes nothing', () => {
  /** Warnings that a load gives, and whether it was right all the same. */
  async function warningsOf(file: string, expected: LoadedData): Promise<string[]> {
    vi.resetModules();
    const fresh = await import('../../../src/worker/data/load.ts');
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      for (let i = 0; i < 2; i++) {
        const spec = { file, format: 'libsvm', targets: 'classes', normalize: 'none' } as const;
        expect(await fresh.loadDataset(spec, { arena: plainArena() })).toEqual(expected);
      }
      return emit.mock.calls.map(([message]) => String(message));
    } finally {
      emit.mockRestore();
    }
  }

  it('costs time and one warning when it cannot be made', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const { file, expected } = await source();
    ownCache(join(folder, 'file'));
    const warnings = await warningsOf(file, expected);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^parsed data cannot be kept, so every start parses them anew: .*marinade\/parsed: (ENOTDIR|EEXIST)$/);
  });

  it.skipIf(noMounts !== undefined)('costs time and one warning when its disk is full, and leaves no half a file', async () => {
    const { file, expected } = await source(mixed);
    const folder = ownCache(mountTmpfs(8));
    const warnings = await warningsOf(file, expected);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('ENOSPC');
    expect(namesIn(folder)).toEqual([]);
  });

  it.skipIf(noMounts !== undefined)('costs time and one warning when it is read-only, and its entries are used', async () => {
    const { file, expected } = await source();
    const { file: other, expected: otherExpected } = await source(mixed);
    const place = mountTmpfs(1024);
    ownCache(place);
    await load({ file });
    remountReadOnly(place);
    expect(await warningsOf(file, expected)).toEqual([]);
    const warnings = await warningsOf(other, otherExpected);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('EROFS');
  });
});
