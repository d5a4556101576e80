/** A small logistic problem (30 rows, 6 columns) for tests that look at every number; made by fixtures/byz-vr-marina-pp.py. */
import { fileURLToPath } from 'node:url';

export const tinyFile = fileURLToPath(new URL('../fixtures/tiny.libsvm', import.meta.url));

/** An experiment on it, as `simulate` takes it: 5 honest clients with 6 rows each, 3 liars. */
export const tiny = {
  problem: { name: 'logistic-regression', l2: 0.05 },
  data: { file: tinyFile, dimension: 6 },
  partition: { name: 'explicit', rows: [0, 1, 2, 3, 4].map((i) => Array.from({ length: 6 }, (_, j) => i + 5 * j)) },
  clients: { total: 8, byzantine: 3 },
};
