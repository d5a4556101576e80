import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/shared/make-folder.ts';
import { temporaryFolder } from '../cli/harness.ts';

/** The system's code for what keeps a folder from being made. */
function codeFor(folder: string): string | undefined {
  try {
    makeFolder(folder);
    return undefined;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code;
  }
}

describe('a folder to be made', () => {
  it('is made with those above it, and may be there', () => {
    const folder = join(temporaryFolder(), 'a', 'b', 'c');
    makeFolder(folder);
    makeFolder(folder);
    expect(existsSync(folder)).toBe(true);
  });

  it('may be reached over a link', () => {
    const place = temporaryFolder();
    symlinkSync(place, join(place, 'link'));
    makeFolder(join(place, 'link', 'a', 'b'));
    expect(existsSync(join(place, 'a', 'b'))).toBe(true);
  });

  it('is refused with the reason where a file or a link to nothing stands', () => {
    const place = temporaryFolder();
    writeFileSync(join(place, 'file'), '');
    symlinkSync(join(place, 'nowhere'), join(place, 'dangling'));
    symlinkSync(join(place, 'loop'), join(place, 'loop'));
    const codes = ['file', 'file/below', 'dangling', 'loop', 'loop/below'].map((name) => codeFor(join(place, name)));
    expect(codes).toEqual(['EEXIST', 'ENOTDIR', 'EEXIST', 'ELOOP', 'ELOOP']);
  });

  it.skipIf(process.platform !== 'linux')('is refused, and soon, where no new name can be', () => {
    expect(codeFor('/proc/marinade')).toBe('ENOENT');
    expect(codeFor('/proc/marinade/far/below')).toBe('ENOENT');
  });
});
