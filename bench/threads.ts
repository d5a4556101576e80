/** What a second thread brings to a sweep of many runs. */
import type { Question } from './support/question.ts';
import { referenceStudy } from './support/setting.ts';
import { against, spread } from './support/spread.ts';
import { carryOut } from './support/study.ts';

const REPEATS = 5;
const study = referenceStudy('threads', 10_000, 16);

export const threads: Question = {
  name: 'threads',
  asks: 'How much faster are 16 runs of 10,000 rounds on two threads than on one (wall time, start-up left out)?',
  async answer(print) {
    const speedUps: number[] = [];
    const costs: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const one = await carryOut(study, 1);
      const two = await carryOut(study, 2);
      speedUps.push(one.wallMs / two.wallMs);
      costs.push(two.computeMs / one.computeMs);
    }
    print(`speed-up: ${spread(speedUps)}; ${against(speedUps, { least: 1.8 })}`);
    print(`a round on one of two threads costs ${spread(costs)} of a round on one`);
  },
};
