/**
 * Aggregators and pre-aggregators used through their contracts, with everything a rule must not rely on poisoned: the
 * output, the scratch and the rows behind the last one hold NaN. Inputs are compared byte for byte afterwards.
 */

import { expect } from 'vitest';
import { aggregators } from '../../src/algorithm/aggregators/index.ts';
import { referenceKernels } from '../../src/algorithm/kernels/reference/index.ts';
import { preAggregators } from '../../src/algorithm/pre-aggregators/index.ts';
import type { Aggregator, PreAggregator } from '../../src/shared/contracts/aggregator.ts';
import type { Kernels } from '../../src/shared/contracts/kernels.ts';
import { type Arrays, arraysFor } from '../../src/shared/contracts/memory.ts';
import { instantiate, type StrategyChoice } from '../../src/shared/contracts/strategy.ts';
import { type Messages, messagesOver, type Stream } from '../../src/shared/vector.ts';
import { poisoned, streamFor } from './strategies.ts';

export type Rows = readonly ArrayLike<number>[];

export interface RuleInputs {
  readonly f?: number;
  readonly stream?: Stream;
  readonly permutation?: ArrayLike<number>;
  /** Memory of the rule; zeros, as at the start of a run, where it is left out. */
  readonly state?: Arrays;
  /** What the output holds before; NaN where it is left out. */
  readonly out?: Float64Array;
  /** The reference kernels where it is left out. */
  readonly kernels?: Kernels;
}

/** Rows in use are fewer than there is room for, as in a cohort. */
const SPARE_ROWS = 3;

/** The given rows as the first of a larger matrix. */
function messagesWithRoom(rows: Rows): Messages {
  const capacity = rows.length + SPARE_ROWS;
  const messages = messagesOver(poisoned(capacity * rows[0]!.length), capacity, rows[0]!.length);
  rows.forEach((row, i) => {
    messages.rows[i]!.set(row);
    messages.clients[i] = i;
  });
  messages.n = rows.length;
  return messages;
}

export function aggregatorOf(choice: StrategyChoice): Aggregator {
  return instantiate(aggregators, choice, undefined);
}

export function preAggregatorOf(choice: StrategyChoice): PreAggregator {
  return instantiate(preAggregators, choice, undefined);
}

/** Memory of a rule at the start of a run. */
export function freshState(rule: Aggregator | PreAggregator, n: number, d: number): Arrays {
  return arraysFor(rule.state?.({ n: n + SPARE_ROWS, d }) ?? {}, (length) => new Float64Array(length));
}

function contextFor(rule: Aggregator | PreAggregator, rows: Rows, inputs: RuleInputs) {
  const shape = { n: rows.length + SPARE_ROWS, d: rows[0]!.length };
  return {
    toleratedByzantine: inputs.f ?? 0,
    state: inputs.state ?? freshState(rule, rows.length, shape.d),
    workspace: arraysFor(rule.workspace?.(shape) ?? {}, poisoned),
    kernels: inputs.kernels ?? referenceKernels,
    stream: inputs.stream ?? streamFor('rule'),
    permutation: inputs.permutation,
  };
}

function expectUntouched(messages: Messages, before: Float64Array): void {
  expect(new BigInt64Array(messages.matrix.buffer)).toEqual(new BigInt64Array(before.buffer));
}

/** A(rows). */
export function aggregate(choice: StrategyChoice, rows: Rows, inputs: RuleInputs = {}): Float64Array {
  const rule = aggregatorOf(choice);
  const messages = messagesWithRoom(rows);
  const before = messages.matrix.slice();
  const out = inputs.out ?? poisoned(messages.d);
  rule.aggregate(messages, contextFor(rule, rows, inputs), out);
  expectUntouched(messages, before);
  return out;
}

/** The rows that a pre-aggregator makes of the given ones; as many as it declares. */
export function preAggregate(choice: StrategyChoice, rows: Rows, inputs: RuleInputs = {}): Float64Array[] {
  const rule = preAggregatorOf(choice);
  const messages = messagesWithRoom(rows);
  const before = messages.matrix.slice();
  const capacity = rule.rows(messages.rows.length);
  const out = messagesOver(poisoned(capacity * messages.d), capacity, messages.d);
  rule.apply(messages, contextFor(rule, rows, inputs), out);
  expectUntouched(messages, before);
  expect(out.n).toBe(rule.rows(rows.length));
  for (const row of out.rows.slice(out.n)) expect(row.every(Number.isNaN)).toBe(true);
  return out.rows.slice(0, out.n).map((row) => row.slice());
}

/** n rows around a common point, and the same with the last f of them replaced. */
export function withByzantine(honest: readonly Float64Array[], f: number, lie: (row: Float64Array, i: number) => void): Float64Array[] {
  return honest.map((row, i) => {
    const copy = row.slice();
    if (i >= honest.length - f) lie(copy, i);
    return copy;
  });
}
