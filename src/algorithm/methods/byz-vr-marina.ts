/**
 * Byz-VR-MARINA: variance reduction by rare full gradients and robust aggregation, every client in every round.
 *
 *   x^{k+1} = x^k - gamma g^k
 *   g^{k+1} = A({ grad f_i(x^{k+1}) })               with probability p
 *   g^{k+1} = A({ g^k + Q_i(Delta_i(x^{k+1}, x^k)) })    otherwise
 *
 * @shape     x, g: d; messages: n x d
 * @cost      2 b sample gradients per client in a difference round, m in a refresh round
 * @random    the coin, each client's batch and compressor
 * @throws    none
 * @source    Gorbunov, Horvath, Richtarik, Gidel. ICLR 2023, arXiv 2206.00529, Algorithm 1
 * @deviates  `aggregates: differences` (the default) gives the rule the differences and adds the result to g: the same
 *            for translation-equivariant rules up to rounding; `estimates` is the paper's. A participation other than
 *            `full` runs it on cohorts, which its theory does not cover. With a clipping policy, heuristic (10) clips its
 *            refresh rounds too; byz-vr-marina-pp is the method that leaves them whole
 * @example   aggregator mean, no byzantine clients: VR-MARINA
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
} from './parts.ts';

export const byzVrMarina = defineMethod({
  name: 'byz-vr-marina',
  summary: 'Variance reduction by rare full gradients and robust aggregation, with full participation.',
  source: { cite: 'Gorbunov, Horváth, Richtárik, Gidel. ICLR 2023, arXiv 2206.00529', where: 'Algorithm 1' },
  schema: z.strictObject({
    stepSize,
    refresh: refreshRule,
    batchSize,
    aggregates: z.enum(['differences', 'estimates']).default('differences').describe('what the rule is given in difference rounds'),
    initialEstimator,
    ...batchRule,
  }),

  create({ stepSize, refresh, batchSize: b, aggregates, initialEstimator, ...rule }) {
    const difference = gradientDifference(b, rule);
    return {
      stepSize,
      batchSize: b,
      batchRule: rule,
      refresh,
      clipsDifferences: false,
      compressor: 'unbiased',
      phases: [fullGradient, difference],

      *start(state, server) {
        yield* startEstimator(initialEstimator, fullGradient, state, server, { refresh: true }); // g^0
      },

      *round({ x: xPrevious, g }, next, server) {
        const x = server.step(xPrevious, g, next.x); // x^{k+1} = x^k - gamma g^k

        if (server.refreshes(refresh)) {
          const clients = yield* server.largeCohort();
          server.aggregate(yield* ask(fullGradient, { x }, { clients, refresh: true }), next.g);
          return;
        }

        const clients = yield* server.smallCohort();
        const messages = yield* ask(difference, { x, xPrevious }, { clients, base: g });
        if (aggregates === 'differences') server.aggregateDifferences(messages, g, next.g);
        else {
          for (let i = 0; i < messages.n; i++) add(g, messages.rows[i]!, messages.rows[i]!);
          server.aggregate(messages, next.g); // g^{k+1} = A({ g^k + Q_i(Delta_i) })
        }
      },
    };
  },
});
