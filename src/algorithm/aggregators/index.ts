/** The aggregators there are: adding one is a file and a line here. */
import { z } from 'zod';
import { createRegistry } from '../../shared/contracts/strategy.ts';
import { centeredClipping } from './centered-clipping.ts';
import { coordinateMedian } from './coordinate-median.ts';
import { geometricMedian } from './geometric-median.ts';
import { krum } from './krum.ts';
import { mean } from './mean.ts';
import { multiKrum } from './multi-krum.ts';
import { rfa } from './rfa.ts';
import { trimmedMean } from './trimmed-mean.ts';

/** Keys every aggregator takes beside its own parameters; `preAggregators` is added by the catalog. */
const common = {
  whenInfeasible: z
    .enum(['refuse', 'largest'])
    .default('refuse')
    .describe('what to do where f is too large to compute the rule: refuse before anything runs, or use the largest feasible f'),
};

export const aggregators = createRegistry(
  'aggregator',
  [mean, coordinateMedian, trimmedMean, rfa, geometricMedian, krum, multiKrum, centeredClipping],
  common,
);
