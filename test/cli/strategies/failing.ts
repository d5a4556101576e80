/** A rule that fails in its third round, for tests of failed runs. */
import { mean } from '../../../src/algorithm/aggregators/mean.ts';
import { type Aggregator, defineAggregator } from '../../../src/shared/contracts/aggregator.ts';

let calls = 0;

const failing = defineAggregator({
  ...mean,
  schema: mean.schema as never,
  name: 'failing',
  summary: 'Fails.',
  create: () => ({
    ...(mean.create({} as never, undefined) as Aggregator),
    aggregate(messages, context, out) {
      if (++calls === 3) throw new Error('three is too many');
      (mean.create({} as never, undefined) as Aggregator).aggregate(messages, context, out);
    },
  }),
});

export const strategies = { aggregators: [failing] };
