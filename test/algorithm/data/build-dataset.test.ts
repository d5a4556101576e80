/** From parsed rows to a data set: labels, unit rows, columns. */
import { describe, expect, it } from 'vitest';
import { buildDataset, distinctLabels, requireLabels } from '../../../src/algorithm/data/build-dataset.ts';
import { parseLibsvm } from '../../../src/algorithm/data/parse-libsvm.ts';
import { syntheticAdult } from '../../../src/algorithm/data/synthetic-adult.ts';
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import type { Dataset } from '../../../src/shared/contracts/problem.ts';

interface Choice {
  readonly normalize?: 'none' | 'rows';
  readonly targets?: 'classes' | 'real';
  readonly rowsOnly?: boolean;
}

function build(text: string, { normalize = 'none', targets = 'classes', rowsOnly = false }: Choice = {}): Dataset {
  const parsed = parseLibsvm(new TextEncoder().encode(text), 'set');
  const labelValues = distinctLabels(parsed, targets, 'set');
  return buildDataset(parsed, { name: 'set', normalize, targets, labelValues, rowsOnly, owned: false }, plainArena());
}

/** The matrix in full, from its rows or from its columns. */
function dense(data: Dataset, from: 'rows' | 'columns'): number[][] {
  const matrix = Array.from({ length: data.rows }, () => Array<number>(data.columns).fill(0));
  if (from === 'rows') {
    for (let row = 0; row < data.rows; row++) {
      for (let p = data.rowStart[row]!; p < data.rowStart[row + 1]!; p++)
        matrix[row]![data.columnOf[p]!] = data.values?.[p] ?? data.rowValue![row]!;
    }
  } else {
    for (let j = 0; j < data.columns; j++) {
      for (let p = data.columnStart[j]!; p < data.columnStart[j + 1]!; p++) {
        const row = data.rowOf[p]!;
        matrix[row]![j] = data.columnValues?.[p] ?? data.rowValue![row]!;
      }
    }
  }
  return matrix;
}

const mixed = '1 1:3 2:4\n2 2:0.5 4:0.25 5:2\n1\n2 1:-1\n';
const single = '0 1:1 3:1\n1 2:2 3:2 4:2\n0\n1 4:0.5\n';

describe('a data set', () => {
  it.each([mixed, single])('holds the same matrix by rows and by columns', (text) => {
    for (const normalize of ['none', 'rows'] as const) {
      const data = build(text, { normalize });
      expect(dense(data, 'columns')).toEqual(dense(data, 'rows'));
      for (let j = 0; j < data.columns; j++) {
        const rows = [...data.rowOf.subarray(data.columnStart[j]!, data.columnStart[j + 1]!)];
        expect(rows).toEqual([...rows].sort((a, b) => a - b));
      }
    }
  });

  it('scales rows to unit length and leaves empty rows', () => {
    expect(dense(build(mixed, { normalize: 'rows' }), 'rows')[0]).toEqual([3 / 5, 4 / 5, 0, 0, 0]);
    const scaled = dense(build(single, { normalize: 'rows' }), 'rows');
    expect(scaled).toEqual([
      [1 / Math.sqrt(2), 0, 1 / Math.sqrt(2), 0],
      [0, 2 / Math.sqrt(12), 2 / Math.sqrt(12), 2 / Math.sqrt(12)],
      [0, 0, 0, 0],
      [0, 0, 0, 1],
    ]);
  });

  it('gives rows with one value the length they have when written out', () => {
    // 0.1 squared is no double: what counts is the order of additions, which is that of the values in full.
    const entries = Array.from({ length: 29 }, (_, j) => `${j + 1}:0.1`).join(' ');
    const one = build(`1 ${entries}\n0 1:0.1\n`, { normalize: 'rows' });
    const full = build(`1 ${entries}\n0 1:0.1 2:7\n`, { normalize: 'rows' });
    expect(one.rowValue![0]).toBe(full.values![0]);
  });

  it.each([
    ['-1 and 1', '1 1:1\n-1 1:1\n', [1, -1], 2],
    ['0 and 1', '0 1:1\n1 1:1\n', [-1, 1], 2],
    ['1 and 2', '2 1:1\n1 1:1\n2 1:1\n', [1, -1, 1], 2],
    ['one class', '5 1:1\n5 1:1\n', [1, 1], 1],
    ['three classes', '7 1:1\n3 1:1\n5 1:1\n', [2, 0, 1], 3],
  ])('maps labels %s', (_what, text, labels, classes) => {
    const data = build(text);
    expect([...data.labels]).toEqual(labels);
    expect(data.classes).toBe(classes);
  });

  it('leaves real targets as they are', () => {
    const data = build('1 1:1\n2 1:1\n', { targets: 'real' });
    expect([...data.labels]).toEqual([1, 2]);
    expect(data.classes).toBe(0);
  });

  it('has no columns where only rows are needed', () => {
    const data = build(mixed, { rowsOnly: true });
    expect(data.columnStart.length + data.rowOf.length + data.columnValues!.length).toBe(0);
    expect(dense(data, 'rows')).toEqual(dense(build(mixed), 'rows'));
  });

  it('refuses more than 1000 classes, and labels that training did not have', () => {
    const parsed = parseLibsvm(new TextEncoder().encode(Array.from({ length: 1001 }, (_, i) => `${i} 1:1\n`).join('')), 'set');
    expect(() => distinctLabels(parsed, 'classes', 'set')).toThrow(
      '[MARINADE_DATA_MALFORMED] set: example 1001: more than 1000 different labels; set targets: real to regress on them',
    );
    expect(distinctLabels(parsed, 'real', 'set')).toBeUndefined();
    const test = parseLibsvm(new TextEncoder().encode('1 1:1\n3 1:1\n'), 'set.t');
    expect(() => requireLabels(test, [1, 2], 'set.t')).toThrow(
      '[MARINADE_DATA_MALFORMED] set.t: example 2: label 3 is not among the training labels 1, 2',
    );
    expect(() => requireLabels(test, [1, 2, 3], 'set.t')).not.toThrow();
  });
});

describe('synthetic-adult', () => {
  const parsed = syntheticAdult();

  it("has a9a's shape: 32,561 rows, 123 columns in 14 one-hot groups", () => {
    expect(parsed).toMatchObject({ rows: 32561, columns: 123, values: undefined });
    const groups = [5, 8, 5, 16, 5, 7, 14, 6, 5, 2, 2, 2, 5, 41];
    expect(groups.reduce((sum, size) => sum + size, 0)).toBe(123);
    const first = groups.map((_, group) => groups.slice(0, group).reduce((sum, size) => sum + size, 0));
    let misplaced = 0;
    for (let p = 0; p < parsed.columnOf.length; p++) {
      const column = parsed.columnOf[p]! - first[p % 14]!;
      if (column < 0 || column >= groups[p % 14]!) misplaced++;
    }
    expect(misplaced).toBe(0);
    expect([...parsed.rowStart.subarray(0, 3), parsed.rowStart[32561]]).toEqual([0, 14, 28, 14 * 32561]);
    expect(parsed.rowValue!.every((value) => value === 1)).toBe(true);
  });

  it('uses every column, and its classes are as unbalanced as those of a9a (7,841 positive)', () => {
    expect(new Set(parsed.columnOf).size).toBe(123);
    const positive = parsed.labels.filter((label) => label === 1).length;
    expect(positive / parsed.rows).toBeGreaterThan(0.22);
    expect(positive / parsed.rows).toBeLessThan(0.26);
  });
});
