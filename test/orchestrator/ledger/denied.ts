/**
 * A process without root's powers that tries to own a folder it may read but not write. Says the code of the refusal,
 * and `readable` when reading works as far as it should.
 *
 * Usage: denied.ts <folder> <what is denied>
 */
import { chmodSync, chownSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openLedgerInline } from '../../../src/orchestrator/ledger/open-ledger.ts';
import { openSqliteReader } from '../../../src/orchestrator/ledger/sqlite-reader.ts';
import { codeOf } from '../../../src/shared/errors.ts';
import { plannedStudy } from './runs.ts';

const nobody = 65534;
const [folder = '', what = ''] = process.argv.slice(2);
const ledger = await openLedgerInline(folder);
await ledger.submit(plannedStudy('s', ['run']));
await ledger.close();

if (process.getuid?.() === 0) {
  for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) chownSync(path, nobody, nobody);
  process.setgid?.(nobody);
  process.setuid?.(nobody);
}
const denied = {
  folder: [folder],
  checkpoints: [join(folder, 'checkpoints')],
  'ledger.sqlite': [join(folder, 'ledger.sqlite')],
  'ledger.sqlite and its folder': [join(folder, 'ledger.sqlite'), folder],
}[what]!;
for (const path of denied) chmodSync(path, path.endsWith('.sqlite') ? 0o444 : 0o555);

try {
  await openLedgerInline(folder);
  writeSync(1, 'opened\n');
} catch (thrown) {
  writeSync(1, `${codeOf(thrown)}\n`);
}
const reader = openSqliteReader(folder);
if (reader.run('run')?.runKey === 'run') writeSync(1, 'readable\n');
reader.close();
