/** What a hostile or careless caller may hand to the command line: it ends soon, says what to do, and leaves nothing behind. */
import { execFileSync } from 'node:child_process';
import { createWriteStream, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Ended, marinade, newFolder, smallStudy, start, writeStudy } from '../cli/harness.ts';

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

describe.skipIf(process.platform !== 'linux')('a study', () => {
  const validate = (path: string): Promise<Ended> => marinade(['validate', path], { cwd });

  test('that is a folder or a device is refused', async () => {
    expectRefusal(await validate('.'), 2, /MARINADE_CONFIG_USAGE: the study '\.' is a folder; expected a file/);
    for (const device of ['/dev/zero', '/dev/full', '/dev/urandom'])
      expectRefusal(await validate(device), 2, new RegExp(`MARINADE_CONFIG_USAGE: the study '${device}' is a device; expected a file`));
  });

  test('without end is not read to its end, from a file or from standard input', async () => {
    writeFileSync(join(cwd, 'endless.yaml'), 'study: ');
    truncateSync(join(cwd, 'endless.yaml'), 2 ** 33);
    expectRefusal(await validate('endless.yaml'), 2, /MARINADE_CONFIG_INVALID: endless\.yaml:1:1: no study has more than 4000000 bytes/);
    const { status, stderr } = await marinade(['validate', '-'], { cwd, input: 'x'.repeat(5_000_000) });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/MARINADE_CONFIG_INVALID: -:1:1: no study has more than 4000000 bytes/)]);
  });

  test('may come from a named pipe', async () => {
    execFileSync('mkfifo', [join(cwd, 'pipe')]);
    const running = start(['validate', 'pipe'], { cwd });
    createWriteStream(join(cwd, 'pipe')).end(smallStudy);
    expect(await running.ended).toMatchObject({ status: 0, stdout: expect.stringContaining('2 cells') });
  });

  test('that never comes out of its pipe is waited for no longer than until Ctrl-C', async () => {
    execFileSync('mkfifo', [join(cwd, 'silent')]);
    const running = start(['run', 'silent', '--results', 'never'], { cwd });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ status: 130, stderr: expect.stringContaining('stopped before any run began') });
  });
});

describe('a module of strategies', () => {
  test.each([
    ['ends the process', 'process.exit(0);', 'called process.exit'],
    ['is never loaded to its end', 'await new Promise(() => {});', 'is never loaded to its end'],
  ])('that %s is no success', async (_what, text, reason) => {
    writeFileSync(join(cwd, 'leaving.mjs'), text);
    const ended = await marinade(['validate', 'study.yaml', '--strategies', 'leaving.mjs'], { cwd });
    expectRefusal(ended, 1, new RegExp(`the process ended before the command had: a module of --strategies ${reason}`));
  });

  test('that talks while it is loaded does so on standard error', async () => {
    writeFileSync(join(cwd, 'talking.mjs'), "console.log('not a result'); export const strategies = {};");
    const ended = await marinade(['validate', 'study.yaml', '--strategies', 'talking.mjs'], { cwd });
    expect(ended).toMatchObject({ status: 0, stderr: expect.stringContaining('not a result') });
    expect(ended.stdout).not.toContain('not a result');
  });
});
