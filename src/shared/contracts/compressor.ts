/** Compressors Q: a vector is encoded and decoded in place, by each client with randomness of its own. */
import type { z } from 'zod';
import type { Stream, Vector } from '../vector.ts';
import type { BrokenBound } from './aggregator.ts';
import type { Arrays, Layout, Shape } from './memory.ts';
import type { Definition, Source } from './strategy.ts';

export interface CompressorContext<W extends string = string> {
  /** This client's stream; for masks shared by all clients, the round's. */
  readonly stream: Stream;
  readonly workspace: Arrays<W>;
  /** Replaces the coordinates a sparsifier would draw. */
  readonly coordinates?: ArrayLike<number> | undefined;
}

/** Constants of a compressor in dimension d. `method.md` 1.4 and 4.4 define them. */
export interface CompressorConstants {
  readonly class: 'unbiased' | 'contractive' | 'biased';
  /** E|Q(x) - x|^2 <= omega |x|^2 (unbiased). */
  readonly omega?: number;
  /** E|C(x) - x|^2 <= (1 - alpha) |x|^2 (contractive). */
  readonly alpha?: number;
  /** |Q(x)| <= D_Q |x| surely; undefined where no bound holds. */
  readonly bound?: number;
  /** Expected number of non-zeros. */
  readonly density: number;
}

export interface Compressor<W extends string = string> {
  readonly workspace?: (shape: Shape) => Layout<W>;
  /** What cannot be computed in dimension d. */
  readonly infeasible?: (d: number) => BrokenBound;
  constants(d: number): CompressorConstants;
  /** (Expected) bits of one message when a number costs `bitsPerNumber`. */
  bits(d: number, bitsPerNumber: number): number;
  /** Q(vector), in place. */
  compress(vector: Vector, context: CompressorContext<W>): void;
}

export interface CompressorDefinition extends Definition<Compressor> {
  /** All clients of a round share the stream (one mask), or the draws of clients are otherwise correlated. */
  readonly traits: { readonly random: boolean; readonly correlated: boolean };
}

/** Seals a compressor's parameter and layout types. */
export function defineCompressor<Schema extends z.ZodObject, W extends string = never>(definition: {
  name: string;
  summary: string;
  source: Source;
  schema: Schema;
  traits: CompressorDefinition['traits'];
  create(parameters: z.output<Schema>): Compressor<W>;
}): CompressorDefinition {
  return definition as unknown as CompressorDefinition;
}
