/** What every compressor must do, run for each registered one with each set of parameters of `support/strategies.ts`. */
import { describe, expect, test } from 'vitest';
import { compressors } from '../../src/algorithm/compressors/index.ts';
import { norm, squaredDistance, squaredNorm } from '../../src/algorithm/kernels/reference/vectors.ts';
import type { Compressor } from '../../src/shared/contracts/compressor.ts';
import { arraysFor } from '../../src/shared/contracts/memory.ts';
import { instantiate, type StrategyChoice } from '../../src/shared/contracts/strategy.ts';
import type { Stream } from '../../src/shared/vector.ts';
import { meanOf } from '../support/chances.ts';
import {
  claim,
  everyChoice,
  exampleOf,
  expectClose,
  golden,
  normalRows,
  poisoned,
  streamFor,
  testDefinitions,
} from '../support/strategies.ts';

const ROUNDING = 1e-13;
const DRAWS = 20_000;
/** Rounding of a sum over all draws. */
const SUMMATION = 1e-11;
/** Standard errors that a mean over fixed draws may be off. */
const ERRORS = 4.5;

const compressorOf = (choice: StrategyChoice): Compressor => instantiate(compressors, choice, undefined);
const bits = (vector: Float64Array): BigInt64Array => new BigInt64Array(vector.slice().buffer);

/** Q(vector), with poisoned scratch. */
function compress(choice: StrategyChoice, vector: ArrayLike<number>, stream: Stream, coordinates?: ArrayLike<number>): Float64Array {
  const compressor = compressorOf(choice);
  const out = Float64Array.from(vector);
  compressor.compress(out, { stream, workspace: arraysFor(compressor.workspace?.({ n: 1, d: out.length }) ?? {}, poisoned), coordinates });
  return out;
}

/** A stream whose uniforms are given and that has nothing else to give. */
function scripted(uniforms: readonly number[]): Stream {
  let at = 0;
  const nothing = (): never => {
    throw new Error('only uniforms are scripted');
  };
  return { uniform: () => uniforms[at++]!, word: nothing, below: nothing, normal: nothing, gamma: nothing };
}

/** Vectors that are hard for one compressor or another: generic, equal coordinates, one coordinate, wide range. */
const hard: readonly (readonly [string, Float64Array])[] = [
  ['generic', normalRows(streamFor('generic'), 1, 7)[0]!],
  ['equal', new Float64Array(7).fill(-0.3)],
  ['single', Float64Array.of(0, 0, 1.25, 0, 0, 0, 0)],
  ['wide', Float64Array.of(1, -0.1, 0.02, 0.005, 0, 0.75, -1.5)],
];

testDefinitions(compressors, 'compressors');

describe.each(everyChoice(compressors))('%s', (label, choice) => {
  const { traits } = compressors.get(choice.name);
  const compressor = compressorOf(choice);

  test('it declares the constants that its class needs, for every dimension', () => {
    for (const d of [1, 2, 5, 123, 100_000]) {
      const { class: kind, omega, alpha, bound, density } = compressor.constants(d);
      if (kind === 'unbiased') expect(omega).toBeGreaterThanOrEqual(0);
      if (kind === 'contractive') expect(alpha).toBeGreaterThan(0);
      if (alpha !== undefined) expect(alpha).toBeLessThanOrEqual(1);
      if (bound !== undefined) expect(bound).toBeGreaterThanOrEqual(1);
      // |Q(x)|^2 has mean at most (1 + omega) |x|^2 and is at most D_Q^2 |x|^2.
      if (kind === 'unbiased' && bound !== undefined) expect(1 + omega!).toBeLessThanOrEqual(bound ** 2 * (1 + ROUNDING));
      expect(density).toBeGreaterThan(0);
      expect(density).toBeLessThanOrEqual(d);
      expect(compressor.bits(d, 32)).toBeGreaterThan(0);
      expect(compressor.bits(d, 32)).toBeLessThan(compressor.bits(d, 64));
    }
  });

  test('it leaves zero alone, and survives what attackers send', () => {
    expect(Array.from(compress(choice, new Float64Array(5), streamFor('zero')), Math.abs)).toEqual([0, 0, 0, 0, 0]);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e300, 5e-324]) {
      expect(compress(choice, [1, value, -2, 3, 0.5], streamFor('odd')).length).toBe(5);
      expect(compress(choice, [value], streamFor('odd')).length).toBe(1);
    }
  });

  test('it draws the same bits from the same stream, others from another exactly if it is random', () => {
    const vector = normalRows(streamFor('draws'), 1, 40)[0]!;
    const draw = (seed: string): BigInt64Array => bits(compress(choice, vector, streamFor(seed)));
    expect(draw('a')).toEqual(draw('a'));
    if (traits.random) expect(draw('a')).not.toEqual(draw('b'));
    else expect(draw('a')).toEqual(draw('b'));
  });

  describe.each(hard)('of a vector: %s', (shape, vector) => {
    const d = vector.length;
    const { class: kind, omega, alpha, bound, density } = compressor.constants(d);
    const stream = streamFor(`${label} ${shape}`);
    const draws = Array.from({ length: DRAWS }, () => compress(choice, vector, stream));
    const over = (value: (drawn: Float64Array) => number): { mean: number; error: number } => meanOf(DRAWS, (i) => value(draws[i]!));

    claim(kind === 'unbiased', 'it is unbiased', () => {
      for (let j = 0; j < d; j++) {
        const { mean, error } = over((drawn) => drawn[j]!);
        expect(Math.abs(mean - vector[j]!)).toBeLessThanOrEqual(ERRORS * error + SUMMATION);
      }
    });

    test('its error, its length and its density keep what it declares', () => {
      const squaredError = over((drawn) => squaredDistance(drawn, vector));
      const allowed = kind === 'unbiased' ? omega! : kind === 'contractive' ? 1 - alpha! : Number.POSITIVE_INFINITY;
      expect(squaredError.mean).toBeLessThanOrEqual(allowed * squaredNorm(vector) + ERRORS * squaredError.error + SUMMATION);
      if (bound !== undefined) expect(Math.max(...draws.map(norm))).toBeLessThanOrEqual(bound * norm(vector) * (1 + ROUNDING));
      const nonZeros = over((drawn) => drawn.filter((value) => value !== 0).length);
      expect(nonZeros.mean).toBeLessThanOrEqual(density + ERRORS * nonZeros.error + SUMMATION);
    });
  });
});

interface Golden {
  readonly roundings: readonly {
    readonly name: string;
    readonly parameters: object;
    readonly vector: readonly number[];
    readonly lower: readonly number[];
    readonly upper: readonly number[];
    /** Of the upper value. */
    readonly probability: readonly number[];
    readonly squaredError: number;
    readonly nonZeros: number;
  }[];
  readonly sparsified: readonly {
    readonly name: string;
    readonly parameters: object;
    readonly vector: readonly number[];
    readonly coordinates: readonly number[];
    readonly expected: readonly number[];
  }[];
}

describe('against an independent implementation', () => {
  const { roundings, sparsified } = golden<Golden>('compressors');

  test('it has golden values for every compressor but the identity', () => {
    const names = [...roundings, ...sparsified].map(({ name }) => name);
    expect([...new Set(['identity', ...names])].sort()).toEqual([...compressors.names].sort());
  });

  const groups = Map.groupBy(roundings, ({ name, parameters }) => `${name} ${JSON.stringify(parameters)}`);
  test.each([...groups])('it rounds to the same neighbours with the same probability: %s', (_, rows) => {
    // How far from the exact probability a uniform is put on either side.
    const beside = 1e-9;
    for (const { name, parameters, vector, lower, upper, probability, squaredError, nonZeros } of rows) {
      const choice = compressors.schema.parse({ name, ...parameters });
      const down = compress(choice, vector, scripted(probability.map((p) => p + beside)));
      const up = compress(choice, vector, scripted(probability.map((p) => p - beside)));
      for (let j = 0; j < vector.length; j++) {
        expectClose([down[j]!, up[j]!], [lower[j]!, upper[j]!], ROUNDING * Math.abs(upper[j]!));
      }
      const { omega, density } = compressorOf(choice).constants(vector.length);
      const squared = squaredNorm(Float64Array.from(vector));
      expect(squaredError).toBeLessThanOrEqual(omega! * squared * (1 + ROUNDING) + ROUNDING * squared);
      expect(nonZeros).toBeLessThanOrEqual(density * (1 + ROUNDING));
    }
  });

  test('it keeps the given coordinates, times d / K', () => {
    for (const { name, parameters, vector, coordinates, expected } of sparsified) {
      const choice = compressors.schema.parse({ name, ...parameters });
      expectClose(compress(choice, vector, streamFor('unused'), coordinates), expected, ROUNDING);
      expect(compressorOf(choice).constants(vector.length).density).toBe(coordinates.length);
    }
  });
});

describe.each(compressors.names)('the example of %s', (name) => {
  test('it is true', () => {
    const { inputs, result } = exampleOf('compressors', name);
    const { vector, coordinates, ...parameters } = inputs as { vector: number[]; coordinates?: number[] };
    const choice = compressors.schema.parse({ name, ...parameters });
    for (const seed of ['a', 'b', 'c']) expect(Array.from(compress(choice, vector, streamFor(seed), coordinates))).toEqual(result);
  });
});
