/** What a sweep of many short runs spends on everything but its rounds. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Question } from './support/question.ts';
import { referenceStudy } from './support/setting.ts';
import { against, spread } from './support/spread.ts';
import { carryOut, inFolder, marinade } from './support/study.ts';

const REPEATS = 3;
const THREADS = 2;
const study = referenceStudy('sweep', 2000, 200);

export const sweep: Question = {
  name: 'sweep',
  asks: 'Which share of the wall time of 200 runs of 2,000 rounds on two threads is not round computation?',
  async answer(print) {
    const shares: number[] = [];
    const wholeShares: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const { wallMs, computeMs } = await carryOut(study, THREADS);
      shares.push(100 * (1 - computeMs / (THREADS * wallMs)));
      const whole = await inFolder((folder) => {
        const path = join(folder, 'study.yaml');
        writeFileSync(path, study);
        return marinade(['run', path, '--results', join(folder, 'results'), '--threads', `${THREADS}`, '--quiet']);
      });
      wholeShares.push(100 * (1 - computeMs / (THREADS * whole.wallMs)));
    }
    print(`from the opened ledger to the last commit: ${spread(shares, '%')}; ${against(shares, { most: 5 })}`);
    print(`of the whole command, from process start to its table: ${spread(wholeShares, '%')}`);
  },
};
