import { describe, expect, test } from 'vitest';
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import { partitioners } from '../../../src/algorithm/partitioners/index.ts';
import { problems } from '../../../src/algorithm/problems/index.ts';
import { KeyedStream } from '../../../src/algorithm/random/streams.ts';
import type { Dataset } from '../../../src/shared/contracts/problem.ts';
import { instantiate } from '../../../src/shared/contracts/strategy.ts';
import { codeThrownBy } from '../../support/strategies.ts';

/** Four rows with the one entry 1, and the given targets. */
function dataset(labels: readonly number[], classes: number): Dataset {
  return {
    name: 'four rows',
    rows: 4,
    columns: 1,
    rowStart: Int32Array.of(0, 1, 2, 3, 4),
    columnOf: new Int32Array(4),
    values: new Float64Array(4).fill(1),
    columnStart: Int32Array.of(0, 4),
    rowOf: Int32Array.of(0, 1, 2, 3),
    columnValues: new Float64Array(4).fill(1),
    labels: Float64Array.from(labels),
    classes,
  };
}

/** How a partition by labels of a least-squares problem ends. */
function split(labels: readonly number[], classes: number, name: string) {
  const data = dataset(labels, classes);
  const stream = new KeyedStream(1, 'partition').at(0);
  const choice = problems.schema.parse({ name: 'least-squares' });
  const problem = instantiate(problems, choice, { data, testData: undefined, owners: 2, honest: 2, stream, arena: plainArena() });
  const partition = partitioners.schema.parse({ name, ...(name === 'dirichlet' ? { alpha: 1 } : { shards: 1 }) });
  return codeThrownBy(() => instantiate(partitioners, partition, undefined).split(problem.rows, problem.labels, 2, stream));
}

describe('partitions by label', () => {
  test.each(['dirichlet', 'label-sorted'])('%s splits by classes and refuses real targets, of which every row has its own', (name) => {
    expect(split([-1, 1, -1, 1], 2, name)).toBeUndefined();
    expect(split([0.25, 1.5, -3, 0.1], 0, name)).toBe('MARINADE_PRECONDITION_UNSUPPORTED');
  });
});
