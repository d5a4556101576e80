/** Routes that read: studies, runs, attempts, events, workers. GET changes nothing. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { OrchestratorCommands } from '../../shared/contracts/commands.ts';
import type { LedgerReader, StudyRun } from '../../shared/contracts/ledger.ts';
import { MarinadeError } from '../../shared/errors.ts';

export interface JournalEvent {
  readonly seq: number;
  readonly at: string;
  readonly run: string | null;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The ledger's journal, as far as routes need it. */
export interface Journal {
  events(after: number, limit?: number): Promise<readonly JournalEvent[]>;
}

export interface ReadingPorts {
  readonly ledger: LedgerReader & Journal;
  readonly commands: Pick<OrchestratorCommands, 'workers' | 'advance'>;
  readonly version: string;
  dataFile(sha256: string): Uint8Array | undefined;
}

const identifier = z.strictObject({ key: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/) });
const eventQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
});

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

/** A run without its experiment: what lists show. */
function listed({ experiment, ...run }: StudyRun): object {
  return jsonSafe(run);
}

/** The same data with non-finite numbers as strings, as JSON cannot hold them. */
function jsonSafe(value: unknown): object {
  return JSON.parse(
    JSON.stringify(value, (_, member: unknown) => (typeof member === 'number' && !Number.isFinite(member) ? String(member) : member)),
  ) as object;
}

export function declareReading(server: FastifyInstance, { ledger, commands, version, dataFile }: ReadingPorts): void {
  const advanceOf = (studyKey: string): object | null => commands.advance().find((one) => one.studyKey === studyKey) ?? null;
  const study = async (key: string): Promise<NonNullable<Awaited<ReturnType<LedgerReader['study']>>>> => {
    const found = await ledger.study(key);
    if (found === undefined) throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no study '${key}'`);
    return found;
  };

  server.get('/api/v1', async () => ({ schema: 1, marinade: version }));
  server.get('/api/v1/studies', async () => ({
    schema: 1,
    studies: (await ledger.studies()).map(({ source, ...row }) => ({ ...row, advance: advanceOf(row.studyKey) })),
  }));
  server.get('/api/v1/studies/:key', async ({ params }) => {
    const row = await study(keyOf(params));
    return { schema: 1, study: { ...row, rollup: await ledger.rollup(row.studyKey), advance: advanceOf(row.studyKey) } };
  });
  server.get('/api/v1/studies/:key/runs', async ({ params }) => ({
    schema: 1,
    runs: (await ledger.runs((await study(keyOf(params))).studyKey)).map(listed),
  }));
  server.get('/api/v1/runs/:key', async ({ params }) => {
    const run = await ledger.run(keyOf(params));
    if (run === undefined) throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no run '${keyOf(params)}'`);
    return { schema: 1, run: jsonSafe(run), attempts: await ledger.attempts(run.runKey) };
  });
  server.get('/api/v1/events', async ({ query }) => {
    const { after, limit } = parsed(eventQuery, query);
    return { schema: 1, events: jsonSafe(await ledger.events(after, limit)) };
  });
  server.get('/api/v1/data/:key', async ({ params }, reply) => {
    const content = dataFile(keyOf(params));
    if (content === undefined) throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', 'no registered data file here has that sha256');
    return reply.type('application/octet-stream').send(content);
  });
  server.get('/api/v1/workers', async () => ({ schema: 1, workers: await commands.workers() }));
}
