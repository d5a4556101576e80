/**
 * The experiment: everything that decides the numbers of one run, and nothing else. The schema is derived from the
 * registries; a resolved experiment has every default filled in and is what a run key hashes.
 */
import { z } from 'zod';
import { count, positive, positiveInt } from '../shared/config/units.ts';
import type { StrategyChoice } from '../shared/contracts/strategy.ts';
import type { Catalog } from './catalog.ts';
import { type DataSpec, dataSchema } from './data/spec.ts';
import { metricNames } from './metrics.ts';

const clientsSchema = z.strictObject({
  total: positiveInt.max(1_000_000).describe('n: clients, honest and byzantine'),
  byzantine: count.default(0).describe('how many clients lie: the last ones'),
  assumedByzantine: count.optional().describe('how many the rule is told lie, before scaling to the cohort; default byzantine'),
  byzantineData: z
    .enum(['copies-of-honest', 'own-shard'])
    .default('copies-of-honest')
    .describe('rows are split over the honest clients and liar j holds the shard of honest client j mod G, or over all clients'),
  byzantineIdentity: z
    .union([z.literal('fixed'), z.strictObject({ redrawEvery: positiveInt })])
    .default('fixed')
    .describe('who lies: the last clients, or a set drawn anew every so many rounds (homogeneous data only)'),
  weights: z.enum(['uniform', 'samples']).default('uniform').describe('f is the plain or the sample-weighted mean of the honest f_i'),
});

const startSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('uniform') }),
  z.strictObject({ name: z.literal('zeros') }),
  z.strictObject({ name: z.literal('explicit'), values: z.array(z.number()).describe('x^0: d numbers') }),
]);

const stopSchema = z.strictObject({
  diverged: z
    .strictObject({
      factor: z.number().gt(1).default(1e6).describe('above this many times the start ...'),
      rounds: positiveInt.default(3).describe('... at so many recorded rounds in a row'),
    })
    .prefault({}),
  target: z
    .strictObject({ metric: z.enum(metricNames).describe('one of metrics.names'), below: z.number() })
    .optional()
    .describe('end the run at the first recorded round where the metric is below this'),
  plateau: z
    .strictObject({
      metric: z.enum(metricNames).describe('one of metrics.names'),
      recorded: positiveInt.min(2).describe('look back so many recorded rounds'),
      relative: positive.default(1e-3).describe('end when the smallest value improved by less than this share'),
    })
    .optional(),
});

/** The schema of an experiment over a catalog; parsing fills in all defaults. */
export function experimentSchema(catalog: Catalog): z.ZodType<Experiment> {
  return z.strictObject({
    problem: catalog.problems.schema,
    data: dataSchema.optional().describe('for problems on data: a registered set, or a file'),
    partition: catalog.partitioners.schema.prefault({ name: 'homogeneous' }),
    clients: clientsSchema,
    participation: catalog.participations.schema.prefault({ name: 'full' }),
    method: catalog.methods.schema,
    clipping: catalog.clippings.schema.prefault({ name: 'none' }),
    compressor: catalog.compressors.schema.prefault({ name: 'identity' }),
    aggregator: catalog.aggregators.schema,
    attack: catalog.attacks.schema.prefault({ name: 'none' }),
    attackers: z.enum(['encoded', 'free']).default('encoded').describe("whether a lie must obey the compressor's format"),
    assumptions: z.enum(['enforce', 'waive']).default('enforce').describe("waive: let a study break a method's assumption, recorded"),
    communication: z
      .strictObject({
        downlink: z.enum(['all', 'cohort']).default('all').describe('who receives x^k and the coin each round'),
        bitsPerNumber: z.union([z.literal(64), z.literal(32)]).default(64),
      })
      .prefault({}),
    start: startSchema
      .prefault({ name: 'uniform' })
      .describe('x^0: each coordinate uniform in [-1/sqrt(d), 1/sqrt(d)], drawn from the seed; all zeros; or given'),
    rounds: count.max(1_000_000_000).describe('K'),
    metrics: z
      .strictObject({
        every: positiveInt.default(100).describe('record at k = 0, at multiples of this, and at the last round'),
        names: z.array(z.enum(metricNames)).min(1).default(['loss', 'squared-gradient-norm']),
      })
      .prefault({}),
    stop: stopSchema.prefault({}),
    seed: count.default(0).describe('in a study given by its seeds; here for simulate'),
  }) as unknown as z.ZodType<Experiment>;
}

/** A resolved experiment. */
export interface Experiment {
  readonly problem: StrategyChoice;
  readonly data?: DataSpec | undefined;
  readonly partition: StrategyChoice;
  readonly clients: z.output<typeof clientsSchema>;
  readonly participation: StrategyChoice;
  readonly method: StrategyChoice;
  readonly clipping: StrategyChoice;
  readonly compressor: StrategyChoice;
  readonly aggregator: StrategyChoice & {
    readonly preAggregators: readonly StrategyChoice[];
    readonly whenInfeasible: 'refuse' | 'largest';
  };
  readonly attack: StrategyChoice & { readonly on: 'estimate' | 'message' };
  readonly attackers: 'encoded' | 'free';
  readonly assumptions: 'enforce' | 'waive';
  readonly communication: { readonly downlink: 'all' | 'cohort'; readonly bitsPerNumber: 32 | 64 };
  readonly start: z.output<typeof startSchema>;
  readonly rounds: number;
  readonly metrics: { readonly every: number; readonly names: readonly (typeof metricNames)[number][] };
  readonly stop: z.output<typeof stopSchema>;
  readonly seed: number;
}
