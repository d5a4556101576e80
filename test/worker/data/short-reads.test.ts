/** The binary cache where the system reads and writes less than it is asked to, as it does beyond two gigabytes. */
import type * as fs from 'node:fs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../orchestrator/ledger/support.ts';
import { load, namesIn, ownCache, settled } from './support.ts';

/** Bytes that one call moves at most, and what cuts the file off after the first read. */
const { limits } = vi.hoisted(() => ({ limits: { bytes: Number.POSITIVE_INFINITY, isCut: false } }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const few = (parts: readonly NodeJS.ArrayBufferView[]): Uint8Array[] => {
    const { buffer, byteOffset, byteLength } = parts[0]!;
    return [new Uint8Array(buffer, byteOffset, Math.min(byteLength, limits.bytes))];
  };
  let reads = 0;
  return {
    ...real,
    readvSync: (fd: number, parts: readonly NodeJS.ArrayBufferView[], at: number) =>
      limits.isCut && reads++ > 0 ? 0 : real.readvSync(fd, few(parts), at),
    writevSync: (fd: number, parts: readonly NodeJS.ArrayBufferView[]) => real.writevSync(fd, few(parts)),
  };
});

afterEach(() => {
  Object.assign(limits, { bytes: Number.POSITIVE_INFINITY, isCut: false });
});

describe('the binary cache', () => {
  it.each([
    ['in several reads and writes', { bytes: 100, isCut: false }],
    ['from the source where an entry is cut short while it is read', { bytes: 100, isCut: true }],
  ])('gives back the same rows: %s', async (_what, how) => {
    const folder = ownCache();
    const file = join(temporaryFolder(), 'source');
    writeFileSync(file, Array.from({ length: 300 }, (_, i) => `${i % 2} ${(i % 9) + 1}:0.${i} ${(i % 9) + 12}:2\n`).join(''));
    const expected = await load({ file });
    await settled();
    Object.assign(limits, how);
    expect(await load({ file })).toEqual(expected);
    expect(namesIn(folder)).toHaveLength(1);
    expect(await load({ file })).toEqual(expected);
  });
});
