/** What counts as installed, and what the first start says where it cannot install. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/ensure-installed.mjs', import.meta.url));
const { whatIsMissing } = (await import(pathToFileURL(script).href)) as { whatIsMissing: (folder: string) => string | undefined };

const entry = (version: string) => ({ version, integrity: `sha512-${version}` });

describe('what is missing', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'marinade-set-up-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function lock(packages: object): void {
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: { '': { name: 'marinade' }, ...packages } }));
  }

  /** What npm leaves: its own record, and the folders. */
  function install(packages: object): void {
    for (const path of Object.keys(packages)) {
      mkdirSync(join(folder, path), { recursive: true });
      writeFileSync(join(folder, path, 'package.json'), '{}');
    }
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));
  }

  it('is nothing when the installed packages are those of the lock file', () => {
    const packages = { 'node_modules/zod': entry('4.6.7'), 'node_modules/yaml': entry('2.9.1') };
    lock(packages);
    install(packages);
    expect(whatIsMissing(folder)).toBeUndefined();
  });

  it('is everything before the first installation, or after one that was cut off', () => {
    lock({ 'node_modules/zod': entry('4.6.7') });
    expect(whatIsMissing(folder)).toBe('no packages are installed');
  });

  it('is a package that the lock file has and the folder has not', () => {
    lock({ 'node_modules/zod': entry('4.6.7'), 'node_modules/yaml': entry('2.9.1') });
    install({ 'node_modules/zod': entry('4.6.7') });
    expect(whatIsMissing(folder)).toBe('node_modules/yaml is not installed');
  });

  it('is a package of another version, or whose folder is gone', () => {
    lock({ 'node_modules/zod': entry('4.6.8') });
    install({ 'node_modules/zod': entry('4.6.7') });
    expect(whatIsMissing(folder)).toBe('node_modules/zod is not version 4.6.8');
    lock({ 'node_modules/zod': entry('4.6.7') });
    rmSync(join(folder, 'node_modules', 'zod'), { recursive: true });
    expect(whatIsMissing(folder)).toBe('node_modules/zod is gone');
  });

  it('is no package for other machines, but the pinned Node for this one', () => {
    const node = { ...entry('26.10.0'), optional: true };
    const here = { ...node, os: process.platform, cpu: process.arch };
    lock({
      'tools/node': { optionalDependencies: { 'node-here': '26.10.0', 'node-there': '26.10.0' } },
      'node_modules/node-there': { ...node, os: ['aix'], cpu: ['s390x'] },
      'node_modules/node-here': here,
      'node_modules/accelerator': { ...node, os: [`!aix`] },
    });
    install({ 'node_modules/node-here': here });
    expect(whatIsMissing(folder)).toBeUndefined();
    install({});
    expect(whatIsMissing(folder)).toBe('node_modules/node-here is not installed');
  });

  it('cannot be fetched without a network: the message says so and what to do', () => {
    mkdirSync(join(folder, 'scripts'));
    cpSync(script, join(folder, 'scripts', 'ensure-installed.mjs'));
    const missing = { name: 'marinade', version: '0.1.0', dependencies: { zod: '4.6.7' } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(missing));
    const packages = { '': missing, 'node_modules/zod': { version: '4.6.7' } };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ name: 'marinade', lockfileVersion: 3, requires: true, packages }));
    // Port 1 of this machine refuses; nothing is cached in a new folder.
    const settings = { npm_config_registry: 'http://127.0.0.1:1/', npm_config_cache: join(folder, 'cache'), npm_config_fetch_retries: '0' };
    const { status, stderr } = spawnSync(process.execPath, [join(folder, 'scripts', 'ensure-installed.mjs')], {
      encoding: 'utf8',
      env: { ...process.env, ...settings },
      timeout: 50_000,
    });
    expect(status).toBe(1);
    expect(stderr).toContain('marinade cannot be set up: the package registry cannot be reached (ECONNREFUSED)');
    expect(stderr).toContain('npm config list');
  });
});
