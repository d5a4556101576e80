import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  csvText,
  headlineMetric,
  latexTable,
  latexText,
  outcomeTable,
  plain,
  shortNumber,
  textTable,
} from '../../../src/orchestrator/results/tables.ts';
import { madeUp } from './made-up-study.ts';

describe('a short number', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [1.23456, '1.235'],
    [-0.001, '-0.001'],
    [0.00012345, '1.23e-4'],
    [123456, '1.23e5'],
    [99999, '100000'],
    [5e-324, '4.94e-324'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '∞'],
    [Number.NEGATIVE_INFINITY, '−∞'],
  ])('of %d is %s', (value, text) => {
    expect(shortNumber(value)).toBe(text);
  });
});

describe('a cell of a CSV file', () => {
  it.each([
    ['plain', 'plain'],
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['  =1', "'  =1"],
    ['\t=1', "' =1"],
    ['a,b', '"a,b"'],
    ['a;b', '"a;b"'],
    ['say "hi"', '"say ""hi"""'],
    ['=cmd|"/C calc"!A0', '"\'=cmd|""/C calc""!A0"'],
    ['two\r\nlines', 'two  lines'],
    ['bell\u0007', 'bell '],
  ])('of %j is %j', (text, cell) => {
    expect(csvText(text)).toBe(cell);
  });

  it('never begins a formula, never ends a row, and reads back as one cell, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const cell = csvText(text);
        expect(cell).not.toMatch(/^"?\s*[=+\-@]/);
        expect(/[\r\n]/.test(cell) || cell.includes('\0')).toBe(false);
        const quoted = /^"((?:[^"]|"")*)"$/.test(cell);
        expect(quoted || !/[",;]/.test(cell)).toBe(true);
      }),
    );
  });
});

describe('text for terminals', () => {
  it('holds no control characters and no overrides of direction', () => {
    expect(plain('a\u001b[2Jb\u0000c\u202ed\u2028e')).toBe('a [2Jb c d e');
  });

  it('is aligned: numbers to the right, characters outside the basic plane counted once', () => {
    const table = {
      head: ['rule', 'n'],
      rows: [
        ['mean', '7'],
        ['𝓛-rule', '1000'],
      ],
      right: [false, true],
    };
    expect(textTable(table)).toBe('rule       n\n────────────\nmean       7\n𝓛-rule  1000');
  });
});

describe('LaTeX', () => {
  it.each([
    ['50 % & more_$#', '50 \\% \\& more\\_\\$\\#'],
    ['\\input{/etc/passwd}', '\\textbackslash{}input\\{/etc/passwd\\}'],
    ['a^b~c', 'a\\textasciicircum{}b\\textasciitilde{}c'],
    ['1.90e-6 [6.78e-7, 5.33e-6]', '$1.90\\cdot 10^{-6}$ [$6.78\\cdot 10^{-7}$, $5.33\\cdot 10^{-6}$]'],
    ['abc1e-3', 'abc1e-3'],
    ['∞', '$\\infty$'],
  ])('of %s is %s', (text, latex) => {
    expect(latexText(text)).toBe(latex);
  });

  it('does not take a bracket at the start of a row for an argument of the row before', () => {
    const table = latexTable({ head: ['a'], rows: [['[1, 2]'], ['*']], right: [true] });
    expect(table.split('\n').slice(4, 6)).toEqual(['{}[1, 2] \\\\', '{}* \\\\']);
  });

  it('has balanced braces, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bare = latexText(text).replace(/\\[{}]/g, '');
        expect(bare.split('{').length).toBe(bare.split('}').length);
        expect(bare).not.toMatch(/[\n\r]/);
      }),
    );
  });
});

describe('the table of outcomes', () => {
  it('has a row per cell, its outcomes counted, and says over how many runs a mean is', () => {
    const { runs } = madeUp({
      parameters: { 'attack.name': ['shift-back', 'bit-flip'] },
      metrics: { 'optimality-gap': (_, cell, seed) => 10 ** -(cell + seed) },
      outcome: (cell, seed) => (cell === 1 && seed === 2 ? 'diverged' : 'completed'),
      reached: (cell, seed) => (cell === 1 && seed === 2 ? 330 : 1000),
    });
    const { head, rows } = outcomeTable(runs);
    expect(head).toEqual(['attack.name', 'seeds', 'outcomes', 'rounds', 'optimality-gap, last [95 %]']);
    expect(rows[0]!.slice(0, 4)).toEqual(['shift-back', '3', '3 completed', '1000']);
    expect(rows[0]![4]).toMatch(/^0\.1 \[/);
    expect(rows[1]!.slice(0, 4)).toEqual(['bit-flip', '3', '2 completed, 1 diverged', '330–1000']);
    expect(rows[1]![4]).toMatch(/^0\.03162 \[.*\] \(2 of 3\)$/);
  });

  it('shows a dash where every run diverged', () => {
    const { runs } = madeUp({ outcome: () => 'diverged' });
    expect(outcomeTable(runs).rows[0]!.slice(1, 4)).toEqual(['3 diverged', '1000', '–']);
  });

  it('says where a gap is below what the loss resolves', () => {
    const { runs } = madeUp({ metrics: { 'optimality-gap': () => 1e-15 } });
    expect(outcomeTable(runs).rows[0]!.at(-1)).toBe('1.00e-15 [1.00e-15, 1.00e-15] (floor 1e-14)');
  });

  it('is there without runs and without metrics', () => {
    expect(outcomeTable([]).rows).toEqual([]);
    expect(outcomeTable(madeUp({ metrics: {} }).runs).rows).toEqual([['3', '3 completed', '1000']]);
  });

  it('leads with the gap, then the squared gradient norm, then whatever there is', () => {
    const first = (...names: string[]): string | undefined =>
      headlineMetric(madeUp({ metrics: Object.fromEntries(names.map((name) => [name, () => 1])) }).runs);
    expect(first('loss', 'optimality-gap')).toBe('optimality-gap');
    expect(first('loss', 'squared-gradient-norm')).toBe('squared-gradient-norm');
    expect(first('test-accuracy')).toBe('test-accuracy');
    expect(first()).toBeUndefined();
  });
});
