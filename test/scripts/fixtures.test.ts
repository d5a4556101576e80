/** The scripts of test/fixtures compute what is kept beside them, and a failing one leaves it as it is. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));
const scripts = readdirSync(fixtures).filter((name) => name.endsWith('.py'));
const needsNumPy = (name: string): boolean => /^(?:import numpy|from scipy)/m.test(readFileSync(join(fixtures, name), 'utf8'));

const python = (parameters: readonly string[]) => spawnSync('python3', parameters, { encoding: 'utf8', timeout: 60_000 });
const hasPython = python(['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0;
if (!hasPython) process.stderr.write('scripts of golden values are not run: there is no Python 3.9 or later\n');

describe('a script of golden values', () => {
  it.each(scripts.filter((name) => name !== 'golden.py'))('%s says how it is run, and what it needs beside Python', (name) => {
    const text = readFileSync(join(fixtures, name), 'utf8');
    expect(text).toContain(`Run: python3 test/fixtures/${name}`);
    expect(text.includes('requirements.txt')).toBe(needsNumPy(name));
  });
});

describe.skipIf(!hasPython)('a script of golden values, run', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'marinade-fixtures-'));
    cpSync(fixtures, folder, { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(['result-hash', 'run-keys', 'scalar', 'streams'])('%s computes what is kept, byte for byte', (name) => {
    const kept = readFileSync(join(fixtures, `${name}.json`), 'utf8');
    writeFileSync(join(folder, `${name}.json`), '');
    const { status, stderr } = python([join(folder, `${name}.py`)]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, `${name}.json`), 'utf8') === kept).toBe(true);
  });

  it('leaves the kept values as they are where NumPy is missing, and names it', () => {
    writeFileSync(join(folder, 'numpy.py'), 'raise ModuleNotFoundError("No module named \'numpy\'", name="numpy")\n');
    for (const name of scripts.filter(needsNumPy)) {
      const { status, stderr } = python([join(folder, name), folder]);
      expect({ name, status }).toEqual({ name, status: 1 });
      expect(stderr).toContain("No module named 'numpy'");
      const kept = name.replace('.py', '.json');
      expect(readFileSync(join(folder, kept), 'utf8') === readFileSync(join(fixtures, kept), 'utf8')).toBe(true);
    }
    rmSync(join(folder, 'numpy.py'));
  });

  it('stands beside none whose name hides a module of Python', () => {
    const hiding = 'import sys; print([n for n in sys.argv[1:] if n in getattr(sys, "stdlib_module_names", ())])';
    const { stdout } = python(['-c', hiding, ...scripts.map((name) => name.replace('.py', ''))]);
    expect(stdout.trim()).toBe('[]');
  });
});
