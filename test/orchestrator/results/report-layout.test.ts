import { describe, expect, it } from 'vitest';
import { bestPerGroup, worstCases } from '../../../src/orchestrator/results/report-best.ts';
import { layOut } from '../../../src/orchestrator/results/report-layout.ts';
import { type CellStatistics, cellsOf } from '../../../src/orchestrator/results/statistics.ts';
import { type MadeUp, madeUp } from './made-up-study.ts';

const METRIC = 'optimality-gap';

function cells(parameters: NonNullable<MadeUp['parameters']>, more: MadeUp = {}): CellStatistics[] {
  return cellsOf(madeUp({ parameters, seeds: [0, 1], rounds: 10, ...more }).runs);
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('the layout of figures', () => {
  it('puts the values of one parameter, and up to four cells of several, into one panel', () => {
    expect(layOut(cells({ 'method.stepSize': numbers(8) }), METRIC)).toMatchObject({ rule: undefined, panels: [{ title: '' }] });
    expect(layOut(cells({ 'attack.name': ['bit-flip', 'shift-back'], 'method.stepSize': [1, 2] }), METRIC).panels).toHaveLength(1);
    expect(layOut(cells({}), METRIC).panels).toHaveLength(1);
  });

  it('makes the first parameter with two to eight values the lines, and combinations of the others the panels', () => {
    const { panels, placed, rule } = layOut(
      cells({ 'attack.name': ['bit-flip', 'shift-back', 'none'], 'method.stepSize': numbers(4) }),
      METRIC,
    );
    expect(rule).toBeUndefined();
    expect(panels.map(({ title }) => title)).toEqual(numbers(4).map((step) => `stepSize ${step}`));
    expect(panels[0]!.cells.map(({ label, style }) => [label, style])).toEqual([
      ['bit-flip', 0],
      ['shift-back', 1],
      ['none', 2],
    ]);
    expect(placed.size).toBe(12);
  });

  it('passes over a first parameter with too many values', () => {
    const { panels } = layOut(cells({ 'method.stepSize': numbers(9), 'attack.name': ['bit-flip', 'shift-back'] }), METRIC);
    expect(panels).toHaveLength(9);
    expect(panels[0]!.cells.map(({ label }) => label)).toEqual(['bit-flip', 'shift-back']);
  });

  it('draws the best eight of what is too much, in the order of the study, and says by which rule', () => {
    const { panels, rule, placed } = layOut(
      cells(
        { 'method.stepSize': numbers(20) },
        { metrics: { [METRIC]: (_, cell) => 1 / (cell + 1) }, outcome: (cell) => (cell === 19 ? 'diverged' : 'completed') },
      ),
      METRIC,
    );
    expect(panels[0]!.cells.map(({ label }) => label)).toEqual([12, 13, 14, 15, 16, 17, 18, 19].map((step) => `stepSize ${step}`));
    expect(rule).toContain('8 of 20 cells: those with the best mean of optimality-gap at the end');
    expect(placed.size).toBe(8);
  });
});

describe('the best choice', () => {
  const parameters = { 'attack.name': ['bit-flip', 'shift-back'], clipping: [{ name: 'none' }, { name: 'fixed', level: 1 }] };
  const made = (value: (cell: number) => number, more: MadeUp = {}): CellStatistics[] =>
    cells(parameters, { metrics: { [METRIC]: (_, cell) => value(cell) }, ...more });

  it('is found in each circumstance', () => {
    const found = bestPerGroup(
      made((cell) => [1, 2, 4, 3][cell]!),
      METRIC,
    );
    expect(found.map(({ group, choice, of }) => [group, choice, of])).toEqual([
      ['bit-flip', 'none', 2],
      ['shift-back', 'fixed level 1', 2],
    ]);
  });

  it('is none where every run diverged, and where there is nothing to choose', () => {
    expect(
      bestPerGroup(
        made(() => 1, { outcome: () => 'diverged' }),
        METRIC,
      ),
    ).toEqual([]);
    expect(bestPerGroup(cells({ 'attack.name': ['bit-flip', 'shift-back'] }), METRIC)).toEqual([]);
  });

  it('under the worst attack is ordered by attacks survived, then by the value there', () => {
    const found = worstCases(
      made((cell) => [1, 2, 8, 3][cell]!),
      METRIC,
    );
    expect(found.map(({ choice, attack, attacks, broken }) => [choice, attack, attacks, broken])).toEqual([
      ['fixed level 1', 'shift-back', 2, 0],
      ['none', 'shift-back', 2, 0],
    ]);
    const lost = worstCases(
      made((cell) => [1, 2, 8, 3][cell]!, { outcome: (cell) => (cell === 1 ? 'diverged' : 'completed') }),
      METRIC,
    );
    expect(lost.map(({ choice, attack, broken }) => [choice, attack, broken])).toEqual([
      ['none', 'shift-back', 0],
      ['fixed level 1', 'bit-flip', 1],
    ]);
  });

  it('under the worst attack is not one that lost a run, however small the mean of the others', () => {
    const found = worstCases(
      made((cell) => [1, 1e-9, 8, 1e-9][cell]!, { outcome: (cell, seed) => (cell === 1 && seed === 0 ? 'diverged' : 'completed') }),
      METRIC,
    );
    expect(found.map(({ choice, broken }) => [choice, broken])).toEqual([
      ['none', 0],
      ['fixed level 1', 1],
    ]);
  });

  it('under the worst attack is not asked where one attack was tried', () => {
    expect(worstCases(cells({ clipping: [{ name: 'none' }, { name: 'fixed', level: 1 }] }), METRIC)).toEqual([]);
  });
});
