/** Routes that ask something of the orchestrator. Bodies are JSON, parsed by strict schemas. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { OrchestratorCommands } from '../../shared/contracts/commands.ts';
import type { LedgerReader } from '../../shared/contracts/ledger.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { parsed } from './queries.ts';
import { keyOf } from './reading-routes.ts';

const priority = z.int().min(-1000).max(1000);
const submission = z.strictObject({ text: z.string().max(1_048_576), priority: priority.optional() });
const change = z
  .strictObject({ paused: z.boolean().optional(), priority: priority.optional() })
  .transform(({ paused, priority: wanted }) => ({
    ...(paused === undefined ? {} : { paused }),
    ...(wanted === undefined ? {} : { priority: wanted }),
  }));
const nothing = z.strictObject({}).nullish();

export function declareWriting(server: FastifyInstance, commands: OrchestratorCommands, ledger: LedgerReader): void {
  const studyKey = async (parameters: unknown): Promise<string> => {
    const key = keyOf(parameters);
    const study = await ledger.study(key);
    if (study === undefined) throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no study '${key}'`);
    return study.studyKey;
  };
  const run = async (parameters: unknown): Promise<{ readonly runKey: string; readonly studyKey: string }> => {
    const key = keyOf(parameters);
    const found = await ledger.run(key);
    const study = found === undefined ? undefined : await ledger.studyOf(found.runKey);
    if (found === undefined || study === undefined) throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no run '${key}'`);
    return { runKey: found.runKey, studyKey: study };
  };

  server.post('/api/v1/studies', async ({ body }, reply) => {
    const { text, priority: wanted } = parsed(submission, body);
    return reply.code(201).send({ schema: 1, submitted: await commands.submit(text, { priority: wanted }) });
  });
  server.patch('/api/v1/studies/:key', async ({ params, body }) => {
    const key = await studyKey(params);
    await commands.setStudy(key, parsed(change, body));
    return { schema: 1, study: await ledger.study(key) };
  });
  server.post('/api/v1/studies/:key/cancel', async ({ params, body }) => {
    parsed(nothing, body);
    return { schema: 1, cancelled: await commands.cancelStudy(await studyKey(params)) };
  });
  server.post('/api/v1/studies/:key/retry', async ({ params, body }) => {
    parsed(nothing, body);
    return { schema: 1, retried: await commands.retry(await studyKey(params)) };
  });
  server.post('/api/v1/runs/:key/cancel', async ({ params, body }) => {
    parsed(nothing, body);
    const { runKey } = await run(params);
    await commands.cancelRun(runKey);
    return { schema: 1, run: runKey };
  });
  server.post('/api/v1/runs/:key/retry', async ({ params, body }) => {
    parsed(nothing, body);
    const { runKey, studyKey: of } = await run(params);
    return { schema: 1, retried: await commands.retry(of, runKey) };
  });
  server.post('/api/v1/queue/rebuild', async ({ body }) => {
    parsed(nothing, body);
    return { schema: 1, jobs: await commands.rebuildQueue() };
  });
}
