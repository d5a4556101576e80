/** What a hostile or careless caller may hand to the command line: it ends soon, says what to do, and leaves nothing behind. */
import { afterAll, describe, expect, test } from 'vitest';
import { type Ended, marinade, newFolder, writeStudy } from '../cli/harness.ts';

const { folder: cwd, remove } = newFolder();
afterAll(remove);
writeStudy(cwd);

/** An error for people: its code, no stack. */
function expectRefusal(ended: Ended, status: number, pattern: RegExp): void {
  expect([ended.status, ended.stderr]).toEqual([status, expect.stringMatching(pattern)]);
  expect(ended.stdout).toBe('');
  expect(ended.stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
}

describe.skipIf(process.platform !== 'linux')('a results folder', () => {
  test.each(['/proc/marinade', '/proc/marinade/below', '/proc/self/fd'])('where no file can be made is refused: %s', async (results) => {
    expectRefusal(
      await marinade(['run', 'study.yaml', '--results', results], { cwd }),
      2,
      new RegExp(`MARINADE_CONFIG_FOLDER: no file can be made in ${results} .*Choose another folder with --results`),
    );
  });
});
