/**
 * A process that claims a folder again and again and says when it held it (monotonic nanoseconds of the machine).
 *
 * Usage: claiming.ts <folder> <times>
 */
import { writeSync } from 'node:fs';
import { ledgerPaths } from '../../../src/orchestrator/ledger/folder.ts';
import { Ownership } from '../../../src/orchestrator/ledger/owner.ts';
import { codeOf } from '../../../src/shared/errors.ts';

const [folder = '', times = '1'] = process.argv.slice(2);
for (let held = 0; held < Number(times); ) {
  try {
    const { ownership } = Ownership.claim(ledgerPaths(folder));
    const from = process.hrtime.bigint();
    held++;
    const until = process.hrtime.bigint();
    ownership.release();
    writeSync(1, `${from} ${until}\n`);
  } catch (thrown) {
    if (codeOf(thrown) !== 'MARINADE_STORAGE_OWNED') throw thrown;
  }
}
