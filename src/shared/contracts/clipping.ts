/** Clipping policies: the level lambda of a round; a client's message m is replaced by m min(1, lambda / |m|). */
import type { z } from 'zod';
import type { Messages, Vector } from '../vector.ts';
import type { Arrays, Layout, Shape } from './memory.ts';
import type { Definition, Source } from './strategy.ts';

export interface ClippingContext<S extends string = string> {
  readonly xPrevious: Vector;
  readonly x: Vector;
  readonly g: Vector;
  /** |x^k - x^{k-1}|. */
  readonly stepNorm: number;
  /** The messages about to be clipped: some levels are quantiles of their norms. */
  readonly messages: Messages;
  readonly state: Arrays<S>;
}

/** What a level may be derived from before the run: constants of the problem and of the compressor. */
export interface ClippingEnvironment {
  /** max L_i over honest clients, where the problem knows it. */
  readonly clientSmoothness?: number | undefined;
  /** max L_ij over samples. */
  readonly sampleSmoothness?: number | undefined;
  /** D_Q of the compressor. */
  readonly compressorBound?: number | undefined;
}

export interface Clipping<S extends string = string> {
  readonly state?: (shape: Shape) => Layout<S>;
  /** `none`: nothing is ever clipped. */
  readonly disabled?: boolean;
  /** The level is proportional to the last step, so g = 0 is absorbing. */
  readonly absorbingAtZero?: boolean;
  level(context: ClippingContext<S>): number;
}

export type ClippingDefinition = Definition<Clipping, ClippingEnvironment>;

/** Seals a clipping policy's parameter and layout types. */
export function defineClipping<Schema extends z.ZodObject, S extends string = never>(definition: {
  name: string;
  summary: string;
  source: Source;
  schema: Schema;
  create(parameters: z.output<Schema>, environment: ClippingEnvironment): Clipping<S>;
}): ClippingDefinition {
  return definition as unknown as ClippingDefinition;
}
