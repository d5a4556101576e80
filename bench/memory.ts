/** Resident memory of a process that computes on two threads. */
import { readFileSync } from 'node:fs';
import { plainArena } from '../src/algorithm/kernels/plain-arena.ts';
import type { Question } from './support/question.ts';
import { loadRegistered, referenceStudy } from './support/setting.ts';
import { carryOut } from './support/study.ts';

function residentMiB(field: 'VmRSS' | 'VmHWM'): number {
  const line = readFileSync('/proc/self/status', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(field));
  return Number(/\d+/.exec(line ?? '')?.[0]) / 1024;
}

export const memory: Question = {
  name: 'memory',
  asks: 'How much memory does a process hold that computes the reference setting on two threads?',
  async answer(print) {
    if (process.platform !== 'linux') {
      print(`skipped: reads /proc, which ${process.platform} does not have`);
      return;
    }
    const before = residentMiB('VmRSS');
    await carryOut(referenceStudy('memory', 4000, 8), 2);
    const { rowStart, columnOf, columnStart, rowOf, labels, rowValue } = await loadRegistered('a9a', plainArena());
    const bytes = [rowStart, columnOf, columnStart, rowOf, labels, rowValue].reduce((sum, array) => sum + (array?.byteLength ?? 0), 0);
    print(`largest resident size: ${residentMiB('VmHWM').toFixed(0)} MiB, of which ${(bytes / 2 ** 20).toFixed(1)} MiB are the data set`);
    print(`resident before the pool was made: ${before.toFixed(0)} MiB`);
  },
};
