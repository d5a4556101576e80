/**
 * Participation: which clients take part in a round.
 *
 * Samplers are generators because some ask clients for a statistic before the cohort is known; the others never yield.
 */
import type { z } from 'zod';
import type { Stream } from '../vector.ts';
import type { Arrays, Layout, Shape } from './memory.ts';
import type { Asking } from './method.ts';
import type { Definition, Source } from './strategy.ts';

/** A set of client numbers in increasing order: the first `size` entries of `clients`. */
export interface Cohort {
  readonly clients: Int32Array;
  size: number;
}

export interface ParticipationContext<S extends string = string> {
  readonly k: number;
  readonly total: number;
  /** Round-wide randomness of the sampler. */
  readonly stream: Stream;
  readonly state: Arrays<S>;
}

export interface Participation<S extends string = string> {
  readonly state?: (shape: Shape) => Layout<S>;
  /** The usual cohort size of a difference round (C), for warnings and theory; undefined where it is random. */
  readonly smallSize: number | undefined;
  /** The cohort size of a refresh round (C-hat). */
  readonly largeSize: number;
  small(context: ParticipationContext<S>, out: Cohort): Asking;
  large(context: ParticipationContext<S>, out: Cohort): Asking;
}

export type ParticipationDefinition = Definition<Participation, { readonly total: number }>;

/** Seals a participation's parameter and layout types. */
export function defineParticipation<Schema extends z.ZodObject, S extends string = never>(definition: {
  name: string;
  summary: string;
  source: Source;
  schema: Schema;
  create(parameters: z.output<Schema>, environment: { readonly total: number }): Participation<S>;
}): ParticipationDefinition {
  return definition as unknown as ParticipationDefinition;
}
