/**
 * Answers the questions of this folder: `npm run bench`, or `npm run bench -- rounds start` for some of them
 * (`queue` is all whose names begin with it). The load average stands behind every figure: what else ran then blurs it.
 *
 * Both sides of a ratio are interleaved in one run; every value is a median with the smallest and the largest beside
 * it. Ratios on one thread use thread time, so a busy machine blurs them less than it does wall time.
 */
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { dashboard } from './dashboard.ts';
import { memory } from './memory.ts';
import { queueChains, queueOverhead, queueWorkers } from './queue.ts';
import { queueCores, queueFleet } from './queue-fleet.ts';
import { queueRecovery } from './queue-recovery.ts';
import { queueSubmit } from './queue-submit.ts';
import { rounds } from './rounds.ts';
import { rules } from './rules.ts';
import { start } from './start.ts';
import type { Question } from './support/question.ts';
import { sweep } from './sweep.ts';
import { threads } from './threads.ts';

const queue = [queueOverhead, queueChains, queueWorkers, queueSubmit, queueRecovery, queueFleet, queueCores];
const questions: readonly Question[] = [memory, rounds, rules, threads, sweep, start, dashboard, ...queue];

const wanted = process.argv.slice(2);
const isMeant = ({ name }: Question, by: string): boolean => name === by || name.startsWith(`${by}-`);
const unknown = wanted.find((by) => !questions.some((question) => isMeant(question, by)));
if (unknown !== undefined) {
  process.stderr.write(`no question '${unknown}'; expected ${questions.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(
  `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ` +
    `${process.platform} ${release()}, Node ${process.versions.node}, V8 ${process.versions.v8}`,
);
for (const question of questions) {
  if (wanted.length > 0 && !wanted.some((by) => isMeant(question, by))) continue;
  print(`\n${question.name}: ${question.asks}`);
  await question.answer((line) => print(`  ${line} [load ${loadavg()[0]!.toFixed(1)}]`));
}
