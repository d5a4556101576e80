/** Every registry together: the built-in strategies and, on request, a user's own. */
import { z } from 'zod';
import type { AggregatorDefinition, PreAggregatorDefinition } from '../shared/contracts/aggregator.ts';
import type { AttackDefinition } from '../shared/contracts/attack.ts';
import type { ClippingDefinition } from '../shared/contracts/clipping.ts';
import type { CompressorDefinition } from '../shared/contracts/compressor.ts';
import type { MethodDefinition } from '../shared/contracts/method.ts';
import type { ParticipationDefinition } from '../shared/contracts/participation.ts';
import type { PartitionerDefinition } from '../shared/contracts/partitioner.ts';
import type { ProblemDefinition } from '../shared/contracts/problem.ts';
import type { Registry } from '../shared/contracts/strategy.ts';
import { aggregators } from './aggregators/index.ts';
import { attackRegistry } from './attacks/index.ts';
import { clippings } from './clipping/index.ts';
import { compressors } from './compressors/index.ts';
import { methods } from './methods/index.ts';
import { participations } from './participation/index.ts';
import { partitioners } from './partitioners/index.ts';
import { preAggregators } from './pre-aggregators/index.ts';
import { problems } from './problems/index.ts';

export interface Catalog {
  readonly aggregators: Registry<AggregatorDefinition>;
  readonly preAggregators: Registry<PreAggregatorDefinition>;
  readonly attacks: Registry<AttackDefinition>;
  readonly compressors: Registry<CompressorDefinition>;
  readonly clippings: Registry<ClippingDefinition>;
  readonly participations: Registry<ParticipationDefinition>;
  readonly partitioners: Registry<PartitionerDefinition>;
  readonly problems: Registry<ProblemDefinition>;
  readonly methods: Registry<MethodDefinition>;
}

/** What a user's strategy module may export as `strategies`. */
export type UserStrategies = {
  readonly [Kind in keyof Catalog]?: Catalog[Kind] extends Registry<infer D> ? readonly D[] : never;
};

/** The built-in registries with a user's definitions added; a name that exists already is an error. */
export function createCatalog(...extensions: readonly UserStrategies[]): Catalog {
  const added = <Kind extends keyof Catalog>(kind: Kind): never[] => extensions.flatMap((extension) => extension[kind] ?? []) as never[];
  const pre = preAggregators.extend(added('preAggregators'));
  return {
    aggregators: aggregators.extend(added('aggregators'), {
      preAggregators: z.array(pre.schema).max(8).default([]).describe('rules applied to the messages before the aggregator, in order'),
    }),
    preAggregators: pre,
    attacks: attackRegistry(added('attacks')),
    compressors: compressors.extend(added('compressors')),
    clippings: clippings.extend(added('clippings')),
    participations: participations.extend(added('participations')),
    partitioners: partitioners.extend(added('partitioners')),
    problems: problems.extend(added('problems')),
    methods: methods.extend(added('methods')),
  };
}

export const catalog: Catalog = createCatalog();
