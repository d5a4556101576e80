/** Completion scripts: what a shell offers at a place of the command line, asked of the shells themselves. */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environment, hashesOf, marinade, newFolder, writeStudy } from './harness.ts';

const { folder, remove } = newFolder();
const here = { cwd: folder };
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const scripts: Record<string, string> = {};
let runKey = '';

/** Whether a shell is here; where not, its tests are skipped and say so. */
function has(shell: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v ${shell}`]).status === 0;
  if (!found) process.stderr.write(`skipped: completion in ${shell}, which is not installed\n`);
  return found;
}

beforeAll(async () => {
  const shells = ['bash', 'zsh', 'fish'];
  const [ran, ...printed] = await Promise.all([
    marinade(['run', writeStudy(folder), '--set', 'rounds=10', '--json'], here),
    ...shells.map((shell) => marinade(['completion', shell], here)),
  ]);
  runKey = Object.keys(hashesOf(ran!))[0]!;
  shells.forEach((shell, i) => {
    expect(printed[i]).toMatchObject({ status: 0, stderr: '' });
    scripts[shell] = join(folder, `completion.${shell}`);
    writeFileSync(scripts[shell], printed[i]!.stdout);
  });
  // The scripts call `marinade`.
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/marinade'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(join(folder, 'bin/marinade'), 0o755);
});
afterAll(remove);

const env = (): NodeJS.ProcessEnv => environment(folder, { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` });

describe.skipIf(!has('bash'))('completion in bash', () => {
  /** What bash offers for the last of these words. */
  async function offered(...words: string[]): Promise<string[]> {
    const line = `source '${scripts['bash']}'; COMP_WORDS=(marinade ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _marinade; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', line], { cwd: folder, env: env() });
    return stdout.split('\n').filter((word) => word !== '');
  }

  it('is a script without errors of syntax', () => {
    expect(spawnSync('bash', ['-n', scripts['bash']!], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  it('offers verbs, groups, options and their choices', async () => {
    expect(await offered('')).toEqual(expect.arrayContaining(['init', 'run', 'data', 'completion']));
    expect(await offered('')).not.toContain('__complete');
    expect(await offered('ver')).toEqual(['verify']);
    expect(await offered('data', '')).toEqual(['list', 'path', 'verify', 'fetch']);
    expect(await offered('run', '--thr')).toEqual(['--threads']);
    expect(await offered('run', 'study.yaml', '--parallel', '')).toEqual(['auto', 'runs', 'clients', 'inline']);
    expect(await offered('completion', 'z')).toEqual(['zsh']);
  });

  it('offers files, folders, studies, runs and data sets where they belong', async () => {
    expect(await offered('run', 'stu')).toEqual(['study.yaml']);
    expect(await offered('list', '--results', 'mar')).toEqual(['marinade-results']);
    expect(await offered('show', '')).toEqual(['small']);
    expect(await offered('verify', runKey.slice(0, 5))).toEqual([runKey.slice(0, 16)]);
    expect(await offered('verify', 'sm')).toEqual(['small']);
    expect(await offered('data', 'path', 'mush')).toEqual(['mushrooms']);
  });
});

describe.skipIf(!has('zsh'))('completion in zsh', () => {
  it('is a script without errors of syntax that defines the completion', () => {
    expect(spawnSync('zsh', ['-n', scripts['zsh']!], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    const line = `autoload -Uz compinit && compinit -u -D && source '${scripts['zsh']}' && print -r -- $_comps[marinade]`;
    expect(spawnSync('zsh', ['-f', '-c', line], { encoding: 'utf8', env: env() })).toMatchObject({ status: 0, stdout: '_marinade\n' });
  });

  it('offers verbs, options, choices and studies', () => {
    const offered = (...words: string[]): string[] => {
      const shown = `compadd() { shift; print -rl -- "$@" }; _describe() { print -rl -- \${list%%:*} }; _files() { print files }`;
      const line = `compdef() {}; source '${scripts['zsh']}'; ${shown}; words=(marinade ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=\${#words}; _marinade`;
      const { stdout } = spawnSync('zsh', ['-f', '-c', line], { encoding: 'utf8', cwd: folder, env: env() });
      return stdout.split('\n').filter((word) => word !== '');
    };
    expect(offered('')).toEqual(expect.arrayContaining(['init', 'run', 'data', 'completion']));
    expect(offered('data', '')).toEqual(['list', 'path', 'verify', 'fetch']);
    expect(offered('run', '--')).toEqual(expect.arrayContaining(['--threads', '--json']));
    expect(offered('run', '--parallel', '')).toEqual(['auto', 'runs', 'clients', 'inline']);
    expect(offered('plan', '')).toEqual(['files']);
    expect(offered('show', '')).toEqual(['small']);
  });
});

describe.skipIf(!has('fish'))('completion in fish', () => {
  const offered = (line: string): string[] =>
    spawnSync('fish', ['--no-config', '-c', `source '${scripts['fish']}'; complete -C '${line}'`], {
      encoding: 'utf8',
      cwd: folder,
      env: env(),
    })
      .stdout.split('\n')
      .map((word) => word.split('\t')[0]!)
      .filter((word) => word !== '');

  it('is a script without errors of syntax', () => {
    expect(spawnSync('fish', ['--no-execute', scripts['fish']!], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  it('offers verbs, options, choices and studies', () => {
    expect(offered('marinade ver')).toEqual(['verify']);
    expect(offered('marinade data ').sort()).toEqual(['fetch', 'list', 'path', 'verify']);
    expect(offered('marinade run --para')).toEqual(['--parallel']);
    expect(offered('marinade run --parallel ').sort()).toEqual(['auto', 'clients', 'inline', 'runs']);
    expect(offered('marinade show sm')).toEqual(['small']);
  });
});

describe('marinade __complete', () => {
  it('is silent where nothing can be told', async () => {
    expect(await marinade(['__complete', 'study', '--results', 'nowhere'], here)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});
