/** Every kind of strategy can be begun by the script, in a copy of what it reads; what it writes has types. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const kinds = {
  aggregator: 'aggregators',
  'pre-aggregator': 'pre-aggregators',
  attack: 'attacks',
  clipping: 'clipping',
  compressor: 'compressors',
  method: 'methods',
  participation: 'participation',
  partition: 'partitioners',
  problem: 'problems',
} as const;

describe('npm run new-strategy', () => {
  let checkout = '';

  beforeAll(() => {
    checkout = mkdtempSync(join(tmpdir(), 'marinade-new-'));
    mkdirSync(join(checkout, 'scripts'));
    cpSync(join(root, 'scripts', 'new-strategy.ts'), join(checkout, 'scripts', 'new-strategy.ts'));
    for (const layer of ['shared', 'algorithm']) cpSync(join(root, 'src', layer), join(checkout, 'src', layer), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
    cpSync(join(root, 'package.json'), join(checkout, 'package.json'));
    cpSync(join(root, 'tsconfig.json'), join(checkout, 'tsconfig.json'));
  });
  afterAll(() => rmSync(checkout, { recursive: true, force: true }));

  const start = (...parameters: readonly string[]) =>
    spawnSync(process.execPath, ['scripts/new-strategy.ts', ...parameters], { cwd: checkout, encoding: 'utf8', timeout: 30_000 });

  it('writes a strategy of every kind that has types once it stands in its list, and says what to do next', () => {
    for (const [kind, folder] of Object.entries(kinds)) {
      const { status, stdout } = start(kind, 'my-own');
      expect({ kind, status }).toEqual({ kind, status: 0 });
      expect(stdout).toContain(`src/algorithm/${folder}/index.ts`);
      const written = readFileSync(join(checkout, 'src', 'algorithm', folder, 'my-own.ts'), 'utf8');
      expect(written).toMatch(/^export const myOwn = define\w+\(\{\n {2}name: 'my-own',/m);
      expect(written.match(/^export /gm)).toHaveLength(1);
      // Nothing that is true of the strategy it was copied from alone: no source, no message in its name.
      const simplest = /^ \* My own: what ([a-z-]+) does, until its formula is written here and below\.$/m.exec(written)?.[1];
      expect(written).toMatch(/^ \* @source {4}none yet$/m);
      expect(written).toContain("source: { cite: 'none yet' }");
      expect(written).not.toMatch(new RegExp(`['"\`]${simplest}\\b`));
      const list = join(checkout, 'src', 'algorithm', folder, 'index.ts');
      const registered = readFileSync(list, 'utf8').replace(/\n\nexport|\nimport/, "\nimport { myOwn } from './my-own.ts';$&");
      writeFileSync(list, registered.replace(/(createRegistry\(\s*'[^']+',\s*\[|\bbuiltIn\b[^=\n]*= \[)/, '$1myOwn, '));
    }
    const types = spawnSync('tsc', ['--noEmit'], {
      cwd: checkout,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${root}/node_modules/.bin:${process.env['PATH']}` },
    });
    expect(types.stdout).toBe('');
    const names = spawnSync(
      process.execPath,
      [
        '-e',
        "const { catalog } = await import('./src/algorithm/catalog.ts'); process.stdout.write(String(Object.values(catalog).filter((r) => r.has('my-own')).length))",
      ],
      {
        cwd: checkout,
        encoding: 'utf8',
      },
    );
    expect(names.stdout).toBe(String(Object.keys(kinds).length));
  });

  it('tells an aggregator the shape of its messages, and that it may not write them', () => {
    expect(start('aggregator', 'shown').status).toBe(0);
    const text = readFileSync(join(checkout, 'src/algorithm/aggregators/shown.ts'), 'utf8').replace(/\n \* /g, ' ');
    expect(text).toContain('views of messages.matrix, n x d, row-major: coordinate j of row i is matrix[i * d + j]');
    expect(text).toContain('in the memory that the threads of a run share');
    expect(text).toContain('`shown survives no byzantine row;');
  });

  it('prints the steps of CONTRIBUTING.md, word for word', () => {
    const [, ...steps] = start('aggregator', 'my-rule').stdout.trimEnd().split('\n');
    const [, ...documented] = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').match(/^\d\. .*$/gm)!;
    expect(steps).toEqual(documented);
    expect(steps).toHaveLength(4);
  });

  it.each([
    [[], 'expected a kind'],
    [['aggregators', 'my-rule'], 'expected a kind'],
    [['aggregator', 'MyRule'], "kebab-case, as the paper calls it; got 'MyRule'"],
    [['aggregator', 'krum'], 'src/algorithm/aggregators/krum.ts exists already'],
  ])('refuses %j', (parameters, message) => {
    const { status, stderr } = start(...parameters);
    expect({ status, said: stderr.includes(message) }).toEqual({ status: 2, said: true });
  });
});
