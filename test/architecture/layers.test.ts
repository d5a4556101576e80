/** Imports go only toward `shared`, and the mathematics is pure. What finds a breach is itself tried on planted ones. */
import { describe, expect, it } from 'vitest';
import { breaches, importsOf } from './layers.ts';
import { sourcesIn } from './sources.ts';

const planted = (path: string, text: string): string[] => breaches([{ path, text }]);

describe('the layers', () => {
  const files = sourcesIn('src');

  it('are read: hundreds of files, each layer among them, with the imports they have', () => {
    expect(files.length).toBeGreaterThan(150);
    expect(files.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(2 * files.length);
  });

  it('import only toward shared; the mathematics knows no clock, chance, file, thread or promise', () => {
    expect(breaches(files)).toEqual([]);
  });
});

describe('a planted breach', () => {
  it.each([
    ['src/algorithm/methods/sgd.ts', "import { pool } from '../../worker/pool.ts';", 'algorithm imports src/worker/pool.ts'],
    [
      'src/worker/pool.ts',
      "import type { Plan } from '../orchestrator/plan/plan-study.ts';",
      'worker imports src/orchestrator/plan/plan-study.ts',
    ],
    ['src/orchestrator/core.ts', "export { x } from '../worker/pool.ts';", 'orchestrator imports src/worker/pool.ts'],
    ['src/orchestrator/core.ts', "const x = await import('../cli/wire.ts');", 'orchestrator imports src/cli/wire.ts'],
    ['src/shared/hash.ts', "import '../algorithm/catalog.ts';", 'shared imports src/algorithm/catalog.ts'],
    ['src/shared/hash.ts', "import { simulate } from '../simulate.ts';", 'shared imports src/simulate.ts'],
    ['src/shared/hash.ts', "import pino from 'pino';", 'shared imports pino'],
    [
      'src/figures/svg.ts',
      "new Worker(new URL('../worker/thread-entry.ts', import.meta.url))",
      'figures imports src/worker/thread-entry.ts',
    ],
    ['src/simulate.ts', "import { main } from './cli/main.ts';", 'library imports src/cli/main.ts'],
    ['src/worker/pool.ts', "import { tiny } from '../../test/support/tiny.ts';", 'worker imports test/support/tiny.ts'],
    ['src/algorithm/metrics.ts', "import { readFileSync } from 'node:fs';", 'algorithm imports node:fs'],
    ['src/algorithm/metrics.ts', 'const now = Date.now();', 'algorithm uses Date'],
    ['src/algorithm/metrics.ts', 'const u = Math.random();', 'algorithm uses Math.random'],
    ['src/algorithm/metrics.ts', 'export async function solve(): Solved {}', 'algorithm uses async'],
    ['src/algorithm/metrics.ts', 'const e = Math.exp(1);', 'algorithm uses Math.exp'],
    ['src/elsewhere/new.ts', '', 'no layer is called elsewhere'],
  ])('in %s is found: %s', (path, text, what) => {
    expect(planted(path, text)).toEqual([`${path}: ${what}`]);
  });

  it('in a comment or a string is none', () => {
    expect(planted('src/algorithm/metrics.ts', "// import x from 'node:fs'\n/* Date */ const word = 'Math.random';")).toEqual([]);
  });
});
