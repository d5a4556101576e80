import { describe, expect, test } from 'vitest';
import { pipelineOf } from '../../../src/algorithm/aggregators/pipeline.ts';
import { catalog } from '../../../src/algorithm/catalog.ts';
import { compile } from '../../../src/algorithm/engine/compile.ts';
import { Simulation } from '../../../src/algorithm/engine/simulation.ts';
import { plainArena } from '../../../src/algorithm/kernels/plain-arena.ts';
import { aggregate as aggregateOnce } from '../../../src/index.ts';
import type { Aggregator, RuleContext } from '../../../src/shared/contracts/aggregator.ts';
import { type Arrays, arraysFor } from '../../../src/shared/contracts/memory.ts';
import { type Messages, messagesFrom } from '../../../src/shared/vector.ts';
import { aggregate, preAggregate } from '../../support/rules.ts';
import { codeThrownBy, normalRows, streamFor } from '../../support/strategies.ts';
import { compiledRule, smallExperiment } from '../../support/tolerance.ts';

const parse = (choice: object) => catalog.aggregators.schema.parse(choice);
const pipeline = (choice: object) => pipelineOf(parse(choice), catalog);

interface Inputs {
  readonly f?: number;
  readonly permutation?: number[];
  readonly state?: Arrays;
}

/** The whole rule on rows; also whether f was lowered. */
function run(
  choice: object,
  rows: readonly ArrayLike<number>[],
  { f = 0, permutation, state }: Inputs = {},
): { out: number[]; lowered: number } {
  const whole = pipeline(choice);
  const shape = { n: rows.length, d: rows[0]!.length };
  const out = new Float64Array(shape.d);
  const lowered = whole.aggregate(
    messagesFrom(rows),
    {
      toleratedByzantine: f,
      state: state ?? arraysFor(whole.stateLayout(shape), (length) => new Float64Array(length)),
      workspace: whole.allocate(shape, plainArena()),
      stream: streamFor('pipeline'),
      permutation,
    },
    out,
  );
  return { out: [...out], lowered };
}

const bucketing = { name: 'bucketing', size: 2 };

describe('a rule behind pre-aggregators', () => {
  test('it applies the stages in order, each on the rows the one before made', () => {
    const rows = normalRows(streamFor('stages'), 7, 3);
    const permutation = [3, 1, 4, 0, 5, 2, 6];
    const mixed = preAggregate({ name: 'nearest-neighbor-mixing' }, rows, { f: 2 });
    const buckets = preAggregate(bucketing, mixed, { f: 2, permutation });
    const expected = aggregate(parse({ name: 'geometric-median' }), buckets, { f: 2 });
    const stages = { name: 'geometric-median', preAggregators: [{ name: 'nearest-neighbor-mixing' }, bucketing] };
    expect(run(stages, rows, { f: 2, permutation }).out).toEqual([...expected]);
    const swapped = { name: 'geometric-median', preAggregators: [bucketing, { name: 'nearest-neighbor-mixing' }] };
    expect(run(swapped, rows, { f: 2, permutation }).out).not.toEqual([...expected]);
  });

  /** What a rule behind bucketing hears of (n, f) when the whole is told of n rows and f: for its bound, then in a round. */
  function heardBehindBucketing(size: number, n: number, f: number, largest = n): [number, number][] {
    const heard: [number, number][] = [];
    const hear = (rows: number, told: number): void => {
      heard.push([rows, told]);
    };
    const spy = {
      infeasible: (_: number, told: number) => (told > largest ? 'too many' : undefined),
      boundFactor: hear,
      aggregate: (messages: Messages, { toleratedByzantine }: RuleContext) => hear(messages.n, toleratedByzantine),
    };
    const get = (name: string) => ({ ...catalog.aggregators.get(name), create: () => spy as unknown as Aggregator });
    const whole = pipelineOf(parse({ name: 'mean', preAggregators: [{ name: 'bucketing', size }] }), {
      preAggregators: catalog.preAggregators,
      aggregators: { ...catalog.aggregators, get },
    });
    whole.boundFactor(n, f, 1);
    whole.aggregate(
      messagesFrom(Array(n).fill([0])),
      { toleratedByzantine: f, state: {}, workspace: whole.allocate({ n, d: 1 }, plainArena()), stream: streamFor('spied') },
      new Float64Array(1),
    );
    return heard;
  }

  test('it tells the rule that at most f of its rows are contaminated, and no more than there are', () => {
    expect(heardBehindBucketing(2, 20, 5)).toEqual([
      [10, 5],
      [10, 5],
    ]);
    expect(heardBehindBucketing(2, 7, 3)).toEqual([
      [4, 3],
      [4, 3],
    ]);
    expect(heardBehindBucketing(2, 4, 3)).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(heardBehindBucketing(4, 10, 8)).toEqual([
      [3, 3],
      [3, 3],
    ]);
  });

  test('it tells the rule the largest f that can be computed', () => {
    expect(heardBehindBucketing(2, 20, 9, 4)).toEqual([
      [10, 4],
      [10, 4],
    ]);
  });

  test('it says which stage breaks which bound', () => {
    const whole = pipeline({ name: 'trimmed-mean', preAggregators: [bucketing] });
    expect(whole.infeasible(20, 4)).toBeUndefined();
    expect(whole.infeasible(20, 5)).toBe('trimmed-mean needs n > 2 trim; got n = 10, trim = 5');
    expect(whole.largestFeasible(20, 9)).toBe(4);
    // The first stage that cannot be computed is named, though the rule behind it could not either.
    expect(pipeline({ name: 'trimmed-mean', preAggregators: [{ name: 'nearest-neighbor-mixing' }] }).infeasible(3, 3)).toContain(
      'nearest-neighbor-mixing',
    );
    // Half the buckets may be contaminated: the paper's own figure, beyond a guarantee.
    expect(pipeline({ name: 'coordinate-median', preAggregators: [bucketing] }).infeasible(20, 5)).toBeUndefined();
    expect(pipeline({ name: 'coordinate-median', preAggregators: [bucketing] }).beyondGuarantee(20, 5)).toContain('5 of 10');
  });

  test('its bound on the length is the product of its stages, at the rows each sees', () => {
    expect(pipeline({ name: 'coordinate-median', preAggregators: [bucketing] }).boundFactor(20, 5, 3)).toBe(Math.SQRT2);
    expect(pipeline({ name: 'trimmed-mean', preAggregators: [bucketing] }).boundFactor(20, 2, 3)).toBe(Math.sqrt(10 / 6));
    expect(pipeline({ name: 'centered-clipping', preAggregators: [bucketing] }).boundFactor(20, 2, 3)).toBeUndefined();
    // As the rule is used: with the largest feasible f, here 1 of 4.
    expect(pipeline({ name: 'trimmed-mean' }).boundFactor(4, 3, 3)).toBe(Math.sqrt(4 / 2));
  });

  test('it lowers an f that cannot be computed, and counts that', () => {
    const rows = [[1], [2], [3], [90]];
    expect(run({ name: 'trimmed-mean' }, rows, { f: 1 })).toEqual({ out: [2.5], lowered: 0 });
    expect(run({ name: 'trimmed-mean' }, rows, { f: 3 })).toEqual({ out: [2.5], lowered: 1 });
    expect(run({ name: 'krum' }, rows, { f: 2 }).lowered).toBe(1);
    // Parameters that a small cohort cannot meet are counted though f = 0 cannot be lowered.
    expect(run({ name: 'trimmed-mean', trim: 2 }, rows)).toEqual({ out: [2.5], lowered: 1 });
    expect(run({ name: 'multi-krum', select: 9 }, rows).lowered).toBe(1);
  });

  test('it keeps the memories of its stages apart', () => {
    const choice = { name: 'centered-clipping', radius: 1, iterations: 1, preAggregators: [bucketing] };
    const layout = pipeline(choice).stateLayout({ n: 2, d: 1 });
    expect(layout).toEqual({ '1.previous': 1 });
    const state = arraysFor(layout, (length) => new Float64Array(length));
    expect([1, 2, 3].map(() => run(choice, [[4], [4]], { state }).out[0])).toEqual([1, 2, 3]);
  });

  test('it refuses a permutation that is none of the rows it is for', () => {
    const twice = { name: 'mean', preAggregators: [bucketing, bucketing] };
    const rows = normalRows(streamFor('twice'), 4, 1);
    for (const permutation of [
      [0, 1, 2],
      [0, 1, 2, 2],
      [0, 1, 2, 4],
    ]) {
      expect(codeThrownBy(() => run({ name: 'mean', preAggregators: [bucketing] }, rows, { permutation }))).toBe(
        'MARINADE_SHAPE_DIMENSION',
      );
    }
    // The second bucketing sees two rows.
    expect(codeThrownBy(() => run(twice, rows, { permutation: [0, 1, 2, 3] }))).toBe('MARINADE_SHAPE_DIMENSION');
    expect(() => run(twice, rows)).not.toThrow();
  });
});

describe('whenInfeasible', () => {
  test('largest uses the largest f and says so, refuse refuses', () => {
    expect(codeThrownBy(() => compiledRule({ name: 'krum' }, 4, 1))).toBe('MARINADE_PRECONDITION_TOO_MANY_BYZANTINE');
    const { warnings } = compiledRule({ name: 'krum', whenInfeasible: 'largest' }, 4, 1);
    expect(warnings.join('\n')).toContain(
      'the largest feasible f = 0 is used: krum with n-f-2 neighbours needs n > 2f + 2; got n = 4, f = 1',
    );
  });

  test('largest has nothing to lower to where f = 0 cannot be computed', () => {
    for (const aggregator of [{ name: 'krum' }, { name: 'trimmed-mean', trim: 1 }, { name: 'multi-krum', select: 3 }]) {
      expect(codeThrownBy(() => compiledRule({ ...aggregator, whenInfeasible: 'largest' }, 2, 0))).toBe(
        'MARINADE_PRECONDITION_TOO_MANY_BYZANTINE',
      );
    }
  });

  test('a single step of the library refuses what a run refuses', () => {
    const messages = [[1], [2], [3], [90]].map((row) => Float64Array.from(row));
    const step = (aggregator: { name: string; whenInfeasible?: string; trim?: number }, n: number, toleratedByzantine: number) =>
      aggregateOnce({ aggregator, messages: messages.slice(0, n), toleratedByzantine });
    const tooMany = 'MARINADE_PRECONDITION_TOO_MANY_BYZANTINE';
    expect(codeThrownBy(() => step({ name: 'trimmed-mean' }, 4, 2))).toBe(tooMany);
    expect([...step({ name: 'trimmed-mean', whenInfeasible: 'largest' }, 4, 2)]).toEqual([2.5]);
    expect(codeThrownBy(() => step({ name: 'krum', whenInfeasible: 'largest' }, 2, 0))).toBe(tooMany);
    expect(codeThrownBy(() => step({ name: 'trimmed-mean', trim: 2, whenInfeasible: 'largest' }, 4, 0))).toBe(tooMany);
  });

  test('a random cohort that turns out too small is computed all the same, and counted', () => {
    for (const aggregator of [{ name: 'trimmed-mean', trim: 2 }, { name: 'multi-krum', select: 4 }, { name: 'krum' }]) {
      const experiment = smallExperiment({
        aggregator,
        clients: { total: 8, byzantine: 1 },
        participation: { name: 'bernoulli', probability: 0.3 },
        problem: { name: 'quadratic', dimension: 3, heterogeneity: 1 },
        method: { name: 'byz-vr-marina-pp', stepSize: 0.1, batchSize: 1, refresh: { every: 10 } },
        rounds: 60,
      });
      const run = new Simulation({
        compiled: compile(experiment, catalog),
        data: undefined,
        testData: undefined,
        arena: plainArena(),
        optimum: null,
      });
      run.begin();
      for (let k = 0; k < 60; k++) run.advance();
      expect(run.x.every(Number.isFinite)).toBe(true);
      expect(run.notes()['loweredTolerance']).toBeGreaterThan(0);
    }
  });
});
