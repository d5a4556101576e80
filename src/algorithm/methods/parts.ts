/**
 * What several methods share: the vocabulary of their parameters, the phases a client answers, and the first
 * estimator g^0. Nothing here belongs to one paper.
 */
import { z } from 'zod';
import { positive, positiveInt, positiveProbability } from '../../shared/config/units.ts';
import {
  type Asking,
  ask,
  type BatchRule,
  type MethodState,
  type Phase,
  phase,
  type ServerContext,
} from '../../shared/contracts/method.ts';

export const stepSize = positive.describe('gamma: step size');
export const batchSize = positiveInt.describe('b: samples per client in a mini-batch');

export const refreshRule = z
  .union([z.strictObject({ probability: positiveProbability }), z.strictObject({ every: positiveInt })])
  .describe('p: { probability } is a coin for every round, { every } the fixed period: rounds every, 2 every, ...');

/** How mini-batches are drawn, wherever they are. */
export const batchRule = {
  batches: z
    .enum(['independent', 'shared'])
    .default('independent')
    .describe('shared: every client of a round draws the same indices, as the released code does'),
  batchSampling: z.enum(['with-replacement', 'without-replacement']).default('with-replacement').describe('how indices are drawn'),
};

export const initialEstimator = z
  .enum(['full-round', 'exact', 'zero'])
  .default('full-round')
  .describe("g^0: a robust round of all clients, the honest clients' exact mean gradient, or nothing");

export type InitialEstimator = z.output<typeof initialEstimator>;

/** grad f_i(x). */
export const fullGradient = phase({
  name: 'full-gradient',
  request: ['x'],
  encoded: false,
  evaluations: (samples) => samples,
  compute: ({ x }, { oracle }, out) => oracle.gradient(x, out),
});

/** The mean gradient of b samples at x; `encoded` sends it through the compressor. */
export function stochasticGradient(name: string, b: number, rule: BatchRule, encoded: boolean): Phase<'x', never> {
  return phase({
    name,
    request: ['x'],
    encoded,
    evaluations: () => b,
    compute({ x }, client, out) {
      client.oracle.batchGradient(x, client.batch(b, rule), b, out);
      if (encoded) client.compress(out);
    },
  });
}

/** Q_i( grad f_i(x) - grad f_i(xPrevious) on b samples, the same at both points ). */
export function gradientDifference(b: number, rule: BatchRule): Phase<'x' | 'xPrevious', never> {
  return phase({
    name: 'gradient-difference',
    request: ['x', 'xPrevious'],
    encoded: true,
    evaluations: () => 2 * b,
    compute({ x, xPrevious }, client, out) {
      client.oracle.batchDifference(x, xPrevious, client.batch(b, rule), b, out);
      client.compress(out);
    },
  });
}

/**
 * g^0 at the given x^0. `full-round` asks all clients for `asked` and aggregates, without clipping; for methods with
 * refresh rounds it is one of them.
 */
export function* startEstimator(
  how: InitialEstimator,
  asked: Phase<'x', never>,
  { x, g }: MethodState,
  server: ServerContext,
  kind: { readonly refresh?: boolean } = {},
): Asking {
  if (how === 'zero') g.fill(0);
  else if (how === 'exact') server.exactGradient(x, g);
  else server.aggregate(yield* ask(asked, { x }, { clients: server.everyone, ...kind }), g);
}
