/** Every kernel of the wasm set against its reference: the same bits for numbers of every kind, and nothing else written. */
import { describe, expect, it } from 'vitest';
import { gramScratch } from '../../src/algorithm/kernels/reference/geometry.ts';
import { referenceKernels } from '../../src/algorithm/kernels/reference/index.ts';
import { orderScratch } from '../../src/algorithm/kernels/reference/order-statistics.ts';
import { createWasmKernels } from '../../src/algorithm/kernels/wasm.ts';
import { KeyedStream } from '../../src/algorithm/random/streams.ts';
import type { Kernels, Link } from '../../src/shared/contracts/kernels.ts';
import type { Dataset } from '../../src/shared/contracts/problem.ts';
import { type KindOfNumbers, kernelMemory, kindsOfNumbers, numbers } from '../support/kernel-memory.ts';

const memory = kernelMemory();
const wasmKernels = createWasmKernels(memory.kernels);

type Array64or32 = Float64Array | Int32Array;

/** Arrays by name, or their absence. */
type Inputs = Readonly<Record<string, Array64or32 | readonly Float64Array[] | null | undefined>>;

function copied<Copied>(value: Copied, doubles: (length: number) => Float64Array, ints: (length: number) => Int32Array): Copied {
  const copy = (one: unknown): unknown => {
    if (one instanceof Float64Array) {
      const into = doubles(one.length);
      into.set(one);
      return into;
    }
    if (one instanceof Int32Array) {
      const into = ints(one.length);
      into.set(one);
      return into;
    }
    if (Array.isArray(one)) return one.map(copy);
    if (typeof one === 'object' && one !== null) return Object.fromEntries(Object.entries(one).map(([name, inner]) => [name, copy(inner)]));
    return one;
  };
  return copy(value) as Copied;
}

/** The numbers of everything, NaN of any bits as one, -0 apart from 0; a sentinel around arrays shows writes beside them. */
function bits(value: unknown): unknown {
  if (value instanceof Float64Array) return Array.from(value, (one) => (Object.is(one, -0) ? '-0' : one));
  if (value instanceof Int32Array) return Array.from(value);
  if (Array.isArray(value)) return value.map(bits);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, bits(inner)]));
  return Object.is(value, -0) ? '-0' : value;
}

/**
 * Calls a kernel of both sets on copies of the same inputs, outputs among them, and expects all arrays and the returned
 * number alike afterwards. `scratch` may differ.
 */
function alike<Given extends Inputs>(inputs: Given, call: (kernels: Kernels, given: Given) => unknown): void {
  memory.again();
  const plain = copied(
    inputs,
    (length) => new Float64Array(length),
    (length) => new Int32Array(length),
  );
  const shared = copied(inputs, memory.doubles, memory.ints);
  const result = (returned: unknown, { scratch: _, ...arrays }: Inputs): unknown =>
    bits({ returned: typeof returned === 'object' ? null : returned, ...arrays });
  const expected = result(call(referenceKernels, plain), plain);
  expect(result(call(wasmKernels, shared), shared)).toEqual(expected);
}

const kinds = Object.keys(kindsOfNumbers) as KindOfNumbers[];
const dimensions = [0, 1, 2, 3, 7, 8, 9, 31, 64, 123, 4095, 4096, 4097, 8201];
const outputOf = (d: number): Float64Array => new Float64Array(d).fill(Number.NaN);

describe.each(kinds)('vectors %s', (kind) => {
  it('have the same products, lengths and distances', () => {
    for (const d of dimensions) {
      const inputs = { a: numbers(kind, d, 1), b: numbers(kind, d, 2) };
      alike(inputs, (kernels, { a, b }) => kernels.dot(a, b));
      alike(inputs, (kernels, { a }) => kernels.norm(a));
      alike(inputs, (kernels, { a, b }) => kernels.distance(a, b));
      alike(inputs, (kernels, { a }) => kernels.isFiniteVector(a));
    }
  });

  it('are added, subtracted and scaled alike, into another vector and in place', () => {
    for (const d of dimensions) {
      const inputs = { a: numbers(kind, d, 3), b: numbers(kind, d, 4), out: outputOf(d) };
      for (const alpha of [0.1, -0, Number.POSITIVE_INFINITY]) {
        alike(inputs, (kernels, { a, b, out }) => kernels.axpy(alpha, a, b, out));
        alike(inputs, (kernels, { a, b }) => kernels.axpy(alpha, a, b, b));
        alike(inputs, (kernels, { a, out }) => kernels.scale(alpha, a, out));
        alike(inputs, (kernels, { a, b, out }) => kernels.scaledDifference(alpha, a, b, out));
      }
      alike(inputs, (kernels, { a, b, out }) => kernels.add(a, b, out));
      alike(inputs, (kernels, { a, b }) => kernels.add(a, b, a));
      alike(inputs, (kernels, { a, b, out }) => kernels.subtract(a, b, out));
      alike(inputs, (kernels, { a, b }) => kernels.subtract(a, b, b));
    }
  });

  it('are clipped alike', () => {
    for (const d of dimensions) {
      for (const level of [0, 1e-300, 1, 1e300, Number.POSITIVE_INFINITY]) {
        alike({ v: numbers(kind, d, 5) }, (kernels, { v }) => kernels.clipInPlace(v, level));
      }
    }
  });

  it('have the same means, sums and deviations over rows', () => {
    for (const d of [1, 2, 3, 4, 5, 123, 4100]) {
      for (const n of [1, 2, 3, 20, 65]) {
        const rows = Array.from({ length: n }, (_, i) => numbers(kind, d, 10 + i));
        const inputs = { rows, weights: numbers(kind, n, 6), mean: numbers(kind, d, 7), out: outputOf(d) };
        alike(inputs, (kernels, given) => kernels.meanOfRows(given.rows, n, given.out));
        alike(inputs, (kernels, given) => kernels.weightedSumOfRows(given.rows, given.weights, n, given.out));
        alike(inputs, (kernels, given) => kernels.standardDeviationOfRows(given.rows, n, given.mean, given.out));
      }
    }
  });
});

describe.each(kinds)('rows %s', (kind) => {
  const counts = [...Array.from({ length: 40 }, (_, i) => i + 1), 47, 48, 49, 63, 64, 65, 100, 129];

  it('have the same medians', () => {
    for (const n of counts) {
      for (const d of [1, 2, 3, 65, 130]) {
        const inputs = { matrix: numbers(kind, n * d, n), scratch: outputOf(orderScratch(n)), out: outputOf(d) };
        alike(inputs, (kernels, { matrix, scratch, out }) => kernels.medianOfColumns(matrix, n, d, scratch, out));
      }
    }
  });

  it('have the same trimmed means', () => {
    for (const n of counts) {
      for (const trim of new Set([0, 1, n >> 2, (n - 1) >> 1].filter((one) => 2 * one < n))) {
        for (const d of [1, 2, 67]) {
          const inputs = { matrix: numbers(kind, n * d, n), scratch: outputOf(orderScratch(n)), out: outputOf(d) };
          alike(inputs, (kernels, { matrix, scratch, out }) => kernels.trimmedMeanOfColumns(matrix, n, d, trim, scratch, out));
        }
      }
    }
  });

  it('have the same distances from each other', () => {
    for (const n of [1, 2, 3, 7, 8, 9, 20, 66]) {
      for (const d of [1, 2, 9, 123, 4097]) {
        const rows = Array.from({ length: n }, (_, i) => numbers(kind, d, i));
        // Some equal, some close: distances taken from products and from differences stand side by side.
        for (let i = 3; i < n; i += 4) rows[i] = i % 8 === 3 ? rows[i - 1]!.slice() : rows[i - 1]!.map((value) => value * (1 + 1e-9));
        const inputs = { rows, squared: outputOf(n * n) };
        alike(inputs, (kernels, given) => kernels.pairwiseSquaredDistances(given.rows, n, d, given.squared));
      }
    }
  });

  it('have the same products, around 0 and around a centre', () => {
    for (const n of [1, 2, 3, 4, 5, 20, 67]) {
      for (const d of [1, 2, 3, 123, 511, 512, 1025]) {
        const rows = Array.from({ length: n }, (_, i) => numbers(kind, d, i));
        const inputs = { rows, centre: numbers(kind, d, 90), scratch: outputOf(gramScratch(n)), gram: outputOf(n * n) };
        alike(inputs, (kernels, given) => kernels.gramOfRows(given.rows, n, d, null, given.scratch, given.gram));
        alike(inputs, (kernels, given) => kernels.gramOfRows(given.rows, n, d, given.centre, given.scratch, given.gram));
      }
    }
  });

  it('have the same distances from a point and from their weighted sum', () => {
    for (const n of [1, 2, 3, 4, 7, 20, 67]) {
      for (const d of [1, 2, 3, 9, 123, 513, 4099]) {
        const rows = Array.from({ length: n }, (_, i) => numbers(kind, d, i));
        const inputs = { rows, weights: numbers(kind, n, 91), z: numbers(kind, d, 92), squared: outputOf(n) };
        alike(inputs, (kernels, given) => kernels.squaredDistancesTo(given.rows, n, given.z, given.squared));
        alike(inputs, (kernels, given) => kernels.weightedSumAndDistances(given.rows, given.weights, n, given.z, given.squared));
      }
    }
  });

  it('have the same means of neighbours', () => {
    for (const [n, count] of [
      [1, 1],
      [2, 1],
      [5, 4],
      [20, 15],
      [67, 3],
    ] as const) {
      for (const d of [1, 2, 17, 256, 523]) {
        const rows = Array.from({ length: n }, (_, i) => numbers(kind, d, i));
        const nearest = Float64Array.from({ length: n * count }, (_, at) => (at * 7) % n);
        const inputs = { rows, nearest, outs: rows.map(() => outputOf(d)) };
        alike(inputs, (kernels, given) => kernels.meansOfNeighbors(given.rows, given.nearest, n, count, given.outs));
      }
    }
  });
});

/** A sparse data set with rows of 0 to 20 entries; `layout` says whether entries have values of their own. */
function sparseData(kind: KindOfNumbers, rows: number, columns: number, layout: 'per entry' | 'per row'): Dataset {
  const stream = new KeyedStream(rows + columns, 'data').at(0);
  const entries = Array.from({ length: rows }, () => {
    const chosen = new Set(Array.from({ length: stream.below(20) }, () => stream.below(columns)));
    return [...chosen].sort((a, b) => a - b);
  });
  const columnOf = Int32Array.from(entries.flat());
  const rowStart = new Int32Array(rows + 1);
  const columnStart = new Int32Array(columns + 1);
  entries.forEach((row, i) => {
    rowStart[i + 1] = rowStart[i]! + row.length;
  });
  for (const column of columnOf) columnStart[column + 1]!++;
  for (let j = 0; j < columns; j++) columnStart[j + 1]! += columnStart[j]!;
  const values = numbers(kind, columnOf.length, 21);
  const rowOf = new Int32Array(columnOf.length);
  const columnValues = new Float64Array(columnOf.length);
  const next = columnStart.slice(0, columns);
  entries.forEach((row, i) => {
    row.forEach((column, at) => {
      columnValues[next[column]!] = values[rowStart[i]! + at]!;
      rowOf[next[column]!++] = i;
    });
  });
  const ofValues = layout === 'per entry' ? { values, columnValues } : { rowValue: numbers(kind, rows, 22) };
  const labels = Float64Array.from({ length: rows }, () => (stream.below(2) === 0 ? -1 : 1));
  return { name: layout, rows, columns, rowStart, columnOf, columnStart, rowOf, labels, classes: 2, ...ofValues };
}

const shapes = [
  [1, 1],
  [2, 5],
  [255, 40],
  [257, 123],
  [700, 123],
  [300, 6000],
] as const;

describe.each(kinds)('sparse data with values %s', (kind) => {
  for (const layout of ['per row', 'per entry'] as const) {
    for (const link of ['logistic', 'squared'] as const satisfies readonly Link[]) {
      it(`one ${layout}, have the same ${link} gradients, differences and losses`, () => {
        for (const [rows, columns] of shapes) {
          const stream = new KeyedStream(rows, 'batch').at(0);
          const some = (length: number, below: number): Int32Array => Int32Array.from({ length }, () => stream.below(below));
          const inputs = {
            data: sparseData(kind, rows, columns, layout) as never as Float64Array,
            x: numbers(kind, columns, 31),
            xPrevious: numbers(kind, columns, 32),
            weights: numbers(kind, rows, 33),
            shard: some(rows + 3, rows),
            batch: some(300, rows),
            slopes: outputOf(rows),
            out: numbers('usual', columns, 34),
          };
          const dataOf = (given: typeof inputs): Dataset => given.data as never;
          for (const b of [1, 2, 32, 256, 299]) {
            for (const sharded of [false, true]) {
              alike(inputs, (kernels, given) => {
                const { x, xPrevious, shard, batch, out } = given;
                const data = dataOf(given);
                kernels.addBatchGradient(link, data, data.labels, sharded ? shard : null, batch, b, x, out);
                kernels.addBatchDifference(link, data, data.labels, sharded ? shard : null, batch, b, x, xPrevious, out);
              });
            }
          }
          alike(inputs, (kernels, given) =>
            kernels.addRowsGradient(link, dataOf(given), dataOf(given).labels, given.shard, given.x, 1 / 3, given.out),
          );
          for (const weighted of [false, true]) {
            for (const wantLoss of [false, true]) {
              alike(inputs, (kernels, given) => {
                const { x, slopes, weights, out } = given;
                const data = dataOf(given);
                const loss = kernels.slopesAndLoss(link, data, data.labels, weighted ? weights : undefined, x, slopes, wantLoss);
                kernels.gatherColumns(data, slopes, 0.7, out);
                return loss;
              });
            }
            alike(inputs, (kernels, given) => {
              const weights = weighted ? given.weights : undefined;
              kernels.curvatures(link, dataOf(given), weights, given.x, given.slopes);
            });
            alike(inputs, (kernels, given) => {
              const weights = weighted ? given.weights : undefined;
              kernels.weightedMargins(dataOf(given), weights, given.x, given.slopes);
            });
          }
        }
      });
    }
  }
});

describe('integers below a bound', () => {
  it('are the same wherever the stream stands and however many words are rejected', () => {
    for (const m of [1, 2, 3, 7, 32561, 2 ** 30 + 1, 3 * 2 ** 29, 2 ** 31]) {
      for (const used of [0, 1, 2, 3, 4, 5, 1023]) {
        for (const count of [0, 1, 3, 4, 33]) {
          const stream = { key0: 4000000001, key1: 17, client: 0xffffffff, round: 123456, purpose: 6 + 65536 };
          alike({ out: new Int32Array(count + 2).fill(-1) }, (kernels, { out }) => kernels.drawBelow(stream, used, m, count, out));
        }
      }
    }
  });
});

describe('wasm kernels', () => {
  it('refuse an array of another memory', () => {
    const [inside, outside] = [memory.doubles(4), new Float64Array(4)];
    expect(() => wasmKernels.dot(outside, inside)).toThrow(/numbers from elsewhere/);
    expect(() => wasmKernels.add(inside, inside, outside)).toThrow(/numbers from elsewhere/);
    expect(() => wasmKernels.meanOfRows([inside, outside], 2, inside)).toThrow(/numbers from elsewhere/);
    expect(() => wasmKernels.norm(new Float64Array(kernelMemory(2).kernels.memory.buffer, 64, 4))).toThrow(/numbers from elsewhere/);
  });

  it('refuse an array that is too short', () => {
    expect(() => wasmKernels.dot(memory.doubles(4), memory.doubles(3))).toThrow(/needs an array of 4; got one of 3/);
    expect(() => wasmKernels.medianOfColumns(memory.doubles(8), 3, 3, memory.doubles(256), memory.doubles(3))).toThrow(
      /needs an array of 9; got one of 8/,
    );
  });

  it('do not disturb one another on one memory', () => {
    const other = createWasmKernels(memory.kernels);
    const [a, b, first, second] = [memory.doubles(300), memory.doubles(300), memory.ints(8), memory.ints(8)];
    a.set(numbers('usual', 300, 41));
    b.set(numbers('usual', 300, 42));
    expect(other.dot(a, b)).toBe(wasmKernels.dot(a, b));
    const stream = { key0: 1, key1: 2, client: 3, round: 4, purpose: 5 };
    wasmKernels.drawBelow(stream, 0, 1000, 8, first);
    other.drawBelow(stream, 0, 1000, 8, second);
    expect(second).toEqual(first);
  });
});
