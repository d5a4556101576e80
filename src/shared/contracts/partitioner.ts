/** Partitioners: split the rows of a data set over the clients that own data. */
import type { z } from 'zod';
import type { Stream } from '../vector.ts';
import type { Definition, Source } from './strategy.ts';

export interface Partitioner {
  /** The split depends on the seed. */
  readonly random: boolean;
  /** Every owner holds all rows, so identities may be re-drawn without changing the objective. */
  readonly homogeneous: boolean;
  /**
   * Rows of each of `owners` clients, 0-based, increasing within a client unless the split is explicit; `null` means
   * all rows. Every owner gets at least one row.
   *
   * @throws MARINADE_PRECONDITION_UNSUPPORTED when there are fewer rows than owners, or no labels where they are needed
   */
  split(rows: number, labels: Float64Array | undefined, owners: number, stream: Stream): (Int32Array | null)[];
}

export type PartitionerDefinition = Definition<Partitioner>;

/** Seals a partitioner's parameter types. */
export function definePartitioner<Schema extends z.ZodObject>(definition: {
  name: string;
  summary: string;
  source: Source;
  schema: Schema;
  create(parameters: z.output<Schema>): Partitioner;
}): PartitionerDefinition {
  return definition as unknown as PartitionerDefinition;
}
