/** Heuristic (10) of arXiv 2311.14127 around other methods, and those methods alone, bit for bit against transcriptions. */
import { describe, test } from 'vitest';
import { add, clipInPlace, norm, subtract } from '../../../src/algorithm/kernels/reference/vectors.ts';
import type { Vector } from '../../../src/shared/vector.ts';
import {
  b,
  bucketedMedian,
  byzantine,
  cohort,
  coin,
  d,
  difference,
  everyone,
  expectSameBits,
  flipped,
  gamma,
  gradient,
  iterate,
  oracleOf,
  rule,
  run,
  stochastic,
  vector,
  vr,
} from '../../support/transcription.ts';

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
