import { describe, test } from 'vitest';
import { add, axpy, clipInPlace, norm, subtract } from '../../../src/algorithm/kernels/reference/vectors.ts';
import type { Vector } from '../../../src/shared/vector.ts';
import {
  bucketedMedian,
  coin,
  difference,
  everyone,
  expectSameBits,
  f,
  G,
  gradient,
  iterate,
  run,
  stochastic,
  vector,
  vr,
} from '../../support/transcription.ts';

/** A rule with memory, written down: centered clipping with one repetition. */
const radius = 0.05;
const rule = { name: 'centered-clipping', radius, iterations: 1 };

function remembering(): (messages: readonly Vector[]) => Vector {
  let previous = vector();
  return (messages) => {
    const sum = vector();
    let total = 0;
    for (const message of messages) {
      const length = norm(subtract(message, previous, vector()));
      const part = (length > radius ? radius / length : 1) / messages.length;
      axpy(part, message, sum, sum);
      total += part;
    }
    previous = axpy(1 - total, previous, sum, vector());
    return previous;
  };
}

const honest = everyone.slice(0, G);
const experiment = { clients: { total: G }, aggregator: rule };

describe('a rule with memory', () => {
  test('it keeps one memory for refresh rounds, g^0 among them, and one for difference rounds', async () => {
    const [refreshes, differences] = [remembering(), remembering()];
    const gradients = (x: Vector): Vector[] => honest.map((i) => gradient(f[i]!, x));
    const expected = iterate(
      (x) => refreshes(gradients(x)),
      (k, x, xPrevious, g) =>
        coin(k) ? refreshes(gradients(x)) : add(g, differences(honest.map((i) => difference(k, i, x, xPrevious))), vector()),
    );
    for (const name of ['byz-vr-marina', 'byz-vr-marina-pp'])
      expectSameBits(await run({ ...experiment, method: { name, ...vr } }), expected);
  });

  test('it goes on from g^0 where all rounds are of one kind', async () => {
    const always = remembering();
    const expected = iterate(
      (x) => always(honest.map((i) => stochastic(0, i, x))),
      (k, x) => always(honest.map((i) => stochastic(k, i, x))),
    );
    expectSameBits(await run({ ...experiment, method: { name: 'sgd', stepSize: 0.3, batchSize: 2 } }), expected);
  });

  test('it begins anew after g^0 with heuristic (10), which gives it differences from then on', async () => {
    const [start, differences] = [remembering(), remembering()];
    const expected = iterate(
      (x) => start(honest.map((i) => stochastic(0, i, x))),
      (k, x, _xPrevious, g) => {
        const clipped = honest.map((i) => {
          const out = subtract(stochastic(k, i, x), g, vector());
          clipInPlace(out, 0.5);
          return out;
        });
        return add(g, differences(clipped), vector());
      },
    );
    const heuristic = { ...experiment, method: { name: 'sgd', stepSize: 0.3, batchSize: 2 }, clipping: { name: 'fixed', level: 0.5 } };
    expectSameBits(await run(heuristic), expected);
  });
});

describe('a random rule', () => {
  test('it draws from its own stream, so that measuring the injected error moves nothing', async () => {
    const method = { name: 'gradient-descent', stepSize: 0.3 };
    const aggregator = { name: 'coordinate-median', preAggregators: [{ name: 'bucketing', size: 2 }] };
    const measured = { metrics: { every: 1, names: ['injected-error', 'injected-error-ratio'] } };
    const expected = iterate(
      (x) =>
        bucketedMedian(
          0,
          honest.map((i) => gradient(f[i]!, x)),
        ),
      (k, x) =>
        bucketedMedian(
          k,
          honest.map((i) => gradient(f[i]!, x)),
        ),
    );
    expectSameBits(await run({ clients: { total: G }, method, aggregator, ...measured }), expected);
  });
});
