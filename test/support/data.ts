/** Where the real data sets are, for tests that need them; they are never part of the repository. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

let told = false;

/**
 * The folder with the data sets: MARINADE_DATA_DIR, else `../shared/datasets` beside the repository. Where there is
 * none it says so once, and tests skip: `describe.skipIf(dataDirectory() === undefined)(...)`.
 */
export function dataDirectory(): string | undefined {
  const beside = fileURLToPath(new URL('../../../shared/datasets', import.meta.url));
  const candidates = [process.env['MARINADE_DATA_DIR'], beside].filter((path) => path !== undefined && path !== '');
  const found = candidates.find((path) => existsSync(path!));
  if (found === undefined && !told) {
    told = true;
    process.stderr.write(`skipped: tests on real data; no folder ${candidates.join(' or ')} (set MARINADE_DATA_DIR)\n`);
  }
  return found;
}
