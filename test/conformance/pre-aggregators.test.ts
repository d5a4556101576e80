/** What every pre-aggregator must do, run for each registered one with each set of parameters of `support/strategies.ts`. */
import { describe, expect, test } from 'vitest';
import { norm } from '../../src/algorithm/kernels/reference/vectors.ts';
import { preAggregators } from '../../src/algorithm/pre-aggregators/index.ts';
import type { StrategyChoice } from '../../src/shared/contracts/strategy.ts';
import { preAggregate, preAggregatorOf } from '../support/rules.ts';
import {
  claim,
  codeThrownBy,
  everyChoice,
  exampleOf,
  expectClose,
  golden,
  largest,
  normalRows,
  streamFor,
  testDefinitions,
} from '../support/strategies.ts';
import { compiledRule } from '../support/tolerance.ts';

/** Rounding of a few dozen operations on numbers of size one. */
const ROUNDING = 1e-13;

const bits = (rows: readonly Float64Array[]): BigInt64Array[] => rows.map((row) => new BigInt64Array(row.slice().buffer));
const sizes = [1, 2, 3, 4, 7, 10];

/** The largest f below n with its guarantee. */
function guaranteed(choice: StrategyChoice, n: number): number {
  const stage = preAggregatorOf(choice);
  let f = n - 1;
  while (f > 0 && (stage.infeasible(n, f) !== undefined || stage.beyondGuarantee(n, f) !== undefined)) f--;
  return f;
}

testDefinitions(preAggregators, 'pre-aggregators');

describe.each(everyChoice(preAggregators))('%s', (label, choice) => {
  const { traits } = preAggregators.get(choice.name);
  const stage = preAggregatorOf(choice);

  test('it returns the common message in every row when all clients agree', () => {
    for (const n of sizes) {
      const message = Float64Array.of(0.1, -0.7, 3e-5, 0);
      for (const row of preAggregate(choice, Array(n).fill(message))) expectClose(row, message, ROUNDING);
    }
  });

  test('it makes as many rows as it declares, and no more contaminated ones than it was told of', () => {
    for (let n = 1; n <= 12; n++) {
      const rows = stage.rows(n);
      expect(rows).toBeGreaterThanOrEqual(1);
      expect(rows).toBeLessThanOrEqual(n);
      expect(preAggregate(choice, normalRows(streamFor(`${label} ${n}`), n, 3)).length).toBe(rows);
      for (let f = 0; f < n; f++) {
        expect(stage.contaminated(n, f)).toBeLessThanOrEqual(Math.min(f, rows));
        expect(stage.contaminated(n, 0)).toBe(0);
      }
    }
  });

  test('it lets f messages reach no more rows than it declares', () => {
    for (const n of sizes) {
      const f = guaranteed(choice, n);
      if (f === 0) continue;
      const rows = normalRows(streamFor(`${label} reach ${n}`), n, 3);
      // Too far to hide in a mean and, with no direction in common, not to be mistaken for honest rows.
      for (const lie of [1e9, Number.NaN, Number.POSITIVE_INFINITY]) {
        const sent = rows.map((row, i) => (i < n - f ? row : row.map((value) => value + lie)));
        const out = preAggregate(choice, sent, { f, stream: streamFor('permutation') });
        const reached = out.filter((row) => !(largest([row]) < 100));
        expect(reached.length).toBeLessThanOrEqual(stage.contaminated(n, f));
      }
    }
  });

  claim(traits.translationEquivariant, 'it commutes with translations, as claimed', () => {
    for (const n of sizes) {
      const rows = normalRows(streamFor(`${label} shift ${n}`), n, 4);
      const shift = Float64Array.of(1, -2, 0.5, 10);
      const f = guaranteed(choice, n);
      const shifted = (given: readonly Float64Array[]): Float64Array[] => given.map((row) => row.map((value, j) => value + shift[j]!));
      const straight = shifted(preAggregate(choice, rows, { f, stream: streamFor('same') }));
      const moved = preAggregate(choice, shifted(rows), { f, stream: streamFor('same') });
      for (const [i, row] of moved.entries()) expectClose(row, straight[i]!, 10 * ROUNDING);
    }
  });

  test('it draws randomness exactly if it says so', () => {
    const rows = normalRows(streamFor(`${label} draws`), 9, 3);
    const draw = (seed: string): BigInt64Array[] => bits(preAggregate(choice, rows, { f: 1, stream: streamFor(seed) }));
    expect(draw('a')).toEqual(draw('a'));
    if (traits.random) expect(draw('a')).not.toEqual(draw('b'));
    else expect(draw('a')).toEqual(draw('b'));
  });

  test('it computes the last feasible f, and the next is refused with its code before anything runs', () => {
    for (let n = 1; n <= 8; n++) {
      for (let f = 0; f <= n; f++) {
        const broken = stage.infeasible(n, f);
        const compiled = () => compiledRule({ name: 'mean', preAggregators: [choice] }, n, f);
        if (broken === undefined) {
          if (f < n) expect(largest(preAggregate(choice, normalRows(streamFor('feasible'), n, 2), { f }))).toBeLessThan(100);
          expect(compiled).not.toThrow();
        } else {
          expect(broken).toContain(choice.name);
          expect(broken).toMatch(new RegExp(`\\b${n}\\b.*\\b${f}\\b`));
          expect(codeThrownBy(compiled)).toBe('MARINADE_PRECONDITION_TOO_MANY_BYZANTINE');
        }
      }
    }
  });

  test('it warns with numbers beyond its guarantee', () => {
    for (let n = 1; n <= 12; n++) {
      for (let f = 1; f < n; f++) {
        if (stage.infeasible(n, f) !== undefined) continue;
        const beyond = stage.beyondGuarantee(n, f);
        const warnings = compiledRule({ name: 'mean', preAggregators: [choice] }, n, f).warnings.join('\n');
        if (beyond === undefined) expect(warnings).not.toContain(choice.name);
        else expect(warnings).toContain(`(n = ${n}, f = ${f}): ${beyond}`);
      }
    }
  });

  claim(stage.boundFactor, 'it keeps the bound on the length of its rows', () => {
    for (const n of sizes) {
      for (const f of new Set([0, guaranteed(choice, n)])) {
        const rows = normalRows(streamFor(`${label} bound ${n}`), n, 3).map((row) => row.map((value) => value ** 5));
        const longest = Math.max(...preAggregate(choice, rows, { f }).map(norm));
        expect(longest).toBeLessThanOrEqual(stage.boundFactor!(n, f) * Math.max(...rows.map(norm)) * (1 + ROUNDING));
      }
    }
  });
});

interface Golden {
  readonly inputs: readonly {
    readonly f: number;
    readonly messages: readonly (readonly number[])[];
    readonly permutation: readonly number[];
  }[];
  readonly cases: readonly {
    readonly input: number;
    readonly name: string;
    readonly parameters: object;
    readonly expected: readonly (readonly number[])[];
  }[];
}

/** Rules whose order of additions is the script's, so that every bit agrees; the others compute norms. */
const exact = new Set(['bucketing', 'nearest-neighbor-mixing']);

describe('against an independent implementation', () => {
  const { inputs, cases } = golden<Golden>('pre-aggregators');

  test('it has golden values for every rule', () => {
    expect([...new Set(cases.map(({ name }) => name))].sort()).toEqual([...preAggregators.names].sort());
  });

  const groups = Map.groupBy(cases, ({ name, parameters }) => `${name} ${JSON.stringify(parameters)}`);
  test.each([...groups])('it agrees: %s', (_, rows) => {
    for (const { input, name, parameters, expected } of rows) {
      const { f, messages, permutation } = inputs[input]!;
      const choice = preAggregators.schema.parse({ name, ...parameters });
      const out = preAggregate(choice, messages, { f, permutation });
      expect(out.length).toBe(expected.length);
      for (const [i, row] of out.entries()) {
        if (exact.has(name)) expect(Array.from(row)).toEqual(expected[i]);
        else expectClose(row, expected[i]!, ROUNDING * largest([expected[i]!]));
      }
    }
  });
});

describe.each(preAggregators.names)('the example of %s', (name) => {
  test('it is true', () => {
    const { inputs, result } = exampleOf('pre-aggregators', name);
    const { messages, f = 0, permutation, ...parameters } = inputs as { messages: number[][]; f?: number; permutation?: number[] };
    const choice = preAggregators.schema.parse({ name, ...parameters });
    const out = preAggregate(choice, messages, { f, ...(permutation === undefined ? {} : { permutation }) });
    expect(out.map((row) => Array.from(row))).toEqual(result);
  });
});
