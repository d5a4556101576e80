/**
 * Robust distributed SGD (BR-SGD): mini-batch gradients, robustly aggregated.
 *
 *   x^{k+1} = x^k - gamma g^k,   g^k = A({ Q_i(grad f_i,B(x^k)) : i in S_k })
 *
 * @shape     x, g: d; messages: |S_k| x d
 * @cost      b sample gradients per sampled client and round
 * @random    the cohort, each client's batch and compressor
 * @throws    none
 * @source    Blanchard, El Mhamdi, Guerraoui, Stainer. NeurIPS 2017
 * @deviates  none
 * @example   one client, aggregator mean: mini-batch SGD
 */
import { z } from 'zod';
import { ask, defineMethod } from '../../shared/contracts/method.ts';
import { batchRule, batchSize, initialEstimator, startEstimator, stepSize, stochasticGradient } from './parts.ts';

export const sgd = defineMethod({
  name: 'sgd',
  summary: 'Robust distributed SGD with mini-batch gradients.',
  source: { cite: 'Blanchard, El Mhamdi, Guerraoui, Stainer. NeurIPS 2017', where: 'section 2' },
  schema: z.strictObject({ stepSize, batchSize, initialEstimator, ...batchRule }),

  create({ stepSize, batchSize: b, initialEstimator, ...rule }) {
    const stochastic = stochasticGradient('stochastic-gradient', b, rule, true);
    return {
      stepSize,
      batchSize: b,
      batchRule: rule,
      clipsDifferences: false,
      compressor: 'any',
      phases: [stochastic],

      *start(state, server) {
        yield* startEstimator(initialEstimator, stochastic, state, server);
      },

      *round({ x: xPrevious, g }, next, server) {
        const x = server.step(xPrevious, g, next.x); // x^{k+1} = x^k - gamma g^k
        const clients = yield* server.smallCohort();
        server.aggregate(yield* ask(stochastic, { x }, { clients }), next.g);
      },
    };
  },
});
