/** What every partitioner must do, run for each registered one with each set of parameters of `support/strategies.ts`. */
import { describe, expect, test } from 'vitest';
import { partitioners } from '../../src/algorithm/partitioners/index.ts';
import { KeyedStream } from '../../src/algorithm/random/streams.ts';
import type { Partitioner } from '../../src/shared/contracts/partitioner.ts';
import { instantiate, type StrategyChoice } from '../../src/shared/contracts/strategy.ts';
import { expectCounts, meanOf } from '../support/chances.ts';
import { codeThrownBy, everyChoice, exampleOf, testDefinitions } from '../support/strategies.ts';

type Shards = readonly (Int32Array | null)[];

const partitionerOf = (choice: object): Partitioner => instantiate(partitioners, partitioners.schema.parse(choice), undefined);

function split(choice: object, labels: ArrayLike<number> | undefined, rows: number, owners: number, seed = 1): Shards {
  const given = labels === undefined ? undefined : Float64Array.from(labels);
  return partitionerOf(choice).split(rows, given, owners, new KeyedStream(seed, 'partition').at(0));
}

/** Labels of `classes` kinds in a scrambled order, unequally frequent. */
const labelsFor = (rows: number, classes: number): number[] =>
  Array.from({ length: rows }, (_, row) => ((row * row * 7 + row) % (classes + 2)) % classes);

/** Data of several shapes; the explicit partition is of one shape alone. */
const shapes = (choice: StrategyChoice): readonly (readonly [rows: number, owners: number, classes: number])[] =>
  choice.name === 'explicit'
    ? [[5, 3, 2]]
    : [
        [60, 15, 2],
        [100, 7, 10],
        [30, 1, 3],
        [301, 4, 2],
      ];

const rowsOf = (shard: Int32Array | null, rows: number): number[] =>
  shard === null ? Array.from({ length: rows }, (_, i) => i) : [...shard];

testDefinitions(partitioners, 'partitioners');

describe.each(everyChoice(partitioners))('%s', (_, choice) => {
  const partitioner = partitionerOf(choice);

  test('it gives every owner at least one row that exists', () => {
    for (const [rows, owners, classes] of shapes(choice)) {
      const shards = split(choice, labelsFor(rows, classes), rows, owners);
      expect(shards.length).toBe(owners);
      for (const shard of shards) {
        const held = rowsOf(shard, rows);
        expect(held.length).toBeGreaterThan(0);
        expect(held.every((row) => Number.isInteger(row) && row >= 0 && row < rows)).toBe(true);
      }
    }
  });

  test('it is homogeneous exactly if every owner holds all rows', () => {
    for (const [rows, owners, classes] of shapes(choice)) {
      if (owners === 1) continue;
      const shards = split(choice, labelsFor(rows, classes), rows, owners);
      expect(shards.every((shard) => shard === null)).toBe(partitioner.homogeneous);
    }
  });

  // An explicit partition is what its author says, overlaps and order included.
  if (!partitioner.homogeneous && choice.name !== 'explicit') {
    test('it gives every row to exactly one owner, in increasing order', () => {
      for (const [rows, owners, classes] of shapes(choice)) {
        const shards = split(choice, labelsFor(rows, classes), rows, owners).map((shard) => [...shard!]);
        for (const shard of shards) expect(shard).toEqual(shard.toSorted((a, b) => a - b));
        expect(shards.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_r, row) => row));
      }
    });

    test('it refuses fewer rows than owners', () => {
      expect(codeThrownBy(() => split(choice, [0, 1], 2, 3))).toBe('MARINADE_PRECONDITION_UNSUPPORTED');
    });
  }

  test('it depends on the seed exactly if it says so', () => {
    const [rows, owners, classes] = shapes(choice)[0]!;
    const drawn = (seed: number): Shards => split(choice, labelsFor(rows, classes), rows, owners, seed);
    expect(drawn(1)).toEqual(drawn(1));
    if (partitioner.random) expect(drawn(1)).not.toEqual(drawn(2));
    else expect(drawn(1)).toEqual(drawn(2));
  });
});

describe('iid', () => {
  test('its shards differ by one row at most', () => {
    for (const [rows, owners] of [
      [23, 5],
      [15, 15],
      [100, 7],
    ] as const) {
      const sizes = split({ name: 'iid' }, undefined, rows, owners).map((shard) => shard!.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  test('it gives a row to every owner equally often', () => {
    const owner = Array.from({ length: 3000 }, (_, seed) =>
      split({ name: 'iid' }, undefined, 10, 5, seed).findIndex((shard) => shard!.includes(3)),
    );
    expectCounts(
      Array.from({ length: 5 }, (_, i) => owner.filter((given) => given === i).length),
      Array(5).fill(600),
    );
  });
});

describe('label-sorted', () => {
  const labels = labelsFor(120, 4);

  test('it deals contiguous pieces of the rows in label order', () => {
    const order = labels
      .map((label, row) => [label, row] as const)
      .sort(([a, i], [b, j]) => a - b || i - j)
      .map(([, row]) => row);
    const pieces = Array.from({ length: 12 }, (_, i) =>
      order
        .slice(10 * i, 10 * i + 10)
        .sort((a, b) => a - b)
        .join(),
    );
    const shards = split({ name: 'label-sorted', shards: 1 }, labels, 120, 12).map((shard) => shard!.join());
    expect(shards.toSorted()).toEqual(pieces.toSorted());
    expect(shards).not.toEqual(pieces);
  });

  test('it gives an owner few labels: at most two a piece', () => {
    for (const pieces of [1, 2, 3]) {
      for (const shard of split({ name: 'label-sorted', shards: pieces }, labels, 120, 10)) {
        expect(new Set([...shard!].map((row) => labels[row])).size).toBeLessThanOrEqual(2 * pieces);
      }
    }
  });

  test('it needs labels, and a row for every piece', () => {
    expect(codeThrownBy(() => split({ name: 'label-sorted' }, undefined, 120, 10))).toBe('MARINADE_PRECONDITION_UNSUPPORTED');
    expect(codeThrownBy(() => split({ name: 'label-sorted', shards: 3 }, labels.slice(0, 29), 29, 10))).toBe(
      'MARINADE_PRECONDITION_UNSUPPORTED',
    );
  });
});

describe('dirichlet', () => {
  /** Share of the 400 rows of one label that owner 0 of `owners` gets, by seed. */
  const share =
    (alpha: number, owners: number) =>
    (seed: number): number =>
      split({ name: 'dirichlet', alpha }, new Float64Array(400), 400, owners, seed)[0]!.length / 400;

  test('its shares have the mean and the variance of the Dirichlet distribution', () => {
    for (const alpha of [0.3, 1, 5]) {
      const { mean, error } = meanOf(1500, share(alpha, 4));
      // Whole rows, and one for every owner, move a share by about one in 400.
      expect(Math.abs(mean - 1 / 4)).toBeLessThan(4 * error + 1 / 400);
      const variance = ((1 / 4) * (3 / 4)) / (4 * alpha + 1);
      const squares = meanOf(1500, (seed) => (share(alpha, 4)(seed) - 1 / 4) ** 2);
      expect(Math.abs(squares.mean - variance)).toBeLessThan(4 * squares.error + 2 / 400);
    }
  });

  test('it gives a label to any one owner where alpha is so small that all shares underflow', () => {
    const winners = Array.from({ length: 2000 }, (_, seed) => {
      const sizes = split({ name: 'dirichlet', alpha: 1e-6 }, new Float64Array(50), 50, 5, seed).map((shard) => shard!.length);
      expect(sizes.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 1, 46]);
      return sizes.indexOf(46);
    });
    expectCounts(
      Array.from({ length: 5 }, (_, owner) => winners.filter((winner) => winner === owner).length),
      Array(5).fill(400),
    );
  });

  test('it splits nearly equally where alpha is large, and needs labels', () => {
    const sizes = split({ name: 'dirichlet', alpha: 1e6 }, labelsFor(4000, 2), 4000, 4).map((shard) => shard!.length);
    for (const size of sizes) expect(Math.abs(size - 1000)).toBeLessThan(20);
    expect(codeThrownBy(() => split({ name: 'dirichlet', alpha: 1 }, undefined, 20, 2))).toBe('MARINADE_PRECONDITION_UNSUPPORTED');
  });
});

describe('explicit', () => {
  test('it is as given, overlaps and order included', () => {
    expect(split({ name: 'explicit', rows: [[2, 0], [2]] }, undefined, 3, 2)).toEqual([Int32Array.of(2, 0), Int32Array.of(2)]);
  });

  test('it refuses another number of owners, rows that do not exist, and empty shards', () => {
    expect(codeThrownBy(() => split({ name: 'explicit', rows: [[0]] }, undefined, 3, 2))).toBe('MARINADE_CONFIG_INVALID');
    expect(codeThrownBy(() => split({ name: 'explicit', rows: [[0], [3]] }, undefined, 3, 2))).toBe('MARINADE_CONFIG_INVALID');
    expect(partitioners.schema.safeParse({ name: 'explicit', rows: [[0], []] }).success).toBe(false);
  });
});

describe.each(partitioners.names)('the example of %s', (name) => {
  test('it is true', () => {
    const { inputs, result } = exampleOf('partitioners', name);
    const { labels, owners, ...parameters } = inputs as { labels: number[]; owners: number };
    const shards = split({ name, ...parameters }, labels, labels.length, owners);
    expect({ sizes: shards.map((shard) => rowsOf(shard, labels.length).length) }).toEqual(result);
  });
});
