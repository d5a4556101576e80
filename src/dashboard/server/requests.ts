/** What every route does with a request and its answer: checked input, the study it names, JSON without holes. */
import { z } from 'zod';
import type { LedgerReader } from '../../shared/contracts/ledger.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { jsonText } from '../../shared/json.ts';
import { key } from './queries.ts';

const identifier = z.strictObject({ key });

/** @throws MARINADE_CONFIG_USAGE, which answers as 422 */
export function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new MarinadeError(
    'MARINADE_CONFIG_USAGE',
    `the request does not fit: ${message}${path.length > 0 ? ` at '${path.join('.')}'` : ''}`,
  );
}

export function keyOf(parameters: unknown): string {
  return parsed(identifier, parameters).key;
}

/** The study that a route's parameters name. @throws MARINADE_STORAGE_NOT_FOUND, which answers as 404 */
export async function studyOf(
  ledger: Pick<LedgerReader, 'study'>,
  parameters: unknown,
): Promise<NonNullable<Awaited<ReturnType<LedgerReader['study']>>>> {
  const wanted = keyOf(parameters);
  const found = await ledger.study(wanted);
  if (found === undefined) throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no study '${wanted}'`);
  return found;
}

/** The same data with non-finite numbers as strings, as JSON cannot hold them. */
export function jsonSafe(value: unknown): object {
  return JSON.parse(jsonText(value)) as object;
}
