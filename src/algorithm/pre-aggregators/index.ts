/** The pre-aggregators there are: adding one is a file and a line here. */
import { createRegistry } from '../../shared/contracts/strategy.ts';
import { adaptiveClipping } from './adaptive-clipping.ts';
import { bucketing } from './bucketing.ts';
import { nearestNeighborMixing } from './nearest-neighbor-mixing.ts';
import { normClipping } from './norm-clipping.ts';

export const preAggregators = createRegistry('pre-aggregator', [bucketing, nearestNeighborMixing, normClipping, adaptiveClipping]);
