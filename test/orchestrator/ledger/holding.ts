/**
 * A process that owns a ledger, its checkpoints in files, with open attempts until it is killed. Commits run `moved` up to the given round.
 *
 * Usage: holding.ts <folder> <round>
 */
import { openLedger } from '../../../src/orchestrator/ledger/open-ledger.ts';
import { jobResult } from './runs.ts';

const [folder = '', round = '-1'] = process.argv.slice(2);
const ledger = await openLedger(folder, { filesFrom: 0 });
if (Number(round) >= 0) {
  const { fence } = await ledger.beginAttempt('moved', 'w');
  await ledger.beginAttempt('stuck', 'w');
  await ledger.commitRoundJob(fence, jobResult('moved', (await ledger.run('moved'))!.committedRound, Number(round)));
}
process.stdout.write('holding\n');
process.stdin.resume();
