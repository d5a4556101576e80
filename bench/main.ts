/**
 * Answers the questions of this folder: `npm run bench`, or `npm run bench -- rounds start` for some of them.
 *
 * Both sides of a ratio are interleaved in one run; every value is a median with the smallest and the largest beside
 * it. Ratios on one thread use thread time, so a busy machine blurs them less than it does wall time.
 */
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { memory } from './memory.ts';
import { queue } from './queue.ts';
import { rounds } from './rounds.ts';
import { rules } from './rules.ts';
import { start } from './start.ts';
import type { Question } from './support/question.ts';
import { sweep } from './sweep.ts';
import { threads } from './threads.ts';

const questions: readonly Question[] = [memory, rounds, rules, threads, sweep, start, queue];

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !questions.some((question) => question.name === name));
if (unknown !== undefined) {
  process.stderr.write(`no question '${unknown}'; expected ${questions.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(
  `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ` +
    `${process.platform} ${release()}, Node ${process.versions.node}, V8 ${process.versions.v8}`,
);
for (const { name, asks, answer } of questions) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  print(`\n${name}: ${asks}`);
  await answer((line) => print(`  ${line}`));
}
