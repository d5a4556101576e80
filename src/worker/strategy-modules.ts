/**
 * Users' strategies: local modules named on the command line, never in a study. A module exports
 * `strategies = { aggregators: [...], attacks: [...], ... }`, the definitions made with `defineAggregator` and so on.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Catalog, catalog, createCatalog, type UserStrategies } from '../algorithm/catalog.ts';
import { MarinadeError } from '../shared/errors.ts';

/** The catalog with the modules' strategies added. */
export async function loadCatalog(modules: readonly string[]): Promise<Catalog> {
  if (modules.length === 0) return catalog;
  const loaded = await Promise.all(
    modules.map(async (path) => {
      try {
        const { strategies } = (await import(pathToFileURL(path).href)) as { strategies?: UserStrategies };
        if (typeof strategies !== 'object' || strategies === null) throw new Error("it exports no object called 'strategies'");
        return strategies;
      } catch (cause) {
        throw new MarinadeError(
          'MARINADE_CONFIG_STRATEGY_MODULE',
          `${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
          { path },
          cause,
        );
      }
    }),
  );
  return createCatalog(...loaded);
}

/** Content hashes of the modules: part of every run key. */
export function hashStrategyModules(modules: readonly string[]): string[] {
  return modules.map((path) => {
    try {
      return createHash('sha256').update(readFileSync(path)).digest('hex');
    } catch (cause) {
      throw new MarinadeError('MARINADE_CONFIG_STRATEGY_MODULE', `${path} cannot be read`, { path }, cause);
    }
  });
}
