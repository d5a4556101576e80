/** What goes where: results alone on standard output, colour only where it is wanted, readers that go away. */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgressLine, duration, progressText, type ShownProgress } from '../../src/cli/progress.ts';
import { environment, marinade, newFolder, writeStudy } from './harness.ts';

const { folder, remove } = newFolder();
const here = { cwd: folder };
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

beforeAll(async () => {
  await marinade(['run', writeStudy(folder), '-q'], here);
});
afterAll(remove);

/** A shell line in which $M is the command line. */
async function shell(line: string): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)('bash', ['--norc', '-c', line], {
    cwd: folder,
    env: environment(folder, { M: `${process.execPath} ${main}` }),
  });
}

describe('standard streams', () => {
  it('survive a reader that goes away', async () => {
    const { stdout, stderr } = await shell(
      'set -o pipefail; $M show small | head -n 1 && $M schema | head -c 10 && $M list | true && echo " all 0"',
    );
    expect(stdout).toMatch(/^small \(.*\n\{\n {2}"\$sche all 0\n$/);
    expect(stderr).toBe('');
  });

  it.skipIf(process.platform !== 'linux')('tell a full disk', async () => {
    const { stdout, stderr } = await shell('$M list > /dev/full; echo "$?"');
    expect(stdout).toBe('1\n');
    expect(stderr).toBe('the output cannot be written: ENOSPC\n');
  });

  it('read a study from standard input', async () => {
    const { stdout } = await shell('$M validate - --json < study.yaml');
    expect(JSON.parse(stdout)).toEqual({ schema: 1, study: 'small', valid: true, cells: 2, runs: 6 });
  });
});

describe('colour', () => {
  const coloured = (text: string): boolean => text.includes('\u001b[');

  it('is off away from a terminal, on when forced, and off for NO_COLOR and --no-color', async () => {
    const wrong = ['show', 'nothing'];
    expect(coloured((await marinade(wrong, here)).stderr)).toBe(false);
    expect(coloured((await marinade(wrong, { ...here, env: { FORCE_COLOR: '1' } })).stderr)).toBe(true);
    expect(coloured((await marinade([...wrong, '--no-color'], { ...here, env: { FORCE_COLOR: '1' } })).stderr)).toBe(false);
    expect(coloured((await marinade(wrong, { ...here, env: { NO_COLOR: '1' } })).stderr)).toBe(false);
  });
});

/** `script` gives a child a terminal; where it is not installed these tests are skipped and say so. */
const hasTerminal = spawnSync('sh', ['-c', 'script -qec true /dev/null']).status === 0;
if (!hasTerminal) process.stderr.write('skipped: tests on a terminal; `script` (util-linux) is not installed\n');

describe.skipIf(!hasTerminal)('on a terminal', () => {
  const onTerminal = async (line: string): Promise<string> =>
    (await shell(`TERM=xterm script -qec "${line}" /dev/null < /dev/null; true`)).stdout.replaceAll('\r', '');

  it('colours an error, but not for NO_COLOR, TERM=dumb and --no-color', async () => {
    const said = 'MARINADE_STORAGE_NOT_FOUND';
    expect(await onTerminal('$M show nothing')).toContain(`\u001b[31m${said}\u001b[`);
    for (const line of ['NO_COLOR=1 $M show nothing', 'TERM=dumb $M show nothing', '$M show nothing --no-color'])
      expect(await onTerminal(line)).toMatch(new RegExp(`^${said}: `));
  });

  it('keeps a status line while runs are under way, and takes it away', async () => {
    const text = await onTerminal('$M run study.yaml --results terminal --set rounds=3000 --rounds-per-job 500');
    expect(text).toMatch(/\d\/6 runs · [\d,]+ rounds\/s · \d+ s left/);
    expect(text).toContain('\u001b[Ksmall: 6 runs (0 known before)\n');
  });
});

describe('help', () => {
  it('goes to standard output with 0 when asked for, to standard error with 2 when not', async () => {
    const help = await marinade(['--help'], here);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const verb of [
      'init',
      'validate',
      'plan',
      'run',
      'list',
      'show',
      'compare',
      'verify',
      'report',
      'export',
      'data',
      'doctor',
      'schema',
      'completion',
    ])
      expect(help.stdout).toMatch(new RegExp(`^ {2}${verb}\\b`, 'm'));
    expect(help.stdout).not.toContain('__complete');
    expect(await marinade([], here)).toMatchObject({ status: 2, stdout: '' });
    expect((await marinade(['--version'], here)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('progress', () => {
  const progress = (changes: Partial<ShownProgress> = {}): ShownProgress => ({
    total: 6,
    finished: 2,
    failed: 0,
    roundsDone: 500,
    roundsLeft: 1500,
    ...changes,
  });

  function stream(isTTY: boolean): { written: string[]; stream: NodeJS.WriteStream } {
    const written: string[] = [];
    return { written, stream: { isTTY, columns: 40, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream };
  }

  it('shows runs done, rounds per second and the time left', () => {
    expect(progressText(progress(), 250)).toBe('2/6 runs · 2,000 rounds/s · 1 s left');
    expect(progressText(progress({ failed: 1, roundsLeft: 0 }), 250)).toBe('2/6 runs, 1 failed · 2,000 rounds/s · done');
    expect(progressText(progress({ roundsDone: 0 }), 250)).toBe('2/6 runs');
  });

  it('writes durations people read', () => {
    expect([0.2, 59.5, 61, 3599.5, 3600, 7384, Number.NaN].map(duration)).toEqual([
      '1 s',
      '1 min 0 s',
      '1 min 1 s',
      '1 h 0 min',
      '1 h 0 min',
      '2 h 3 min',
      '?',
    ]);
  });

  it('keeps one line on a terminal, cut to its width, and clears it for notes', () => {
    const { written, stream: terminal } = stream(true);
    const line = createProgressLine(terminal, false);
    line.update(progress({ roundsDone: 0 }));
    line.note('a note');
    line.end();
    expect(written.at(-2)).toBe('\r\u001b[K');
    expect(written.at(-1)).toBe('a note\n');
    expect(written.join('')).toContain('2/6 runs');
    expect(written.join('')).not.toContain('2/6 runs\n');
  });

  it('says nothing between lines elsewhere, and only warnings when quiet', () => {
    const { written, stream: pipe } = stream(false);
    createProgressLine(pipe, false).update(progress());
    expect(written).toEqual([]);
    const quiet = createProgressLine(pipe, true);
    quiet.note('a note');
    quiet.warn('a warning');
    expect(written).toEqual(['a warning\n']);
  });
});
