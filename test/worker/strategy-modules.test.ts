import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalog } from '../../src/algorithm/catalog.ts';
import { codeOf } from '../../src/shared/errors.ts';
import { hashStrategyModules, loadCatalog } from '../../src/worker/strategy-modules.ts';
import { failureOf, temporaryFolder } from '../orchestrator/ledger/support.ts';
import { harmful } from './support.ts';

function moduleOf(text: string): string {
  const path = join(temporaryFolder(), 'strategies.mjs');
  writeFileSync(path, text);
  return path;
}

describe("users' strategy modules", () => {
  test('their definitions are in the catalog beside the built-in ones, which stay as they are', async () => {
    const loaded = await loadCatalog([harmful]);
    expect(loaded.aggregators.has('harmful-mean')).toBe(true);
    expect(loaded.methods.has('harmful-descent')).toBe(true);
    expect(loaded.aggregators.names).toEqual([...catalog.aggregators.names, 'harmful-mean']);
    expect(catalog.aggregators.has('harmful-mean')).toBe(false);
    expect(await loadCatalog([])).toBe(catalog);
  });

  test.each([
    ['that is not there', '/nowhere/strategies.mjs', 'MARINADE_CONFIG_STRATEGY_MODULE', '/nowhere/strategies.mjs'],
    ['that is no JavaScript', moduleLater('export const strategies = {'), 'MARINADE_CONFIG_STRATEGY_MODULE', 'strategies.mjs'],
    ['that throws', moduleLater("throw new Error('not today')"), 'MARINADE_CONFIG_STRATEGY_MODULE', 'not today'],
    [
      'that exports nothing of the kind',
      moduleLater('export const rules = {}'),
      'MARINADE_CONFIG_STRATEGY_MODULE',
      "exports no object called 'strategies'",
    ],
  ])('a module %s is refused by its name', async (_, make, code, message) => {
    const failure = await failureOf(loadCatalog([typeof make === 'function' ? make() : make]));
    expect(codeOf(failure)).toBe(code);
    expect(failure.message).toContain(message);
  });

  test('a name that exists already is refused', async () => {
    const path = moduleOf(`import { catalog } from ${JSON.stringify(new URL('../../src/algorithm/catalog.ts', import.meta.url).href)};
export const strategies = { aggregators: [catalog.aggregators.get('mean')] };`);
    expect(codeOf(await failureOf(loadCatalog([path])))).toBe('MARINADE_CONFIG_DUPLICATE_STRATEGY');
  });

  test('they are hashed by their bytes, in order', () => {
    const [one, two] = [moduleOf('export const strategies = {};'), moduleOf('export const strategies = { };')];
    const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(hashStrategyModules([one, two])).toEqual([sha256(one), sha256(two)]);
    expect(() => hashStrategyModules(['/nowhere/strategies.mjs'])).toThrow(/cannot be read/);
  });
});

/** A module made when its test runs. */
function moduleLater(text: string): () => string {
  return () => moduleOf(text);
}
