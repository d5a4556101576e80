/** What an experiment says about its data. */
import { z } from 'zod';
import { positiveInt } from '../../shared/config/units.ts';

const normalize = z.enum(['none', 'rows']).default('none').describe('rows scales every row to unit Euclidean length; empty rows stay');

export const dataSchema = z.union([
  z.strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected the name of a registered data set')
      .describe('a registered data set, or synthetic-adult'),
    fallback: z
      .literal('synthetic-adult')
      .optional()
      .describe('what to run on, aloud and on record, where the data set is neither here nor to be downloaded'),
    normalize,
  }),
  z.strictObject({
    file: z.string().min(1).max(4096).describe('a file, plain or gzip, relative to the study'),
    format: z.enum(['libsvm', 'idx']).default('libsvm'),
    labels: z.string().min(1).max(4096).optional().describe('the file of labels, for idx'),
    test: z.string().min(1).max(4096).optional().describe('a test set of the same format'),
    dimension: positiveInt.max(100_000_000).optional().describe('d; default the largest index in the file'),
    targets: z.enum(['classes', 'real']).default('classes').describe('labels are classes, or real numbers to regress on'),
    normalize,
  }),
]);

export type DataSpec = z.output<typeof dataSchema>;

/** The data set alone: what is recorded once it is decided what runs. */
export function withoutFallback(data: DataSpec): DataSpec {
  if (!('name' in data)) return data;
  const { fallback: _, ...named } = data;
  return named;
}
