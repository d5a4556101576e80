/** Rules whose steps are taken on coefficients of the messages, against 60 digits and against the same rules with all coordinates. */
import { describe, expect, test } from 'vitest';
import { distancesOnCoefficients, mostOnCoefficients } from '../../../src/algorithm/aggregators/coefficients.ts';
import { aggregators } from '../../../src/algorithm/aggregators/index.ts';
import { gramOfRows } from '../../../src/algorithm/kernels/reference/geometry.ts';
import { referenceKernels } from '../../../src/algorithm/kernels/reference/index.ts';
import { distance } from '../../../src/algorithm/kernels/reference/vectors.ts';
import type { Kernels } from '../../../src/shared/contracts/kernels.ts';
import type { StrategyChoice } from '../../../src/shared/contracts/strategy.ts';
import { aggregate, aggregatorOf, freshState } from '../../support/rules.ts';
import { choicesOf, expectClose, golden, largest, normalRows, streamFor } from '../../support/strategies.ts';

interface Golden {
  readonly n: number;
  readonly d: number;
  readonly radius: number;
  readonly cases: readonly {
    readonly offset: number;
    readonly spread: number;
    readonly far: number;
    readonly squared: readonly (readonly number[])[];
    readonly expected: Readonly<Record<string, readonly number[]>>;
  }[];
}

const { n, d, radius, cases } = golden<Golden>('coincident');
const rule = (choice: object): StrategyChoice => aggregators.schema.parse(choice);

/** As coincident.py makes them. */
function messages({ offset, spread, far }: Golden['cases'][number]): Float64Array[] {
  let state = 1;
  return Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: d }, () => {
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      return (offset + spread * (state / 2 ** 32 - 0.5)) * (i === n - 1 ? far : 1);
    }),
  );
}

/** Kernels that count how often products were taken. */
function counting(): { readonly kernels: Kernels; readonly counted: { products: number } } {
  const counted = { products: 0 };
  const kernels: Kernels = {
    ...referenceKernels,
    gramOfRows(...given) {
      counted.products++;
      referenceKernels.gramOfRows(...given);
    },
  };
  return { kernels, counted };
}

describe.each(cases)('messages $spread around $offset, one $far times as far', (one) => {
  const rows = messages(one);
  const { offset, spread, squared, expected } = one;
  /** Rounding of the result itself, and what 40 trusted bits of a distance do to it. */
  const tolerance = 1e-11 * spread + 8 * Number.EPSILON * Math.max(offset, spread);

  test('have distances good to 40 bits', () => {
    const out = new Float64Array(n * n);
    referenceKernels.pairwiseSquaredDistances(rows, n, d, out);
    for (let i = 0; i < n; i++) {
      for (let l = 0; l < n; l++) expect(Math.abs(out[i * n + l]! - squared[i]![l]!)).toBeLessThanOrEqual(2 ** -38 * squared[i]![l]!);
    }
  });

  test.each([
    ['rfa', { name: 'rfa' }, tolerance],
    ['rfa from the median', { name: 'rfa', start: 'coordinate-median', smoothing: 1e-3, smoothingScale: 'relative' }, tolerance],
    // Stops a step of 1e-10 spreads before the end.
    ['geometric-median', { name: 'geometric-median' }, tolerance + 1e-8 * spread],
    ['centered-clipping', { name: 'centered-clipping', radius }, tolerance],
  ])('are aggregated by %s as in 60 digits', (name, choice, allowed) => {
    const { kernels, counted } = counting();
    const state = freshState(aggregatorOf(rule(choice)), n, d);
    state['previous']?.fill(offset + 0.25 * spread);
    expectClose(aggregate(rule(choice), rows, { f: 1, state, kernels }), expected[name]!, allowed);
    expect(counted.products).toBeGreaterThan(0);
  });
});

describe('a rule on coefficients', () => {
  const names = ['rfa', 'geometric-median', 'centered-clipping'];
  const kinds: Readonly<Record<string, (row: Float64Array, i: number) => Float64Array>> = {
    usual: (row) => row,
    'with two far rows': (row, i) => (i < 2 ? row.map((value) => 1e12 * value) : row),
    'far from 0': (row) => row.map((value) => 1e5 + value),
    'with squares that overflow': (row, i) => (i < 2 ? row.map((value) => 1e200 * (2 + value)) : row),
    'not all finite': (row, i) => (i === 4 ? row.map((value, j) => (j === 1 ? Number.NaN : value)) : row),
    'mostly equal': (row, i) => (i < 5 ? row.fill(0.7) : row),
    'all equal': (row) => row.fill(0.1),
    'all zero': (row) => row.fill(0),
    tiny: (row) => row.map((value) => 1e-170 * value),
  };

  // Zeros behind a few coordinates change no distance, but more coordinates are worth the products.
  test.each(names.flatMap((name) => choicesOf(aggregators, name).map((choice) => [JSON.stringify(choice), choice] as const)))(
    'it finds what it finds with all coordinates: %s',
    (label, choice) => {
      for (const [kind, change] of Object.entries(kinds)) {
        const few = normalRows(streamFor(`${label} ${kind}`), 9, 6).map(change);
        const many = few.map((row) => {
          const padded = new Float64Array(9 * 16);
          padded.set(row);
          return padded;
        });
        const [expected, out] = [aggregate(choice, few, { f: 2 }), aggregate(choice, many, { f: 2 })];
        // The mean that one rfa starts at goes with the far rows, and so does its result.
        const size = largest([...few.slice(2).map((row) => row.map((value) => value || 0)), expected]);
        const middle = choice.name === 'geometric-median' ? 1e-8 * (kind === 'far from 0' ? 1 : size) : 0;
        if (expected.some(Number.isNaN)) expect(out.every(Number.isNaN)).toBe(true);
        else expectClose(out, [...expected, ...Array(9 * 16 - 6).fill(0)], 1e-13 * size + middle);
      }
    },
  );

  test('it is a message held by most clients, bit for bit', () => {
    const rows = normalRows(streamFor('held'), 9, 160);
    for (let i = 1; i < 5; i++) rows[i]!.set(rows[0]!);
    expect(aggregate(rule({ name: 'geometric-median' }), rows, { f: 4 })).toEqual(rows[0]!);
  });

  test('it takes products once where nothing is far or near', () => {
    for (const name of names) {
      const { kernels, counted } = counting();
      aggregate(rule({ name }), normalRows(streamFor('once'), 9, 160), { f: 2, kernels });
      expect(counted.products).toBe(1);
    }
  });

  test('it takes none where they cost more than they save', () => {
    expect([mostOnCoefficients(65, 1e4, 8), mostOnCoefficients(20, 123, 8), mostOnCoefficients(20, 320, 3)]).toEqual([64, 7, 20]);
    const { kernels, counted } = counting();
    aggregate(rule({ name: 'rfa', iterations: 1 }), normalRows(streamFor('none'), 9, 160), { kernels });
    expect(counted.products).toBe(0);
  });
});

describe('distances on coefficients', () => {
  const rows = normalRows(streamFor('guard'), 4, 64);
  const products = (centre: Float64Array | null): Float64Array => {
    const gram = new Float64Array(16);
    gramOfRows(rows, 4, 64, centre, new Float64Array(4 * 512), gram);
    return gram;
  };
  const squared = new Float64Array(4);

  test('are those of the point', () => {
    const coefficients = Float64Array.of(0.1, 0.2, 0.3, 0.4);
    const z = referenceKernels.weightedSumOfRows(rows, coefficients, 4, new Float64Array(64));
    expect(distancesOnCoefficients(products(null), 4, coefficients, 0, squared)).toBe(true);
    expectClose(
      squared.map(Math.sqrt),
      rows.map((row) => distance(row, z)),
      1e-13,
    );
  });

  test('are refused near a message, unless a length hides them', () => {
    const near = Float64Array.of(1 - 3e-3, 1e-3, 1e-3, 1e-3);
    expect(distancesOnCoefficients(products(null), 4, near, 0, squared)).toBe(false);
    expect(distancesOnCoefficients(products(null), 4, near, 1, squared)).toBe(true);
    expect(distancesOnCoefficients(products(null), 4, Float64Array.of(0.7, 0.1, 0.1, 0.1), 0, squared)).toBe(true);
  });

  test('are refused far from the centre that products were taken around', () => {
    const even = Float64Array.of(0.25, 0.25, 0.25, 0.25);
    expect(distancesOnCoefficients(products(new Float64Array(64).fill(300)), 4, even, 0, squared)).toBe(false);
  });

  test('are refused where a square overflows', () => {
    const gram = products(null);
    gram[5] = Number.POSITIVE_INFINITY;
    expect(distancesOnCoefficients(gram, 4, Float64Array.of(0.5, 0.5, 0, 0), 0, squared)).toBe(false);
  });
});
