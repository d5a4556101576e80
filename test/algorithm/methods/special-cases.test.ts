/**
 * The methods of the Byz-VR-MARINA family and heuristic (10), bit for bit against short transcriptions of their papers.
 * A transcription uses the documented streams and kernels and nothing of the engine or of a method's file.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { catalog } from '../../../src/algorithm/catalog.ts';
import { medianOfColumns, orderScratch } from '../../../src/algorithm/kernels/reference/order-statistics.ts';
import { add, axpy, clipInPlace, distance, meanOfRows, norm, scale, subtract } from '../../../src/algorithm/kernels/reference/vectors.ts';
import { permute, sampleSubset, sampleWithReplacement } from '../../../src/algorithm/random/sampling.ts';
import { EVERYONE, KeyedStream } from '../../../src/algorithm/random/streams.ts';
import { type RoundReport, simulate } from '../../../src/index.ts';
import { plainArena } from '../../../src/shared/contracts/memory.ts';
import type { Oracle } from '../../../src/shared/contracts/problem.ts';
import { instantiate } from '../../../src/shared/contracts/strategy.ts';
import { messagesFrom, type Vector } from '../../../src/shared/vector.ts';
import { loadDataset } from '../../../src/worker/data/load.ts';
import { tiny } from '../../support/tiny.ts';

const ROUNDS = 60;
const gamma = 0.3;
const b = 2;
const p = 0.2;
const seed = 7;
const d = 6;
const n = tiny.clients.total;
const G = n - tiny.clients.byzantine;
const byzantine = (client: number): boolean => client >= G;

/** The functions f_i of the honest clients on the tiny problem. */
let f: Oracle[];
let whole: Oracle;

beforeAll(async () => {
  const arena = plainArena();
  const { data } = await loadDataset({ ...tiny.data, format: 'libsvm', targets: 'classes', normalize: 'none' }, { arena });
  const stream = new KeyedStream(seed, 'problem').at(0);
  const problem = instantiate(catalog.problems, tiny.problem, { data, testData: undefined, owners: G, honest: G, stream, arena });
  f = tiny.partition.rows.map((rows, i) => problem.oracle(i, Int32Array.from(rows), false));
  whole = problem.oracle(0, null, false);
});

/** What the papers leave to the reader: where x^0 is, how a client draws, how the coin falls. */
const vector = (): Vector => new Float64Array(d);
const oracleOf = (client: number): Oracle => f[client % G]!;

function start(): Vector {
  const stream = new KeyedStream(seed, 'start').at(0);
  return vector().map(() => (1 / Math.sqrt(d)) * (2 * stream.uniform() - 1));
}

function coin(k: number): boolean {
  return new KeyedStream(seed, 'refresh').at(k).uniform() < p;
}

function gradient(oracle: Oracle, x: Vector): Vector {
  const out = vector();
  oracle.gradient(x, out);
  return out;
}

function batch(k: number, client: number, size: number, samples: number): Int32Array {
  const indices = new Int32Array(size);
  sampleWithReplacement(new KeyedStream(seed, 'batch').at(k, client, 0), samples, size, indices);
  return indices;
}

function stochastic(k: number, client: number, x: Vector, size = b, oracle = oracleOf(client)): Vector {
  const out = vector();
  oracle.batchGradient(x, batch(k, client, size, oracle.samples), size, out);
  return out;
}

function difference(k: number, client: number, x: Vector, xPrevious: Vector, oracle = oracleOf(client)): Vector {
  const out = vector();
  oracle.batchDifference(x, xPrevious, batch(k, client, b, oracle.samples), b, out);
  return out;
}

/** Coordinate-wise median of means of pairs. */
function bucketedMedian(k: number, rows: readonly Vector[]): Vector {
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

const mean = (_k: number, rows: readonly Vector[]): Vector => meanOfRows(rows, rows.length, vector());

/** Bit-flip on the estimate scale: minus its own honest vector base + message, sent as a message. */
function flipped(message: Vector, base: Vector | undefined): Vector {
  if (base === undefined) return scale(-1, message, vector());
  const v = scale(-1, add(base, message, vector()), vector());
  return subtract(v, base, vector());
}

function cohort(k: number, size: number): number[] {
  const out = new Int32Array(size);
  sampleSubset(new KeyedStream(seed, 'cohort').at(k), n, size, out);
  return Array.from(out);
}

const everyone = Array.from({ length: n }, (_, i) => i);

/** What a run says of itself, x^k and g^k of every round. */
async function run(experiment: Readonly<Record<string, unknown>>): Promise<RoundReport[]> {
  const reports: RoundReport[] = [];
  const { outcome } = await simulate({ ...tiny, rounds: ROUNDS, seed, ...experiment }, { onRound: (report) => reports.push(report) });
  expect(outcome).toBe('completed');
  return reports;
}

type Iterates = readonly { readonly x: Vector; readonly g: Vector }[];

function expectSameBits(reports: readonly RoundReport[], iterates: Iterates): void {
  expect(reports.length).toBe(iterates.length);
  iterates.forEach(({ x, g }, k) => {
    expect(Array.from(reports[k]!.x), `x^${k}`).toEqual(Array.from(x));
    expect(Array.from(reports[k]!.g), `g^${k}`).toEqual(Array.from(g));
  });
}

/** x^{k+1} = x^k - gamma g^k and whatever g^{k+1} follows. */
function iterate(first: (x: Vector) => Vector, next: (k: number, x: Vector, xPrevious: Vector, g: Vector) => Vector): Iterates {
  const iterates = [{ x: start(), g: first(start()) }];
  for (let k = 1; k <= ROUNDS; k++) {
    const { x: xPrevious, g } = iterates[k - 1]!;
    const x = axpy(-gamma, g, xPrevious, vector());
    iterates.push({ x, g: next(k, x, xPrevious, g) });
  }
  return iterates;
}

const rule = { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] };
const alone = { clients: { total: 1 }, partition: { name: 'homogeneous' }, aggregator: { name: 'mean' } };
const vr = { stepSize: gamma, refresh: { probability: p }, batchSize: b };

describe('byz-vr-marina-pp', () => {
  test.each(['byz-vr-marina-pp', 'byz-vr-marina'])(
    '%s without clipping in full participation is Byz-VR-MARINA on differences',
    async (name) => {
      const lieOr = (i: number, message: Vector, base?: Vector): Vector => (byzantine(i) ? flipped(message, base) : message);
      const expected = iterate(
        (x) =>
          bucketedMedian(
            0,
            everyone.map((i) => lieOr(i, gradient(oracleOf(i), x))),
          ),
        (k, x, xPrevious, g) =>
          coin(k)
            ? bucketedMedian(
                k,
                everyone.map((i) => lieOr(i, gradient(oracleOf(i), x))),
              )
            : add(
                g,
                bucketedMedian(
                  k,
                  everyone.map((i) => lieOr(i, difference(k, i, x, xPrevious), g)),
                ),
                vector(),
              ),
      );
      expectSameBits(await run({ method: { name, ...vr }, aggregator: rule, attack: { name: 'bit-flip' } }), expected);
    },
  );

  test('with the mean and no attackers it is VR-MARINA, compressed', async () => {
    const honest = everyone.slice(0, G);
    const kept = 2;
    const sparsified = (k: number, i: number, v: Vector): Vector => {
      const stream = new KeyedStream(seed, 'compressor').at(k, i, 0);
      const mask = new Set<number>();
      for (let newest = d - kept; newest < d; newest++) {
        const candidate = stream.below(newest + 1);
        mask.add(mask.has(candidate) ? newest : candidate);
      }
      return v.map((value, j) => (mask.has(j) ? (d / kept) * value : 0));
    };
    const expected = iterate(
      (x) =>
        mean(
          0,
          honest.map((i) => gradient(f[i]!, x)),
        ),
      (k, x, xPrevious, g) =>
        coin(k)
          ? mean(
              k,
              honest.map((i) => gradient(f[i]!, x)),
            )
          : add(
              g,
              mean(
                k,
                honest.map((i) => sparsified(k, i, difference(k, i, x, xPrevious))),
              ),
              vector(),
            ),
    );
    const experiment = { clients: { total: G }, aggregator: { name: 'mean' }, compressor: { name: 'rand-k', k: kept } };
    expectSameBits(await run({ method: { name: 'byz-vr-marina-pp', ...vr }, ...experiment }), expected);
  });

  test('with one client it is PAGE', async () => {
    const expected = iterate(
      (x) => gradient(whole, x),
      (k, x, xPrevious, g) => (coin(k) ? gradient(whole, x) : add(g, difference(k, 0, x, xPrevious, whole), vector())),
    );
    expectSameBits(await run({ method: { name: 'byz-vr-marina-pp', ...vr }, ...alone }), expected);
  });

  test('with p = 1 and the mean it is gradient descent', async () => {
    const honest = everyone.slice(0, G);
    const average = (x: Vector): Vector =>
      mean(
        0,
        honest.map((i) => gradient(f[i]!, x)),
      );
    const expected = iterate(average, (_k, x) => average(x));
    const experiment = { clients: { total: G }, aggregator: { name: 'mean' } };
    const always = { ...vr, refresh: { probability: 1 } };
    expectSameBits(await run({ method: { name: 'byz-vr-marina-pp', ...always }, ...experiment }), expected);
    expectSameBits(await run({ method: { name: 'gradient-descent', stepSize: gamma }, ...experiment }), expected);
  });

  test.each([
    ['Algorithm 1', 'robust', 'full'],
    ['Algorithm 3 (PP+)', 'mean', 'full'],
    ['Algorithm 4', 'robust', { batchSize: 4 }],
    ['Algorithm 5', 'mean', { batchSize: 4 }],
  ] as const)('it is %s', async (_algorithm, smallCohortRule, refreshGradient) => {
    const alpha = 0.2;
    const small = 3;
    const large = 7;
    const refreshed = (k: number, i: number, x: Vector): Vector => {
      const message = refreshGradient === 'full' ? gradient(oracleOf(i), x) : stochastic(k, i, x, refreshGradient.batchSize);
      return byzantine(i) ? flipped(message, undefined) : message;
    };
    let clipped = 0;
    const clip = (v: Vector, level: number): Vector => {
      const out = Float64Array.from(v);
      if (clipInPlace(out, level) > level) clipped++;
      return out;
    };
    const smallRule = smallCohortRule === 'mean' ? mean : bucketedMedian;
    const expected = iterate(
      (x) =>
        bucketedMedian(
          0,
          everyone.map((i) => refreshed(0, i, x)),
        ),
      (k, x, xPrevious, g) => {
        if (coin(k))
          return bucketedMedian(
            k,
            cohort(k, large).map((i) => refreshed(k, i, x)),
          );
        const lambda = alpha * distance(x, xPrevious);
        const messages = cohort(k, small).map((i) => {
          const message = difference(k, i, x, xPrevious);
          return clip(byzantine(i) ? flipped(message, g) : message, lambda);
        });
        return add(g, smallRule(k, messages), vector());
      },
    );
    const reports = await run({
      method: { name: 'byz-vr-marina-pp', ...vr, smallCohortRule, refreshGradient },
      participation: { name: 'uniform', cohort: small, largeCohort: large },
      clipping: { name: 'step-proportional', factor: alpha },
      aggregator: rule,
      attack: { name: 'bit-flip' },
    });
    expectSameBits(reports, expected);
    expect(reports.flatMap(({ clippedClients }) => clippedClients)).toHaveLength(clipped);
    expect(clipped).toBeGreaterThan(50);
  });

  test('it gives the rule estimates g + clip(message) with `aggregates: estimates`', async () => {
    const expected = iterate(
      (x) =>
        bucketedMedian(
          0,
          everyone.map((i) => gradient(oracleOf(i), x)),
        ),
      (k, x, xPrevious, g) =>
        coin(k)
          ? bucketedMedian(
              k,
              everyone.map((i) => gradient(oracleOf(i), x)),
            )
          : bucketedMedian(
              k,
              everyone.map((i) => add(g, difference(k, i, x, xPrevious), vector())),
            ),
    );
    for (const name of ['byz-vr-marina', 'byz-vr-marina-pp']) {
      expectSameBits(await run({ method: { name, ...vr, aggregates: 'estimates' }, aggregator: rule }), expected);
    }
  });

  test('it neither clips nor compresses what honest clients send in refresh rounds', async () => {
    const honest = everyone.slice(0, G);
    const reports = await run({
      method: { name: 'byz-vr-marina-pp', ...vr },
      clients: { total: G },
      clipping: { name: 'fixed', level: 1e-9 },
      compressor: { name: 'rand-k', k: 1 },
      aggregator: { name: 'mean' },
    });
    const refreshes = reports.filter(({ refresh }) => refresh);
    expect(refreshes.length).toBeGreaterThan(5);
    for (const { x, g, clippingLevel, clippedClients } of refreshes) {
      expect(g).toEqual(
        mean(
          0,
          honest.map((i) => gradient(f[i]!, x)),
        ),
      );
      expect(clippingLevel).toBeNull();
      expect(clippedClients).toEqual([]);
    }
    const others = reports.filter(({ refresh }) => !refresh);
    expect(others.every(({ clippedClients }) => clippedClients.length > 0)).toBe(true);
  });

  test('it refreshes at the fixed period in rounds R, 2R, ...', async () => {
    const reports = await run({ method: { name: 'byz-vr-marina-pp', ...vr, refresh: { every: 7 } }, aggregator: rule });
    expect(reports.filter(({ refresh }) => refresh).map(({ k }) => k)).toEqual([0, 7, 14, 21, 28, 35, 42, 49, 56]);
  });
});

describe('byz-vr-marina-pp with cohorts of one', () => {
  const experiment = (aggregator: object, smallCohortRule: string): Readonly<Record<string, unknown>> => ({
    problem: { name: 'quadratic', dimension: 9, heterogeneity: 0.3 },
    data: undefined,
    partition: { name: 'homogeneous' },
    clients: { total: 10, byzantine: 3 },
    participation: { name: 'uniform', cohort: 1 },
    method: { name: 'byz-vr-marina-pp', ...vr, smallCohortRule, initialEstimator: 'exact' },
    clipping: { name: 'step-proportional', factor: 0.7 },
    aggregator: { ...aggregator, preAggregators: [{ name: 'bucketing', size: 2 }], whenInfeasible: 'largest' },
    attack: { name: 'bit-flip' },
  });

  test.each(catalog.aggregators.definitions.filter(({ traits }) => traits.returnsLoneMessage).map(({ name }) => name))(
    'it equals PP+ where the rule is %s',
    async (name) => {
      const [robust, plus] = [await run(experiment({ name }, 'robust')), await run(experiment({ name }, 'mean'))];
      expectSameBits(robust, plus);
    },
  );

  test('it differs from PP+ where the rule changes a lone message', async () => {
    const aggregator = { name: 'centered-clipping', radius: 1e-3 };
    expect(catalog.aggregators.get(aggregator.name).traits.returnsLoneMessage).toBe(false);
    const [robust, plus] = [await run(experiment(aggregator, 'robust')), await run(experiment(aggregator, 'mean'))];
    expect(robust.at(-1)!.x).not.toEqual(plus.at(-1)!.x);
  });
});

describe('heuristic (10)', () => {
  const alpha = 0.5;
  const heuristic = {
    participation: { name: 'uniform', cohort: 4 },
    clipping: { name: 'direction-proportional', factor: alpha },
    aggregator: rule,
    attack: { name: 'bit-flip' },
  };
  const liedOr = (i: number, v: Vector): Vector => (byzantine(i) ? flipped(v, undefined) : v);

  /** g^k = g^{k-1} + A({ clip(g_i^k - g^{k-1}) }), the level alpha |g^{k-1}|. */
  function step(k: number, g: Vector, messages: readonly Vector[]): Vector {
    const level = alpha * norm(g);
    const differences = messages.map((v) => {
      const out = subtract(v, g, vector());
      clipInPlace(out, level);
      return out;
    });
    return add(bucketedMedian(k, differences), g, vector());
  }

  test('around sgd it clips every message to the last estimate', async () => {
    const expected = iterate(
      (x) =>
        bucketedMedian(
          0,
          everyone.map((i) => liedOr(i, stochastic(0, i, x))),
        ),
      (k, x, _xPrevious, g) =>
        step(
          k,
          g,
          cohort(k, 4).map((i) => liedOr(i, stochastic(k, i, x))),
        ),
    );
    expectSameBits(await run({ method: { name: 'sgd', stepSize: gamma, batchSize: b }, ...heuristic }), expected);
  });

  test.each([
    ["the paper's average", undefined, 1 - 0.8],
    ["the released code's sum", 0, 1],
  ] as const)('around client-momentum it clips the momenta of sampled clients: %s', async (_which, dampening, weight) => {
    const momenta = everyone.map(vector);
    const advance = (k: number, i: number, x: Vector): Vector => {
      const fresh = stochastic(k, i, x);
      for (let j = 0; j < d; j++) momenta[i]![j] = 0.8 * momenta[i]![j]! + weight * fresh[j]!;
      return liedOr(i, momenta[i]!);
    };
    const expected = iterate(
      (x) =>
        bucketedMedian(
          0,
          everyone.map((i) => advance(0, i, x)),
        ),
      (k, x, _xPrevious, g) =>
        step(
          k,
          g,
          cohort(k, 4).map((i) => advance(k, i, x)),
        ),
    );
    const method = {
      name: 'client-momentum',
      stepSize: gamma,
      batchSize: b,
      momentum: 0.8,
      ...(dampening === undefined ? {} : { dampening }),
    };
    expectSameBits(await run({ method, ...heuristic }), expected);
  });

  test('around byz-vr-marina it clips refresh rounds too: only byz-vr-marina-pp leaves them whole', async () => {
    const expected = iterate(
      (x) =>
        bucketedMedian(
          0,
          everyone.map((i) => liedOr(i, gradient(oracleOf(i), x))),
        ),
      (k, x, xPrevious, g) => {
        if (coin(k))
          return step(
            k,
            g,
            everyone.map((i) => liedOr(i, gradient(oracleOf(i), x))),
          );
        const level = alpha * norm(g);
        const differences = cohort(k, 4).map((i) => {
          const message = difference(k, i, x, xPrevious);
          const sent = byzantine(i) ? flipped(message, g) : message;
          const out = Float64Array.from(sent);
          clipInPlace(out, level);
          return out;
        });
        return add(bucketedMedian(k, differences), g, vector());
      },
    );
    expectSameBits(await run({ method: { name: 'byz-vr-marina', ...vr }, ...heuristic }), expected);
  });
});

describe('the baselines without clipping', () => {
  test('sgd aggregates mini-batch gradients of the cohort', async () => {
    const expected = iterate(
      (x) =>
        bucketedMedian(
          0,
          everyone.map((i) => stochastic(0, i, x)),
        ),
      (k, x) =>
        bucketedMedian(
          k,
          cohort(k, 4).map((i) => stochastic(k, i, x)),
        ),
    );
    const experiment = { participation: { name: 'uniform', cohort: 4 }, aggregator: rule };
    expectSameBits(await run({ method: { name: 'sgd', stepSize: gamma, batchSize: b }, ...experiment }), expected);
  });

  test('client-momentum without momentum is sgd', async () => {
    const experiment = { participation: { name: 'uniform', cohort: 4 }, aggregator: rule };
    const plain = await run({ method: { name: 'sgd', stepSize: gamma, batchSize: b }, ...experiment });
    const without = { name: 'client-momentum', stepSize: gamma, batchSize: b, momentum: 0 };
    expectSameBits(await run({ method: without, ...experiment }), plain);
  });
});
