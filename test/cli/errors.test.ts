/** Whatever is typed or read, the exit code says whose turn it is, and the message where, what was expected, what came. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCodes } from '../../src/shared/errors.ts';
import { type Ended, eventually, marinade, newFolder, smallStudy, start, temporaryFolder, writeStudy } from './harness.ts';

const { folder, remove } = newFolder();
const here = { cwd: folder };
const failing = fileURLToPath(new URL('./strategies/failing.ts', import.meta.url));

beforeAll(() => {
  writeStudy(folder);
});
afterAll(remove);

/** A refusal: nothing on standard output, a message without a stack. */
function expectRefusal({ status, signal, stdout, stderr }: Ended, code: number): string {
  expect({ status, signal, stdout }).toEqual({ status: code, signal: null, stdout: '' });
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toContain('bug in marinade');
  return stderr;
}

describe('exit code 2: the user must change something', () => {
  const refused: [what: string, args: string[], message: RegExp][] = [
    ['an unknown verb', ['rum', 'study.yaml'], /unknown command 'rum'.*\n\(Did you mean run\?\)/],
    ['an unknown option', ['run', 'study.yaml', '--thread', '2'], /unknown option '--thread'\n\(Did you mean --threads\?\)/],
    ['a missing argument', ['run'], /missing required argument 'study-file'/],
    ['too many arguments', ['validate', 'study.yaml', 'another.yaml'], /too many arguments/],
    ['a number that is none', ['run', 'study.yaml', '--threads', '1e99'], /--threads expects an integer from 1 to 1024; got '1e99'/],
    [
      'more threads than any machine has',
      ['run', 'study.yaml', '--threads', '5000'],
      /--threads expects an integer from 1 to 1024; got '5000'/,
    ],
    ['a port that is none', ['serve', '--port', '70000'], /--port expects an integer from 0 to 65535; got '70000'/],
    [
      'rounds that are none',
      ['run', 'study.yaml', '--rounds-per-job', 'few'],
      /--rounds-per-job expects auto or a positive integer; got 'few'/,
    ],
    ['an unknown plan', ['run', 'study.yaml', '--parallel', 'all'], /Allowed choices are auto, runs, clients, inline/],
    ['an unknown shell', ['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
    ['a study that is not there', ['validate', 'nowhere.yaml'], /the study 'nowhere.yaml' cannot be read: ENOENT/],
    ['--set without a value', ['validate', 'study.yaml', '--set', 'rounds'], /--set expects path=value; got 'rounds'/],
    [
      '--set with nothing',
      ['validate', 'study.yaml', '--set', 'rounds='],
      /--set rounds= expects a value, such as rounds=10 .*got nothing/,
    ],
    [
      '--set of seeds',
      ['validate', 'study.yaml', '--set', 'seeds=0..4'],
      /`seeds` belongs to the study around it: write it in study\.yaml/,
    ],
    ['--set with broken YAML', ['validate', 'study.yaml', '--set', 'attack={name: '], /--set attack:1:\d+: /],
    ['--set on a prototype', ['validate', 'study.yaml', '--set', '__proto__.rounds=1'], /'__proto__.rounds' is no path/],
    ['--set with a prototype inside', ['validate', 'study.yaml', '--set', 'attack={__proto__: {name: none}}'], /__proto__/],
    ['a wrong value', ['validate', 'study.yaml', '--set', 'rounds=-1'], /rounds: .*got -1/],
    ['a module that is not there', ['validate', 'study.yaml', '--strategies', 'mine.ts'], /mine\.ts/],
    ['results in a file', ['run', 'study.yaml', '--results', 'study.yaml'], /study\.yaml/],
  ];
  it.concurrent.each(refused)('refuses %s', async (_what, args, message) => {
    expect(expectRefusal(await marinade(args, here), 2)).toMatch(message);
  });

  it('points at the place in the study', async () => {
    const text = smallStudy.replace('coordinate-median', 'cordinate-median').replace('byzantine: 2 }', 'byzantine: 2, byzantines: 3 }');
    const said = expectRefusal(await marinade(['run', writeStudy(folder, text, 'wrong.yaml')], here), 2);
    expect(said).toMatch(/wrong\.yaml:4:\d+: clients: unknown key 'byzantines'; did you mean 'byzantine'\?/);
    expect(said).toMatch(/wrong\.yaml:7:\d+: aggregator\.name: .*did you mean 'coordinate-median'\?/);
    expect(said).toContain('    clients: { total: 8, byzantine: 2, byzantines: 3 }'.trim());
    expect(existsSync(join(folder, 'marinade-results'))).toBe(false);
  });

  it('points at the data set in the study', async () => {
    const text = smallStudy
      .replace('quadratic, dimension: 6', 'logistic-regression')
      .replace('rounds:', 'data: { name: a8a }\n  rounds:')
      .replace(', clipping-level', '');
    expect(expectRefusal(await marinade(['run', writeStudy(folder, text, 'data.yaml')], here), 2)).toMatch(
      /data\.yaml:9:17: unknown data set 'a8a'/,
    );
  });

  it('shows no control characters of a study', async () => {
    const text = smallStudy.replace('study: small', 'study: "\\e[31msmall\\a"');
    const said = expectRefusal(await marinade(['validate', writeStudy(folder, text, 'escape.yaml')], here), 2);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(said).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  });

  it('refuses nonsense: empty, binary, deep, huge', async () => {
    const nonsense = ['', '\u0000\u0001\u0002', '[[[['.repeat(5000), `study: ${'x'.repeat(1_100_000)}`];
    for (const [i, text] of nonsense.entries()) {
      expect(expectRefusal(await marinade(['validate', '-'], { ...here, input: text }), 2), `nonsense ${i}`).toMatch(
        /^MARINADE_CONFIG_INVALID: <stdin>:\d+:\d+: /,
      );
    }
  });
});

describe('exit code 3: some runs failed', () => {
  it('tells the failure of each run, and records it', async () => {
    const cwd = temporaryFolder();
    const text = smallStudy
      .replace('coordinate-median', 'failing')
      .replace('seeds: 0..2', 'seeds: 0')
      .replace(/parameters:\n.*\n/, '');
    const args = ['run', writeStudy(cwd, text), '--strategies', failing, '--json'];
    const ended = await marinade(args, { cwd });
    expect(ended.status).toBe(3);
    expect(ended.stderr).toMatch(/failed [0-9a-f]{12}: MARINADE_EXECUTION_FAILED: three is too many/);
    const [run] = (JSON.parse(ended.stdout) as { runs: { outcome: string; resultHash: null }[] }).runs;
    expect(run).toMatchObject({ outcome: 'failed', resultHash: null });
  });
});

describe('exit code 5: owned by another', () => {
  it('names the owner of a results folder', async () => {
    const cwd = temporaryFolder();
    const study = writeStudy(cwd, smallStudy.replace('rounds: 200', 'rounds: 100000000'));
    const owner = start(['run', study, '--threads', '1'], { cwd });
    await eventually(() => existsSync(join(cwd, 'marinade-results/owner.json')), 'the owner');
    const second = await marinade(['run', study], { cwd });
    const doctor = await marinade(['doctor', '--json'], { cwd });
    owner.child.kill('SIGINT');
    expect(expectRefusal(second, 5)).toMatch(new RegExp(`^MARINADE_STORAGE_OWNED: .* is owned by process ${owner.child.pid} `));
    const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; status: string; message: string }[] };
    expect(checks.find(({ name }) => name === 'ledger')).toMatchObject({ status: 'warning' });
    expect((await owner.ended).status).toBe(130);
  });
});

describe('exit code 7: data', () => {
  const onData = (data: string): string =>
    smallStudy
      .replace('quadratic, dimension: 6', 'logistic-regression, l2: 0.1')
      .replace('rounds:', `data: { ${data} }\n  rounds:`)
      .replace('rounds: 200', 'rounds: 5');

  it('says which file is missing, its hash and where to put it', async () => {
    const said = expectRefusal(await marinade(['run', writeStudy(folder, onData('name: mushrooms'), 'm.yaml')], here), 7);
    expect(said).toContain("data set 'mushrooms': the file 'mushrooms' was not found");
    expect(said).toContain('sha256 881c79cc993e7ea423d1ac3488877f26f0a86d5c88484b06029bbce75a7a674b');
    expect(said).toMatch(/--data-dir or MARINADE_DATA_DIR/);
    expect(said).toContain(join(folder, 'cache', 'marinade'));
  });

  it('says what is wrong with a file that is not the registered one, and with one that cannot be parsed', async () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    writeFileSync(join(data, 'mushrooms'), '1 1:1\n');
    const other = await marinade(['run', writeStudy(folder, onData('name: mushrooms'), 'm.yaml'), '--data-dir', data], here);
    expect(expectRefusal(other, 7)).toMatch(/^MARINADE_DATA_CHECKSUM: .*mushrooms/);
    writeFileSync(join(data, 'own.libsvm'), '1 1:1 2:0.5\n-1 1:zero\n');
    const broken = await marinade(['plan', writeStudy(folder, onData('file: data/own.libsvm'), 'own.yaml')], here);
    expect(expectRefusal(broken, 7)).toMatch(/^MARINADE_DATA_MALFORMED: .*own\.libsvm.*\b17\b/);
  });

  it('runs on the stand-in only where the study allows it, says so and records it', async () => {
    const cwd = temporaryFolder();
    const text = onData('name: mushrooms, fallback: synthetic-adult')
      .replace('seeds: 0..2', 'seeds: 0')
      .replace(/parameters:\n.*\n/, '');
    const ended = await marinade(['run', writeStudy(cwd, text.replace('optimality-gap, ', 'loss, ')), '--report'], { cwd });
    expect(ended.status).toBe(0);
    expect(ended.stderr).toMatch(/expected {3}879711 bytes .*\n +looked in .*\n +to do {6}put 'mushrooms'/);
    const note = "data set 'mushrooms' was not found; these runs are on synthetic-adult, a seeded stand-in of its shape";
    expect(ended.stderr).toContain(note);
    const key = (await marinade(['show', 'small', '-q'], { cwd })).stdout.trim();
    const shown = (await marinade(['show', key], { cwd })).stdout;
    expect(shown).toContain(note);
    expect(shown).toMatch(/"data": \{\s+"name": "synthetic-adult",\s+"normalize": "none"\s+\}/);
    expect(readFileSync(join(cwd, 'marinade-results/reports/small/report.html'), 'utf8')).toContain('stand-in of its shape');
  });
});

describe('exit code 1: storage', () => {
  it('tells a damaged ledger without a stack', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'marinade-results'));
    writeFileSync(join(cwd, 'marinade-results/ledger.sqlite'), 'this is no database, whatever its name says');
    expect(expectRefusal(await marinade(['list'], { cwd }), 1)).toMatch(/^MARINADE_STORAGE_LEDGER: /);
  });

  it('says when a file cannot be written', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'file'), '');
    expect(expectRefusal(await marinade(['init', 'file/study.yaml'], { cwd }), 2)).toMatch(
      /^MARINADE_CONFIG_FOLDER: .*file\/.*cannot be written: (ENOTDIR|EEXIST)/,
    );
  });
});

describe('exit codes', () => {
  it('are those of the documented table', () => {
    expect([...new Set(Object.values(errorCodes).map(({ exit }) => exit))].sort()).toEqual([1, 2, 4, 5, 7]);
  });
});
