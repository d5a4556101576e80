/**
 * Byz-VR-MARINA-PP: variance reduction by rare full gradients, partial participation, clipped gradient differences.
 *
 *   x^{k+1} = x^k - gamma g^k
 *   g^{k+1} = A({ grad f_i(x^{k+1}) : i in S_k })                          with probability p, |S_k| = C-hat
 *   g^{k+1} = g^k + A({ clip_lambda(Q_i(Delta_i(x^{k+1}, x^k))) : i in S_k })   otherwise, |S_k| = C
 *   lambda = alpha |x^{k+1} - x^k|
 *
 * `smallCohortRule: mean` is PP+ (Algorithm 3); `refreshGradient: { batchSize }` are Algorithms 4 and 5.
 *
 * @shape     x, g: d; messages: |S_k| x d
 * @cost      2 b sample gradients per sampled client in a difference round, m in a refresh round
 * @random    the coin, the cohort, each client's batch and compressor
 * @throws    none
 * @source    Malinovsky, Richtarik, Horvath, Gorbunov. NeurIPS 2024, arXiv 2311.14127, Algorithms 1, 3, 4, 5
 * @deviates  `refresh: { every }` is the released code's fixed period, not the paper's coin; with `aggregates:
 *            estimates` the rule is given g + message, as in Byz-VR-MARINA
 * @example   one honest client, clipping none: PAGE
 */
import { z } from 'zod';
import { ask, defineMethod } from '../../shared/contracts/method.ts';
import { add } from '../kernels/reference/vectors.ts';
import {
  batchRule,
  batchSize,
  fullGradient,
  gradientDifference,
  initialEstimator,
  refreshRule,
  startEstimator,
  stepSize,
  stochasticGradient,
} from './parts.ts';

export const byzVrMarinaPp = defineMethod({
  name: 'byz-vr-marina-pp',
  summary: 'Byz-VR-MARINA with partial participation: clipped gradient differences survive byzantine majorities of a round.',
  source: { cite: 'Malinovsky, Richtárik, Horváth, Gorbunov. NeurIPS 2024, arXiv 2311.14127', where: 'Algorithms 1, 3, 4, 5' },
  schema: z.strictObject({
    stepSize,
    refresh: refreshRule,
    batchSize,
    smallCohortRule: z.enum(['robust', 'mean']).default('robust').describe('the rule of difference rounds; mean is PP+, Algorithm 3'),
    refreshGradient: z
      .union([z.literal('full'), z.strictObject({ batchSize })])
      .default('full')
      .describe("b': samples of a refresh gradient, or the full local gradient"),
    aggregates: z.enum(['differences', 'estimates']).default('differences').describe('what the rule is given in difference rounds'),
    initialEstimator,
    ...batchRule,
  }),

  create({ stepSize, refresh, batchSize: b, smallCohortRule, refreshGradient, aggregates, initialEstimator, ...rule }) {
    // What a client does.
    const refreshed =
      refreshGradient === 'full' ? fullGradient : stochasticGradient('refresh-gradient', refreshGradient.batchSize, rule, false);
    const difference = gradientDifference(b, rule);

    // What the server does.
    return {
      stepSize,
      batchSize: b,
      batchRule: rule,
      refresh,
      smallCohortRule,
      clipsDifferences: true,
      compressor: 'unbiased',
      phases: [refreshed, difference],

      *start(state, server) {
        yield* startEstimator(initialEstimator, refreshed, state, server, { refresh: true }); // g^0
      },

      *round({ x: xPrevious, g }, next, server) {
        const x = server.step(xPrevious, g, next.x); // x^{k+1} = x^k - gamma g^k

        if (server.refreshes(refresh)) {
          const clients = yield* server.largeCohort(); // |S_k| = C-hat
          const messages = yield* ask(refreshed, { x }, { clients, refresh: true });
          server.aggregate(messages, next.g); // g^{k+1} = A({ grad f_i(x^{k+1}) })
          return;
        }

        const clients = yield* server.smallCohort(); // |S_k| = C
        const messages = yield* ask(difference, { x, xPrevious }, { clients, base: g });
        server.clipToLevel(messages, { xPrevious, x, g }); // clip_lambda, lies included
        if (aggregates === 'differences' || smallCohortRule === 'mean') {
          server.aggregateDifferences(messages, g, next.g, smallCohortRule); // g^{k+1} = g^k + A({ clip(Q_i(Delta_i)) })
        } else {
          for (let i = 0; i < messages.n; i++) add(g, messages.rows[i]!, messages.rows[i]!);
          server.aggregate(messages, next.g); // g^{k+1} = A({ g^k + clip(Q_i(Delta_i)) })
        }
      },
    };
  },
});
