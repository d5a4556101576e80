/** A process that loads a data file again and again and prints its identity and a sum of its values each time. */
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import { loadDataset } from '../../../src/worker/data/load.ts';

const [file, times] = process.argv.slice(2) as [string, string];
for (let i = 0; i < Number(times); i++) {
  const spec = { file, format: 'libsvm', targets: 'classes', normalize: 'none' } as const;
  const { data, sha256 } = await loadDataset(spec, { arena: plainArena() });
  const sum = data.columnOf.reduce((total, column) => total + column, 0);
  process.stdout.write(`${sha256} ${sum}\n`);
}
