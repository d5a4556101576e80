/** README.md is true: its study is the quickstart, its table what that prints, its programs and commands run as they stand. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { environment, marinade, smallStudy, temporaryFolder } from '../cli/harness.ts';
import { dataDirectory } from '../support/data.ts';
import { blocksOf, programOf } from '../support/readme.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const library = join(root, 'src', 'index.ts');
const quickstart = join(root, 'studies', 'quickstart.yaml');

/** Lines of a shell block without what explains them. */
const commandsOf = (block: string): string[] =>
  block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '');

describe('README.md', () => {
  it('explains the quickstart line by line', () => {
    const { description: _, ...study } = parse(readFileSync(quickstart, 'utf8')) as Record<string, unknown>;
    expect(parse(blocksOf('yaml')[0]!)).toEqual(study);
  });

  it.skipIf(dataDirectory() === undefined)('shows the table that the quickstart prints', async () => {
    const cwd = temporaryFolder();
    const { status, stdout } = await marinade(['run', quickstart, '--data-dir', dataDirectory()!], { cwd, limitMs: 60_000 });
    expect(status).toBe(0);
    expect(blocksOf('text')[0]).toContain(stdout);
  });

  it('has a program that runs from a checkout', () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'try.ts'), programOf('try.ts', library));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['try.ts'], { cwd, env: environment(cwd), encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Float64Array\(2\) \[ 1, 1 \]\ncompleted [0-9a-f]{64} 0\.\d+\n$/);
  });

  it('has a rule that a study uses from a folder without any package', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'my-rules.ts'), programOf('my-rules.ts', library));
    writeFileSync(join(cwd, 'study.yaml'), smallStudy);
    const given = ['--strategies', './my-rules.ts', '--set', 'aggregator.name=midrange'];
    const { status, stderr } = await marinade(['run', 'study.yaml', ...given], { cwd });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('midrange survives no byzantine row; got f = ') });
    const wrong = await marinade(['validate', 'study.yaml', ...given, '--set', 'aggregator.weight=2'], { cwd });
    expect({ status: wrong.status, named: wrong.stderr.includes('aggregator.weight') }).toEqual({ status: 2, named: true });
  });

  it('has commands for a study of one’s own that work one after the other', async () => {
    const cwd = temporaryFolder();
    const commands = blocksOf('sh')
      .map(commandsOf)
      .find(([first]) => first === 'marinade init')!;
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands) {
      const { status, stderr } = await marinade(command.split(' ').slice(1), { cwd });
      expect({ command, status, stderr: status === 0 ? '' : stderr }).toEqual({ command, status: 0, stderr: '' });
    }
    expect(existsSync(join(cwd, 'marinade-results', 'reports', 'my-first-study', 'report.html'))).toBe(true);
    expect(existsSync(join(cwd, 'marinade-export', 'metrics.csv'))).toBe(true);
  });

  it('names commands that exist, with options they have', async () => {
    const cwd = temporaryFolder();
    const commands = blocksOf('sh')
      .flatMap(commandsOf)
      .filter((command) => command.startsWith('marinade '));
    const inProse = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/`(marinade [a-z]+[^`<]*)`/g)].map(
      ([, command]) => command!,
    );
    expect(inProse.length).toBeGreaterThan(3);
    for (const command of [...commands, ...inProse]) {
      const [, verb, ...rest] = command.split(' ');
      const { status, stdout } = await marinade([verb!, '--help'], { cwd });
      expect({ command, status, help: stdout }).toEqual({
        command,
        status: 0,
        help: expect.stringMatching(new RegExp(`^Usage: marinade ${verb}\\b`)),
      });
      for (const option of rest.filter((word) => word.startsWith('--')))
        expect({ command, help: stdout }).toEqual({ command, help: expect.stringContaining(option) });
    }
  });

  it('links to files that exist', () => {
    for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/glossary.md', 'docs/operations.md']) {
      const text = readFileSync(join(root, page), 'utf8');
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) => link!);
      expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
    }
  });
});

describe('npm run marinade', () => {
  it('works in the folder it is called from', () => {
    const home = temporaryFolder();
    const cwd = join(root, 'studies');
    const { status, stdout } = spawnSync('npm', ['run', '--silent', 'marinade', '--', 'validate', 'quickstart.yaml'], {
      cwd,
      env: environment(home),
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'quickstart: 3 cells x 3 seeds = 9 runs\n' });
  });
});
