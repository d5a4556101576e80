/** Routes that read: studies, runs, attempts, events, workers. GET changes nothing. */
import type { FastifyInstance } from 'fastify';
import type { OrchestratorCommands } from '../../shared/contracts/commands.ts';
import type { DashboardReader } from '../../shared/contracts/dashboard.ts';
import type { LedgerReader, StudyRun } from '../../shared/contracts/ledger.ts';
import { MarinadeError } from '../../shared/errors.ts';
import type { HubJournal } from './event-hub.ts';
import { openApiDocument } from './openapi.ts';
import { eventQuery } from './queries.ts';
import { jsonSafe, keyOf, parsed, studyOf } from './requests.ts';
import type { ServerFacts } from './server.ts';

export interface ReadingPorts {
  readonly ledger: LedgerReader & DashboardReader & HubJournal;
  readonly commands: Pick<OrchestratorCommands, 'workers' | 'advance' | 'here'> | undefined;
  readonly about: ServerFacts;
  dataFile(sha256: string): Uint8Array | undefined;
}

/** A run without its experiment: what lists show. */
function listed({ experiment, ...run }: StudyRun): object {
  return jsonSafe(run);
}

export function declareReading(server: FastifyInstance, { ledger, commands, about, dataFile }: ReadingPorts): void {
  const advanceOf = (studyKey: string): object | null => commands?.advance().find((one) => one.studyKey === studyKey) ?? null;

  server.get('/api/v1', async ({ role }) => {
    const { version, folder, queue } = about;
    const acts = commands !== undefined;
    return { schema: 1, marinade: version, role: acts ? role : 'viewer', acts, folder, queue, owner: about.owner() };
  });
  server.get('/api/v1/openapi.json', async () => openApiDocument(about.version));
  server.get('/api/v1/studies', async () => {
    const counts = new Map((await ledger.counts()).map((one) => [one.studyKey, one]));
    const studies = (await ledger.studies()).map(({ source, ...row }) => {
      const { outcomes = {}, roundsLeft = 0 } = counts.get(row.studyKey) ?? {};
      return { ...row, outcomes, roundsLeft, advance: advanceOf(row.studyKey) };
    });
    return { schema: 1, studies };
  });
  server.get('/api/v1/studies/:key', async ({ params }) => {
    const row = await studyOf(ledger, params);
    return { schema: 1, study: { ...row, rollup: await ledger.rollup(row.studyKey), advance: advanceOf(row.studyKey) } };
  });
  server.get('/api/v1/studies/:key/runs', async ({ params }) => ({
    schema: 1,
    runs: (await ledger.runs((await studyOf(ledger, params)).studyKey)).map(listed),
  }));
  server.get('/api/v1/runs/:key', async ({ params }) => {
    const run = await ledger.run(keyOf(params));
    if (run === undefined) throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no run '${keyOf(params)}'`);
    const studyKey = await ledger.studyOf(run.runKey);
    const study = studyKey === undefined ? undefined : await ledger.study(studyKey);
    return {
      schema: 1,
      run: jsonSafe(run),
      metrics: await ledger.facts(run.metrics),
      attempts: await ledger.attempts(run.runKey),
      checkpoints: await ledger.checkpointRounds(run.runKey),
      study: study === undefined ? null : { studyKey: study.studyKey, name: study.name },
    };
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
  server.get('/api/v1/workers', async () => ({ schema: 1, workers: (await commands?.workers()) ?? [], here: commands?.here() ?? null }));
}
