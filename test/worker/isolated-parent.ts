/** A process that executes an endless job in an isolated child, and says the child's process id. */
import { execFileSync } from 'node:child_process';
import { IsolatedExecutor } from '../../src/worker/isolated.ts';
import { harmful, harmfulStudy, jobOf, runsOf } from './support.ts';

const [run] = await runsOf(harmfulStudy('client', 'dawdle', 1, { rounds: 1_000_000 }), [harmful]);
void new IsolatedExecutor({ data: { offline: true }, strategyModules: [harmful] }).execute(jobOf(run!));
const [child] = execFileSync('ps', ['-o', 'pid=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  .trim()
  .split(/\s+/);
// Long enough for the child to be deep in its rounds.
setTimeout(() => process.stdout.write(`${child}\n`), 1500);
