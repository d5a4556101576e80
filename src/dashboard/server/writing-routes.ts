/** Routes that ask something of the orchestrator. Bodies are JSON, parsed by strict schemas; what is done is written down. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { OrchestratorCommands } from '../../shared/contracts/commands.ts';
import type { LedgerReader } from '../../shared/contracts/ledger.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { change, nothing, planBody, submission } from './queries.ts';
import { jsonSafe, keyOf, parsed, studyOf } from './requests.ts';

export interface WritingPorts {
  readonly ledger: LedgerReader;
  audit(run: string | null, action: Readonly<Record<string, unknown>>): Promise<void>;
}

export function declareWriting(server: FastifyInstance, commands: OrchestratorCommands, { ledger, audit }: WritingPorts): void {
  const note = (
    request: FastifyRequest,
    action: string,
    target: Readonly<Record<string, unknown>>,
    run: string | null = null,
  ): Promise<void> => audit(run, { action, ...target, by: request.role, from: request.ip });
  const studyKey = async (parameters: unknown): Promise<string> => (await studyOf(ledger, parameters)).studyKey;
  const run = async (parameters: unknown): Promise<{ readonly runKey: string; readonly studyKey: string }> => {
    const key = keyOf(parameters);
    const found = await ledger.run(key);
    const study = found === undefined ? undefined : await ledger.studyOf(found.runKey);
    if (found === undefined || study === undefined) throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no run '${key}'`);
    return { runKey: found.runKey, studyKey: study };
  };

  server.post('/api/v1/plan', async ({ body }) => ({ schema: 1, plan: jsonSafe(await commands.plan(parsed(planBody, body).text)) }));
  server.post('/api/v1/studies', async (request, reply) => {
    const { text, priority } = parsed(submission, request.body);
    const submitted = await commands.submit(text, { priority });
    await note(request, 'submit', { studyKey: submitted.studyKey });
    return reply.code(201).send({ schema: 1, submitted });
  });
  server.patch('/api/v1/studies/:key', async (request) => {
    const changed = parsed(change, request.body);
    const key = await studyKey(request.params);
    await commands.setStudy(key, changed);
    await note(request, 'set', { studyKey: key, ...changed });
    return { schema: 1, study: await ledger.study(key) };
  });
  server.post('/api/v1/studies/:key/cancel', async (request) => {
    parsed(nothing, request.body);
    const key = await studyKey(request.params);
    const cancelled = await commands.cancelStudy(key);
    await note(request, 'cancel', { studyKey: key, runs: cancelled });
    return { schema: 1, cancelled };
  });
  server.post('/api/v1/studies/:key/retry', async (request) => {
    parsed(nothing, request.body);
    const key = await studyKey(request.params);
    const retried = await commands.retry(key);
    await note(request, 'retry', { studyKey: key, runs: retried });
    return { schema: 1, retried };
  });
  server.post('/api/v1/runs/:key/cancel', async (request) => {
    parsed(nothing, request.body);
    const { runKey } = await run(request.params);
    await commands.cancelRun(runKey);
    await note(request, 'cancel', {}, runKey);
    return { schema: 1, run: runKey };
  });
  server.post('/api/v1/runs/:key/retry', async (request) => {
    parsed(nothing, request.body);
    const { runKey, studyKey: of } = await run(request.params);
    const retried = await commands.retry(of, runKey);
    await note(request, 'retry', {}, runKey);
    return { schema: 1, retried };
  });
  server.post('/api/v1/runs/:key/verify', async (request) => {
    parsed(nothing, request.body);
    const { runKey } = await run(request.params);
    const verified = await commands.verify(runKey);
    await note(request, 'verify', { equal: verified.equal }, runKey);
    return { schema: 1, verified };
  });
  server.post('/api/v1/workers/:key/drain', async (request) => {
    parsed(nothing, request.body);
    const id = keyOf(request.params);
    await commands.drainWorker(id);
    await note(request, 'drain', { worker: id });
    return { schema: 1, worker: id };
  });
  server.post('/api/v1/queue/rebuild', async (request) => {
    parsed(nothing, request.body);
    const jobs = await commands.rebuildQueue();
    await note(request, 'rebuild', { jobs });
    return { schema: 1, jobs };
  });
}
