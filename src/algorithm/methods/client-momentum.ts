/**
 * Robust SGD with client momentum (BR-SGDm): each client sends its momentum.
 *
 *   m_i <- momentum m_i + (1 - dampening) grad f_i,B(x^k)   for i in S_k
 *   x^{k+1} = x^k - gamma g^k,   g^k = A({ Q_i(m_i) : i in S_k })
 *
 * @shape     x, g: d; messages: |S_k| x d; memory: one vector per client
 * @cost      b sample gradients per sampled client and round
 * @random    the cohort, each client's batch and compressor
 * @throws    none
 * @source    Karimireddy, He, Jaggi. ICML 2021, arXiv 2012.10333, section 5
 * @deviates  only sampled clients advance their momentum; the released code of arXiv 2311.14127 advances all, its
 *            simulator letting attackers see everyone. Before the first sample m_i = 0 and the first gradient enters
 *            with the same factor as the later ones
 * @example   momentum 0, dampening 0: sgd
 */
import { z } from 'zod';
import { ask, defineMethod, phase } from '../../shared/contracts/method.ts';
import { batchRule, batchSize, initialEstimator, startEstimator, stepSize } from './parts.ts';

export const clientMomentum = defineMethod({
  name: 'client-momentum',
  summary: 'Robust SGD with client momentum.',
  source: { cite: 'Karimireddy, He, Jaggi. ICML 2021, arXiv 2012.10333', where: 'section 5' },
  schema: z.strictObject({
    stepSize,
    batchSize,
    momentum: z.number().min(0).lt(1).default(0.9).describe('beta: weight of the old momentum'),
    dampening: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe("1 - dampening weighs the new gradient; default momentum (the paper's average), 0 is the released code's m <- beta m + g"),
    initialEstimator,
    ...batchRule,
  }),

  create({ stepSize, batchSize: b, momentum: beta, dampening = beta, initialEstimator, ...rule }) {
    const momentum = phase<'x', 'momentum'>({
      name: 'momentum',
      request: ['x'],
      encoded: true,
      evaluations: () => b,
      compute({ x }, client, out) {
        const { momentum: m } = client.memory;
        client.oracle.batchGradient(x, client.batch(b, rule), b, out);
        for (let j = 0; j < out.length; j++) {
          m[j] = beta * m[j]! + (1 - dampening) * out[j]!;
          out[j] = m[j]!;
        }
        client.compress(out);
      },
    });
    return {
      stepSize,
      batchSize: b,
      batchRule: rule,
      memory: ({ d }) => ({ momentum: d }),
      clipsDifferences: false,
      compressor: 'any',
      phases: [momentum],

      *start(state, server) {
        yield* startEstimator(initialEstimator, momentum, state, server);
      },

      *round({ x: xPrevious, g }, next, server) {
        const x = server.step(xPrevious, g, next.x); // x^{k+1} = x^k - gamma g^k
        const clients = yield* server.smallCohort();
        server.aggregate(yield* ask(momentum, { x }, { clients }), next.g); // A({ m_i })
      },
    };
  },
});
