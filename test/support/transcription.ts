/**
 * What a paper's pseudo-code leaves to its reader, for transcriptions of methods on the tiny problem: where x^0 is, how
 * clients draw, how the coin falls. Uses the documented streams and kernels and nothing of the engine or of a method.
 */
import { expect } from 'vitest';
import { catalog } from '../../src/algorithm/catalog.ts';
import { plainArena } from '../../src/algorithm/kernels/plain-arena.ts';
import { medianOfColumns, orderScratch } from '../../src/algorithm/kernels/reference/order-statistics.ts';
import { add, axpy, meanOfRows, scale, subtract } from '../../src/algorithm/kernels/reference/vectors.ts';
import { permute, sampleSubset, sampleWithReplacement } from '../../src/algorithm/random/sampling.ts';
import { EVERYONE, KeyedStream } from '../../src/algorithm/random/streams.ts';
import { type RoundReport, simulate } from '../../src/index.ts';
import type { Oracle } from '../../src/shared/contracts/problem.ts';
import { instantiate } from '../../src/shared/contracts/strategy.ts';
import { messagesFrom, type Vector } from '../../src/shared/vector.ts';
import { loadDataset } from '../../src/worker/data/load.ts';
import { tiny } from './tiny.ts';

const ROUNDS = 60;
export const gamma = 0.3;
export const b = 2;
const p = 0.2;
export const seed = 7;
export const d = 6;
const n = tiny.clients.total;
export const G = n - tiny.clients.byzantine;
export const byzantine = (client: number): boolean => client >= G;

const arena = plainArena();
export const { data } = await loadDataset({ ...tiny.data, format: 'libsvm', targets: 'classes', normalize: 'none' }, { arena });
const stream = new KeyedStream(seed, 'problem').at(0);
const problem = instantiate(catalog.problems, tiny.problem, { data, testData: undefined, owners: G, honest: G, stream, arena });

/** The functions f_i of the honest clients, and that of one client with all rows. */
export const f: readonly Oracle[] = tiny.partition.rows.map((rows, i) => problem.oracle(i, Int32Array.from(rows), false));
export const whole: Oracle = problem.oracle(0, null, false);

export const vector = (): Vector => new Float64Array(d);
export const oracleOf = (client: number): Oracle => f[client % G]!;

function start(): Vector {
  const stream = new KeyedStream(seed, 'start').at(0);
  return vector().map(() => (1 / Math.sqrt(d)) * (2 * stream.uniform() - 1));
}

export function coin(k: number): boolean {
  return new KeyedStream(seed, 'refresh').at(k).uniform() < p;
}

export function gradient(oracle: Oracle, x: Vector): Vector {
  const out = vector();
  oracle.gradient(x, out);
  return out;
}

function batch(k: number, client: number, size: number, samples: number): Int32Array {
  const indices = new Int32Array(size);
  sampleWithReplacement(new KeyedStream(seed, 'batch').at(k, client, 0), samples, size, indices);
  return indices;
}

export function stochastic(k: number, client: number, x: Vector, size = b, oracle = oracleOf(client)): Vector {
  const out = vector();
  oracle.batchGradient(x, batch(k, client, size, oracle.samples), size, out);
  return out;
}

export function difference(k: number, client: number, x: Vector, xPrevious: Vector, oracle = oracleOf(client)): Vector {
  const out = vector();
  oracle.batchDifference(x, xPrevious, batch(k, client, b, oracle.samples), b, out);
  return out;
}

/** Coordinate-wise median of means of pairs. */
export function bucketedMedian(k: number, rows: readonly Vector[]): Vector {
  const order = new Int32Array(rows.length);
  permute(new KeyedStream(seed, 'rule').at(k, EVERYONE, 1), rows.length, order);
  const buckets = Array.from({ length: Math.ceil(rows.length / 2) }, (_, i) =>
    meanOfRows(
      Array.from(order.slice(2 * i, 2 * i + 2), (row) => rows[row]!),
      Math.min(2, rows.length - 2 * i),
      vector(),
    ),
  );
  const out = vector();
  medianOfColumns(messagesFrom(buckets).matrix, buckets.length, d, new Float64Array(orderScratch(buckets.length)), out);
  return out;
}

export const mean = (_k: number, rows: readonly Vector[]): Vector => meanOfRows(rows, rows.length, vector());

/** Bit-flip on the estimate scale: minus its own honest vector base + message, sent as a message. */
export function flipped(message: Vector, base: Vector | undefined): Vector {
  if (base === undefined) return scale(-1, message, vector());
  const v = scale(-1, add(base, message, vector()), vector());
  return subtract(v, base, vector());
}

export function cohort(k: number, size: number): number[] {
  const out = new Int32Array(size);
  sampleSubset(new KeyedStream(seed, 'cohort').at(k), n, size, out);
  return Array.from(out);
}

export const everyone = Array.from({ length: n }, (_, i) => i);

/** What a run says of itself, x^k and g^k of every round. */
export async function run(experiment: Readonly<Record<string, unknown>>): Promise<RoundReport[]> {
  const reports: RoundReport[] = [];
  const { outcome } = await simulate({ ...tiny, rounds: ROUNDS, seed, ...experiment }, { onRound: (report) => reports.push(report) });
  expect(outcome).toBe('completed');
  return reports;
}

type Iterates = readonly { readonly x: Vector; readonly g: Vector }[];

export function expectSameBits(reports: readonly RoundReport[], iterates: Iterates): void {
  expect(reports.length).toBe(iterates.length);
  iterates.forEach(({ x, g }, k) => {
    expect(Array.from(reports[k]!.x), `x^${k}`).toEqual(Array.from(x));
    expect(Array.from(reports[k]!.g), `g^${k}`).toEqual(Array.from(g));
  });
}

/** x^{k+1} = x^k - gamma g^k and whatever g^{k+1} follows. */
export function iterate(first: (x: Vector) => Vector, next: (k: number, x: Vector, xPrevious: Vector, g: Vector) => Vector): Iterates {
  const iterates = [{ x: start(), g: first(start()) }];
  for (let k = 1; k <= ROUNDS; k++) {
    const { x: xPrevious, g } = iterates[k - 1]!;
    const x = axpy(-gamma, g, xPrevious, vector());
    iterates.push({ x, g: next(k, x, xPrevious, g) });
  }
  return iterates;
}

export const rule = { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] };
export const vr = { stepSize: gamma, refresh: { probability: p }, batchSize: b };
