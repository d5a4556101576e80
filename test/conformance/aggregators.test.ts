/** What every aggregator must do, run for each registered one with each set of parameters of `support/strategies.ts`. */
import { describe, expect, test } from 'vitest';
import { aggregators } from '../../src/algorithm/aggregators/index.ts';
import { norm } from '../../src/algorithm/kernels/reference/vectors.ts';
import type { StrategyChoice } from '../../src/shared/contracts/strategy.ts';
import { aggregate, aggregatorOf, freshState, type Rows } from '../support/rules.ts';
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

/** Rules that iterate until a step is small, and how far from the limit they may stop, relative to the rows' spread. */
const convergence: Readonly<Record<string, number>> = { 'geometric-median': 1e-8 };

const toleranceOf = ({ name }: StrategyChoice, scale: number): number => (convergence[name] ?? ROUNDING) * scale;
const traitsOf = ({ name }: StrategyChoice) => aggregators.get(name).traits;
const bits = (vector: Float64Array): BigInt64Array => new BigInt64Array(vector.slice().buffer);

/** The largest f below n that a rule computes and guarantees; 0 where it guarantees nothing. */
function guaranteed(choice: StrategyChoice, n: number): number {
  const rule = aggregatorOf(choice);
  let f = n - 1;
  while (f > 0 && (rule.infeasible(n, f) !== undefined || rule.beyondGuarantee(n, f) !== undefined)) f--;
  return f;
}

const feasibleAt = (choice: StrategyChoice, n: number, f: number): boolean => aggregatorOf(choice).infeasible(n, f) === undefined;

/** Numbers of rows up to twenty for which a rule can be computed with f = 0. */
const sizes = (choice: StrategyChoice): number[] => [1, 2, 3, 4, 5, 8, 13, 20].filter((n) => feasibleAt(choice, n, 0));

/** Choices that huge messages move far although the rule's limit point is robust, and why. */
const movedByHugeMessages: readonly { readonly choice: Readonly<Record<string, unknown>>; readonly reason: string }[] = [
  { choice: { name: 'rfa', start: 'mean' }, reason: 'T steps do not lead back from the mean, which one message moves anywhere' },
];
const isMoved = (choice: StrategyChoice): boolean =>
  movedByHugeMessages.some((moved) => Object.entries(moved.choice).every(([key, value]) => choice[key] === value));

testDefinitions(aggregators, 'aggregators');

describe.each(everyChoice(aggregators))('%s', (label, choice) => {
  const traits = traitsOf(choice);

  test('it returns the common message when all clients agree', () => {
    for (const n of sizes(choice)) {
      const message = Float64Array.of(0.1, -0.7, 3e-5, 0, 0.123456789);
      expectClose(aggregate(choice, Array(n).fill(message)), message, ROUNDING);
    }
  });

  claim(traits.permutationInvariant, 'it does not depend on the order of the clients, as claimed', () => {
    for (const n of sizes(choice)) {
      const stream = streamFor(`${label} order ${n}`);
      const rows = normalRows(stream, n, 70);
      // Zeros of both signs, which are equal and must not remember whose they are.
      for (const row of rows) for (let j = 0; j < 20; j++) row[j] = stream.below(2) === 0 ? 0 : -0;
      const f = Math.min(1, guaranteed(choice, n));
      const straight = aggregate(choice, rows, { f });
      for (const reordered of [rows.toReversed(), [...rows.slice(n >> 1), ...rows.slice(0, n >> 1)]]) {
        const other = aggregate(choice, reordered, { f });
        if (traits.permutationInvariant === 'exact') expect(bits(other)).toEqual(bits(straight));
        else expectClose(other, straight, toleranceOf(choice, 1));
      }
    }
  });

  claim(traits.translationEquivariant, 'it commutes with translations, as claimed', () => {
    for (const n of sizes(choice)) {
      const rows = normalRows(streamFor(`${label} shift ${n}`), n, 6);
      const shift = Float64Array.of(1, -2, 0.5, 10, 0, -0.25);
      const f = Math.min(1, guaranteed(choice, n));
      const moved = aggregate(
        choice,
        rows.map((row) => row.map((value, j) => value + shift[j]!)),
        { f },
      );
      expectClose(
        moved,
        aggregate(choice, rows, { f }).map((value, j) => value + shift[j]!),
        toleranceOf(choice, 10),
      );
    }
  });

  claim(traits.scaleEquivariant, 'it commutes with scaling by any sign and size, as claimed', () => {
    for (const n of sizes(choice)) {
      const rows = normalRows(streamFor(`${label} scale ${n}`), n, 6);
      const f = Math.min(1, guaranteed(choice, n));
      for (const factor of [-1, 1e-9, 300]) {
        const scaled = aggregate(
          choice,
          rows.map((row) => row.map((value) => factor * value)),
          { f },
        );
        expectClose(
          scaled,
          aggregate(choice, rows, { f }).map((value) => factor * value),
          toleranceOf(choice, Math.abs(factor)),
        );
      }
    }
  });

  claim(traits.staysInCoordinateHull, 'it stays between the smallest and the largest message in every coordinate, as claimed', () => {
    for (const n of sizes(choice)) {
      const rows = normalRows(streamFor(`${label} hull ${n}`), n, 9);
      const f = guaranteed(choice, n);
      for (let i = n - f; i < n; i++) rows[i] = rows[i]!.map((value) => 1e3 * value);
      const out = aggregate(choice, rows, { f });
      out.forEach((value, j) => {
        const column = rows.map((row) => row[j]!);
        expect(value).toBeGreaterThanOrEqual(Math.min(...column) - ROUNDING * largest(rows));
        expect(value).toBeLessThanOrEqual(Math.max(...column) + ROUNDING * largest(rows));
      });
    }
  });

  test('it takes a lone message, and returns it bit for bit if that is claimed', () => {
    const message = Float64Array.of(1e300, -0, 5e-324, 0.1, -12);
    // A parameter that asks for more rows is the only reason not to be able to.
    if (choice['trim'] === undefined && choice['select'] === undefined) expect(feasibleAt(choice, 1, 0)).toBe(true);
    const out = aggregate(choice, [message]);
    if (traits.returnsLoneMessage) expect(bits(out)).toEqual(bits(message));
    else expect(out.every(Number.isFinite)).toBe(true);
  });

  test('it draws the same bits from the same stream, whatever its scratch held', () => {
    const rows = normalRows(streamFor(`${label} again`), 9, 70);
    const f = guaranteed(choice, 9);
    expect(bits(aggregate(choice, rows, { f, stream: streamFor('x') }))).toEqual(
      bits(aggregate(choice, rows, { f, stream: streamFor('x') })),
    );
  });

  test('it computes the last feasible f, and the next is refused with its code before anything runs', () => {
    for (let n = 1; n <= 12; n++) {
      for (let f = 0; f < n; f++) {
        if (feasibleAt(choice, n, f)) {
          const out = aggregate(choice, normalRows(streamFor(`${label} ${n} ${f}`), n, 5), { f });
          expect(out.every(Number.isFinite)).toBe(true);
          expect(() => compiledRule(choice, n, f)).not.toThrow();
        } else {
          expect(codeThrownBy(() => compiledRule(choice, n, f))).toBe('MARINADE_PRECONDITION_TOO_MANY_BYZANTINE');
        }
      }
    }
  });

  test('it says with numbers what breaks a limit, and warns beyond a guarantee', () => {
    const rule = aggregatorOf(choice);
    for (let n = 1; n <= 12; n++) {
      for (let f = 0; f < n; f++) {
        for (const broken of [rule.infeasible(n, f), rule.beyondGuarantee(n, f)]) {
          if (broken === undefined) continue;
          expect(broken).toContain(choice.name);
          expect(broken).toMatch(new RegExp(`\\b${n}\\b`));
        }
        if (!feasibleAt(choice, n, f)) continue;
        const warned = compiledRule(choice, n, f).warnings.filter((warning) => warning.includes('beyond a guarantee'));
        expect(warned.length).toBe(rule.beyondGuarantee(n, f) === undefined ? 0 : 1);
        if (warned.length > 0) expect(warned[0]).toContain(`(n = ${n}, f = ${f})`);
      }
    }
  });

  claim(!isMoved(choice), 'it survives f huge messages where it guarantees to', () => {
    for (const n of [5, 7, 9, 20]) {
      const f = guaranteed(choice, n);
      if (f === 0) continue;
      for (const size of [1e12, -1e12]) {
        const rows = normalRows(streamFor(`${label} huge ${n}`), n, 5);
        for (let i = n - f; i < n; i++) rows[i] = rows[i]!.map((value) => size + value);
        // Centered clipping may move by its iterations times its radius, 30; all others by a few spreads of the honest rows.
        expect(largest([aggregate(choice, rows, { f })])).toBeLessThan(40);
      }
    }
  });

  test('it treats f messages that are not finite as its traits declare', () => {
    for (const n of [5, 7, 9]) {
      const f = choice.name === 'mean' ? 1 : guaranteed(choice, n);
      if (f === 0) continue;
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const rows: Float64Array[] = normalRows(streamFor(`${label} ${value} ${n}`), n, 5);
        for (let i = n - f; i < n; i++) rows[i]!.fill(value, i % 5);
        const rule = aggregatorOf(choice);
        const state = freshState(rule, n, 5);
        const out = aggregate(choice, rows, { f, state, out: new Float64Array(5) });
        const drops = traits.nonFinite === 'survives' || choice['nonFinite'] === 'ignore';
        if (drops) expect(largest([out])).toBeLessThan(40);
        else if (traits.nonFinite === 'rejects') expect(out.every(Number.isNaN)).toBe(true);
        else expect(out.every(Number.isFinite)).toBe(false);
        if (drops) for (const memory of Object.values(state)) expect(memory.every(Number.isFinite)).toBe(true);
      }
    }
  });

  claim(aggregatorOf(choice).boundFactor, 'it keeps the bound F_A on its length', () => {
    const rule = aggregatorOf(choice);
    for (const n of sizes(choice)) {
      for (const f of new Set([0, guaranteed(choice, n)])) {
        for (let draw = 0; draw < 40; draw++) {
          const stream = streamFor(`${label} bound ${n} ${f} ${draw}`);
          // Sparse heavy-tailed rows: the ones that come close to the bound of a coordinate-wise rule.
          const rows = normalRows(stream, n, 4).map((row) => row.map((value) => (stream.uniform() < 0.5 ? 0 : value ** 3)));
          const longest = Math.max(...rows.map(norm));
          expect(norm(aggregate(choice, rows, { f }))).toBeLessThanOrEqual(
            rule.boundFactor!(n, f, 4) * longest * (1 + toleranceOf(choice, 1)),
          );
        }
      }
    }
  });
});

interface Golden {
  readonly inputs: readonly { readonly f: number; readonly messages: readonly (readonly (number | string)[])[] }[];
  readonly cases: readonly {
    readonly input: number;
    readonly name: string;
    readonly parameters: object;
    readonly expected: readonly number[];
  }[];
  readonly remembered: {
    readonly name: string;
    readonly parameters: object;
    readonly f: number;
    readonly rounds: readonly Rows[];
    readonly expected: readonly number[];
  };
}

/** Rules whose order of additions is the script's, so that every bit agrees. */
const exact = new Set(['mean', 'coordinate-median', 'trimmed-mean', 'krum']);

describe('against an independent implementation', () => {
  const { inputs, cases, remembered } = golden<Golden>('aggregators');

  test('it has golden values for every rule', () => {
    expect([...new Set(cases.map(({ name }) => name))].sort()).toEqual([...aggregators.names].sort());
  });

  const groups = Map.groupBy(cases, ({ name, parameters }) => `${name} ${JSON.stringify(parameters)}`);

  test.each([...groups])('it agrees: %s', (_, rows) => {
    for (const { input, name, parameters, expected } of rows) {
      const { f, messages } = inputs[input]!;
      const choice = aggregators.schema.parse({ name, ...parameters });
      const received = messages.map((message) => Float64Array.from(message, (value) => Number(String(value).replace('inf', 'Infinity'))));
      const out = aggregate(choice, received, { f });
      if (exact.has(name)) {
        expect(Array.from(out)).toEqual(expected);
        continue;
      }
      // Not the size of the last f messages: an outlier must not excuse an error.
      const honest = received.slice(0, received.length - f).filter((row) => row.every(Number.isFinite));
      expectClose(out, expected, toleranceOf(choice, largest([expected, ...honest])));
    }
  });

  test('it remembers the previous output', () => {
    const choice = aggregators.schema.parse({ name: remembered.name, ...remembered.parameters });
    const state = freshState(aggregatorOf(choice), 6, 4);
    const [first, second] = remembered.rounds.map((rows) => aggregate(choice, rows, { f: remembered.f, state }));
    expect(first).not.toEqual(second);
    expectClose(second!, remembered.expected, ROUNDING * 10);
  });
});

describe.each(aggregators.names)('the example of %s', (name) => {
  test('it is true', () => {
    const { inputs, result } = exampleOf('aggregators', name);
    const { messages, f = 0, ...parameters } = inputs as { messages: number[][]; f?: number };
    expect(Array.from(aggregate(aggregators.schema.parse({ name, ...parameters }), messages, { f }))).toEqual(result);
  });
});
