/**
 * Robust distributed gradient descent: full local gradients, robustly aggregated.
 *
 *   x^{k+1} = x^k - gamma g^k,   g^k = A({ grad f_i(x^k) : i in S_k })
 *
 * @shape     x, g: d; messages: |S_k| x d
 * @cost      m sample gradients per sampled client and round
 * @random    the cohort
 * @throws    none
 * @source    Yin, Chen, Ramchandran, Bartlett. ICML 2018, arXiv 1803.01498, Algorithm 1
 * @deviates  none
 * @example   one client, aggregator mean: gradient descent
 */
import { z } from 'zod';
import { ask, defineMethod } from '../../shared/contracts/method.ts';
import { fullGradient, initialEstimator, startEstimator, stepSize } from './parts.ts';

export const gradientDescent = defineMethod({
  name: 'gradient-descent',
  summary: 'Robust distributed gradient descent with full local gradients.',
  source: { cite: 'Yin, Chen, Ramchandran, Bartlett. ICML 2018, arXiv 1803.01498', where: 'Algorithm 1' },
  schema: z.strictObject({ stepSize, initialEstimator }),

  create: ({ stepSize, initialEstimator }) => ({
    stepSize,
    clipsDifferences: false,
    compressor: 'none',
    phases: [fullGradient],

    *start(state, server) {
      yield* startEstimator(initialEstimator, fullGradient, state, server);
    },

    *round({ x: xPrevious, g }, next, server) {
      const x = server.step(xPrevious, g, next.x); // x^{k+1} = x^k - gamma g^k
      const clients = yield* server.smallCohort();
      server.aggregate(yield* ask(fullGradient, { x }, { clients }), next.g); // A({ grad f_i(x^{k+1}) })
    },
  }),
});
