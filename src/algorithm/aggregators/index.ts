/** The aggregators there are: adding one is a file and a line here. */
import { z } from 'zod';
import { createRegistry } from '../../shared/contracts/strategy.ts';
import { mean } from './mean.ts';

/** Keys every aggregator takes beside its own parameters; `preAggregators` is added by the experiment's schema. */
const common = {
  whenInfeasible: z
    .enum(['refuse', 'largest'])
    .default('refuse')
    .describe('what to do where f is too large to compute the rule: refuse before anything runs, or use the largest feasible f'),
};

export const aggregators = createRegistry('aggregator', [mean], common);
