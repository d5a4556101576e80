/**
 * A process whose ledger thread dies under it while a call waits.
 *
 * Usage: losing.ts <folder> <terminated | crashed>
 */
import { writeSync } from 'node:fs';
import { openLedger } from '../../../src/orchestrator/ledger/open-ledger.ts';
import { codeOf } from '../../../src/shared/errors.ts';

const [folder = '', how = ''] = process.argv.slice(2);
const { Worker } = await import('node:worker_threads');
const started: InstanceType<typeof Worker>[] = [];
process.on('worker', (worker) => started.push(worker));
const ledger = await openLedger(folder);
const outcome = async (name: string, call: Promise<unknown>): Promise<void> => {
  const code = await call.then(() => 'answered', codeOf);
  writeSync(1, `${name}: ${code}\n`);
};
if (how === 'crashed') started[0]!.postMessage(null);
// So many that the thread is still at them when it dies.
const waiting = outcome('waiting', Promise.all(Array.from({ length: 500 }, () => ledger.check())));
if (how === 'terminated') await started[0]!.terminate();
await waiting;
await outcome('later', ledger.studies());
await outcome('closing', ledger.close());
