/** Which cells an f* belongs to. */
import { describe, expect, it } from 'vitest';
import { objectivesOf } from '../../../src/orchestrator/results/report-optima.ts';
import type { StudyRun } from '../../../src/shared/contracts/ledger.ts';
import { madeUp } from './made-up-study.ts';

const parameters = { 'problem.l2': [0.1, 0.01], 'attack.name': ['shift-back', 'bit-flip'] };

function labelsBy(keyOf: (run: StudyRun) => string | null): string[] {
  const runs = madeUp({ parameters, seeds: [3, 4] }).runs.map((run) => ({ ...run, objectiveKey: keyOf(run) }));
  return objectivesOf(runs).map(({ objectiveKey, label }) => `${objectiveKey}: ${label}`);
}

describe('the cells of an f*', () => {
  it('are all where there is one objective, and none where there is no f*', () => {
    expect(labelsBy(() => 'one')).toEqual(['one: all cells']);
    expect(labelsBy(() => null)).toEqual([]);
  });

  it('are told by the parameters that enter the objective, and by no other', () => {
    expect(labelsBy(({ parameters: { 'problem.l2': l2 } }) => `of ${l2}`)).toEqual(['of 0.1: l2 0.1', 'of 0.01: l2 0.01']);
  });

  it('are told by the seed too where a partition is drawn from it', () => {
    expect(labelsBy(({ seed, parameters: { 'problem.l2': l2 } }) => `${l2}/${seed}`)).toEqual([
      '0.1/3: l2 0.1 · seed 3',
      '0.1/4: l2 0.1 · seed 4',
      '0.01/3: l2 0.01 · seed 3',
      '0.01/4: l2 0.01 · seed 4',
    ]);
  });

  it('are listed where no parameter tells them apart', () => {
    const odd = labelsBy(({ parameters: { 'problem.l2': l2, 'attack.name': attack } }) => String((l2 === 0.1) === (attack === 'bit-flip')));
    expect(odd).toEqual(['false: l2 0.1 · shift-back; l2 0.01 · bit-flip', 'true: l2 0.1 · bit-flip; l2 0.01 · shift-back']);
  });
});
