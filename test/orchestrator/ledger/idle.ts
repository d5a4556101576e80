/** A process that opens a ledger, asks it something and comes to its end without closing it. */
import { openLedger } from '../../../src/orchestrator/ledger/open-ledger.ts';

const ledger = await openLedger(process.argv[2] ?? '');
await ledger.studies();
process.stdout.write('open\n');
