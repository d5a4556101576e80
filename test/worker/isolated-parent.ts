/** A process that executes an endless job in an isolated child, and says the child's process id once that computes. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { IsolatedExecutor } from '../../src/worker/isolated.ts';
import { harmful, harmfulStudy, jobOf, runsOf } from './support.ts';

const [run] = await runsOf(harmfulStudy('client', 'dawdle', 5, { rounds: 1_000_000 }), [harmful]);
void new IsolatedExecutor({ data: { offline: true }, strategyModules: [harmful] }).execute(jobOf(run!));
const [child] = execFileSync('ps', ['-o', 'pid=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  .trim()
  .split(/\s+/);
while (!existsSync(process.env['HARMFUL_MARK']!)) await pause(10);
process.stdout.write(`${child}\n`);
