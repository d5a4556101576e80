/**
 * The package as a user has it: packed, installed with npm in an empty folder, used without data and without network.
 * Needs the registry (or npm's cache) for the dependencies.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oldNode } from '../support/old-node.ts';
import { programOf } from '../support/readme.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MINUTE = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'marinade-package-'));
const user = join(folder, 'user');

/** The machine's own folders, after the Node given: nothing of the checkout's tools. */
function environment(node: string, extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'));
  const { MARINADE_DATA_DIR: _data, NODE_OPTIONS: _options, ...rest } = process.env;
  const inherited = Object.fromEntries(Object.entries(rest).filter(([name]) => !/^(npm_|VITEST|NODE_ENV$)/.test(name)));
  return { ...inherited, PATH: [dirname(node), ...path].join(delimiter), ...extra };
}

function run(command: string, parameters: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
  const { status, stdout, stderr, error } = spawnSync(command, parameters, { cwd, env, encoding: 'utf8', timeout: 3 * MINUTE });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** The installed command line, with a home and a cache of its own and no network. */
const marinade = (node: string, ...parameters: readonly string[]) =>
  run(
    'npx',
    ['--no-install', 'marinade', ...parameters],
    user,
    environment(node, { HOME: user, XDG_CACHE_HOME: join(user, 'cache'), MARINADE_OFFLINE: '1', npm_config_update_notifier: 'false' }),
  );

const manifest = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8'));

describe('the packed package in an empty folder', () => {
  beforeAll(() => {
    mkdirSync(user);
    writeFileSync(join(user, 'package.json'), '{ "name": "user", "private": true, "type": "module" }');
    const packed = run('npm', ['pack', '--pack-destination', folder, '--loglevel=error'], root, environment(process.execPath));
    expect(packed, 'npm pack').toMatchObject({ status: 0 });
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', join(folder, tarball)];
    expect(run('npm', install, user, environment(process.execPath)), 'npm install').toMatchObject({ status: 0 });
  }, 5 * MINUTE);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('brings no Node of its own and says which it needs', () => {
    const installed = manifest(join(user, 'node_modules', 'marinade', 'package.json'));
    expect(installed).toMatchObject({ engines: { node: '>=24.15' } });
    expect(installed).not.toHaveProperty('optionalDependencies');
    expect(existsSync(join(user, 'node_modules', '.bin', 'node'))).toBe(false);
  });

  it('holds what is run and read, and nothing of the sources or tests', () => {
    const names = readdirSync(join(user, 'node_modules', 'marinade'));
    expect(names.sort()).toEqual([
      'CHANGELOG.md',
      'CITATION.cff',
      'LICENSE',
      'README.md',
      'assets',
      'bin',
      'dist',
      'package.json',
      'schema',
      'studies',
    ]);
  });

  it('shows its help', () => {
    const { status, stdout, stderr } = marinade(process.execPath, '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: marinade /);
  });

  it(
    'runs the quickstart on the stand-in, says so, and writes the report',
    () => {
      const study = join('node_modules', 'marinade', 'studies', 'quickstart.yaml');
      const { status, stdout, stderr } = marinade(process.execPath, 'run', study, '--report');
      expect(status, stderr).toBe(0);
      expect(stderr).toContain('synthetic-adult');
      const report = /report: (\S+\.html)/.exec(stderr)?.[1];
      expect(report, stderr).toBeDefined();
      expect(existsSync(join(user, report!))).toBe(true);
      expect(stdout).toContain('quickstart');
    },
    3 * MINUTE,
  );

  it('can be imported as a library, with types', () => {
    const program =
      "import { aggregate } from 'marinade';\n" +
      "const sum: Float64Array = aggregate({ aggregator: { name: 'mean' }, messages: [Float64Array.of(1), Float64Array.of(3)], toleratedByzantine: 0 });\n" +
      'process.stdout.write(String(sum[0]));\n';
    writeFileSync(join(user, 'library.mts'), program);
    const { stdout } = run(process.execPath, ['library.mts'], user, environment(process.execPath));
    expect(stdout).toBe('2');
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'esnext',
      '--types',
      'node',
      '--typeRoots',
      join(root, 'node_modules', '@types'),
    ];
    const checked = run(join(root, 'node_modules', '.bin', 'tsc'), [...options, 'library.mts'], user, environment(process.execPath));
    expect(checked).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('runs a study with a rule of the user, which needs no package beside this one', () => {
    writeFileSync(join(user, 'my-rules.ts'), programOf('my-rules.ts'));
    expect(marinade(process.execPath, 'init').status).toBe(0);
    const given = ['--strategies', './my-rules.ts', '--set', 'aggregator.name=midrange', '--set', 'rounds=100'];
    const { status, stdout, stderr } = marinade(process.execPath, 'run', 'study.yaml', ...given);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('3 completed');
  });

  it.skipIf(oldNode === undefined)('says what it needs under an old Node', () => {
    const { status, stderr } = marinade(oldNode!, '--help');
    expect(status).toBe(2);
    expect(stderr).toContain('MARINADE_CONFIG_NODE_VERSION: marinade needs Node 24.15 or later');
  });
});
