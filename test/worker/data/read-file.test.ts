/** Reading files: sizes are bounded before anything is allocated, damage has a place. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../../src/shared/errors.ts';
import { MAX_CONTENT, readContent, requireChecksum, sha256Of } from '../../../src/worker/data/read-file.ts';
import { failureOf, temporaryFolder } from '../../orchestrator/ledger/support.ts';

const text = Buffer.from(Array.from({ length: 500 }, (_, i) => `${i % 2} ${i + 1}:0.${i}\n`).join(''));
const packed = gzipSync(text);

function file(content: Uint8Array, name = 'set'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

describe('a data file', () => {
  it('is read as it is, or unpacked, whatever it is called', () => {
    expect(Buffer.from(readContent(file(text), MAX_CONTENT))).toEqual(text);
    expect(Buffer.from(readContent(file(packed), MAX_CONTENT))).toEqual(text);
    expect(Buffer.from(readContent(file(packed, 'set.txt'), MAX_CONTENT))).toEqual(text);
    expect(readContent(file(Buffer.alloc(0)), MAX_CONTENT).length).toBe(0);
  });

  it('may be several archives in a row, and end in zeros', () => {
    expect(Buffer.from(readContent(file(Buffer.concat([packed, packed, Buffer.alloc(512)])), MAX_CONTENT))).toEqual(
      Buffer.concat([text, text]),
    );
  });

  it.each([1, 5, 10, 100, packed.length - 8, packed.length - 1])(
    'that is cut off at byte %i of an archive is malformed there',
    async (end) => {
      const path = file(packed.subarray(0, end));
      if (end < 3) {
        expect(readContent(path, MAX_CONTENT).length).toBe(end);
        return;
      }
      const failure = await failureOf(() => readContent(path, MAX_CONTENT));
      expect(failure).toMatchObject({ code: 'MARINADE_DATA_MALFORMED', details: { file: path, offset: end } });
      expect(failure.message).toContain(`${path}: byte ${end}: the gzip archive is damaged here: unexpected end of file`);
    },
  );

  it('with garbage behind its archive is malformed where the garbage begins', async () => {
    const path = file(Buffer.concat([packed, Buffer.from('<html>')]));
    const failure = await failureOf(() => readContent(path, MAX_CONTENT));
    expect(failure.code).toBe('MARINADE_DATA_MALFORMED');
    const offset = failure.details['offset'] as number;
    expect(offset).toBeGreaterThanOrEqual(packed.length);
    expect(offset).toBeLessThanOrEqual(packed.length + 2);
  });

  it('with a wrong checksum inside its archive is malformed in the archive’s last bytes', async () => {
    const damaged = Buffer.from(packed);
    damaged[packed.length - 6]! ^= 1;
    const failure = await failureOf(() => readContent(file(damaged), MAX_CONTENT));
    expect(failure.message).toContain('incorrect data check');
    const offset = failure.details['offset'] as number;
    expect(offset).toBeGreaterThanOrEqual(packed.length - 8);
    expect(offset).toBeLessThan(packed.length);
  });

  it('is never returned when any single byte of the archive’s data was changed', async () => {
    for (let at = 10; at < packed.length; at += 13) {
      const damaged = Buffer.from(packed);
      damaged[at]! ^= 0x55;
      const failure = await failureOf(() => readContent(file(damaged), MAX_CONTENT));
      expect(failure.code).toMatch(/^MARINADE_DATA_(MALFORMED|TOO_LARGE)$/);
      expect(failure.details['offset']).toBeLessThanOrEqual(packed.length);
    }
  });

  it('is too large when its content exceeds the limit, packed or plain', async () => {
    for (const content of [text, packed]) {
      const path = file(content);
      const failure = await failureOf(() => readContent(path, text.length - 1));
      expect(failure).toMatchObject({ code: 'MARINADE_DATA_TOO_LARGE', details: { file: path, offset: text.length - 1 } });
      expect(failure.message).toContain(`the content exceeds the limit of ${text.length - 1} bytes`);
    }
    expect(readContent(file(packed), text.length).length).toBe(text.length);
  });

  it('is refused as too large when it is a decompression bomb, before it has grown', async () => {
    const bomb = gzipSync(Buffer.alloc(200 << 20));
    expect(bomb.length).toBeLessThan(1 << 18);
    const path = file(bomb);
    const before = process.resourceUsage().maxRSS;
    const failure = await failureOf(() => readContent(path, MAX_CONTENT));
    expect(failure).toMatchObject({ code: 'MARINADE_DATA_TOO_LARGE', details: { offset: 2 ** 26 } });
    // It may grow to 64 MiB, held twice while chunks are joined; unpacked it would be 200 MiB.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(160 << 10);
  });

  it('must exist, be a file, and be readable', async () => {
    const folder = temporaryFolder();
    expect((await failureOf(() => readContent(join(folder, 'none'), MAX_CONTENT))).code).toBe('MARINADE_DATA_MISSING');
    mkdirSync(join(folder, 'folder'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const name of ['folder', 'pipe']) {
      const failure = await failureOf(() => readContent(join(folder, name), MAX_CONTENT));
      expect(failure.code).toBe('MARINADE_DATA_MALFORMED');
      expect(failure.message).toContain('not a regular file');
    }
    expect((await failureOf(() => readContent('/dev/zero', MAX_CONTENT))).message).toContain('not a regular file');
  });

  it('that is not the registered one is named with both hashes', async () => {
    const failure = await failureOf(() => requireChecksum('set', sha256Of(text), ['0'.repeat(64)]));
    expect(failure.code).toBe('MARINADE_DATA_CHECKSUM');
    expect(failure.message).toContain(sha256Of(text));
    expect(() => requireChecksum('set', sha256Of(text), ['0'.repeat(64), sha256Of(text)])).not.toThrow();
  });

  it('ends a command with exit status 7, however it is wrong', () => {
    const codes = ['MARINADE_DATA_MISSING', 'MARINADE_DATA_CHECKSUM', 'MARINADE_DATA_MALFORMED', 'MARINADE_DATA_TOO_LARGE'] as const;
    expect(codes.map((code) => errorCodes[code].exit)).toEqual([7, 7, 7, 7]);
  });
});
