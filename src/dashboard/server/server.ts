/**
 * The HTTP face of an orchestrator: a versioned JSON API over the ledger's reading side and the commands. It decides
 * nothing; paths and URLs of requests reach neither the file system nor the network.
 */
import Fastify, { type FastifyInstance } from 'fastify';
import type { OrchestratorCommands } from '../../shared/contracts/commands.ts';
import type { DashboardReader } from '../../shared/contracts/dashboard.ts';
import type { LedgerReader } from '../../shared/contracts/ledger.ts';
import { codeOf, errorCodes, MarinadeError } from '../../shared/errors.ts';
import { type Access, refusal, requireAccess } from './authentication.ts';
import { declareDashboard } from './dashboard-routes.ts';
import type { HubJournal } from './event-hub.ts';
import { type BoardQueue, declareBoard } from './queue-board.ts';
import { declareReading } from './reading-routes.ts';
import { declarePage, secureHeaders, type WebFile } from './web-files.ts';
import { declareWriting } from './writing-routes.ts';

/** What the page is told about the server. */
export interface ServerFacts {
  readonly version: string;
  readonly folder: string;
  /** Whether round jobs go through a queue. */
  readonly queue: boolean;
  /** Who owns the results folder now; null when nobody does. */
  owner(): string | null;
}

export interface ServerPorts {
  readonly ledger: LedgerReader & DashboardReader & HubJournal;
  /** Undefined when nobody takes commands: then there is nothing but looking on. */
  readonly commands: OrchestratorCommands | undefined;
  readonly about: ServerFacts;
  /** The content of a registered data file of this machine; undefined where it is not here. */
  dataFile(sha256: string): Uint8Array | undefined;
  /** Writes down who asked for what; an action that cannot be written down is not answered as done. */
  audit(run: string | null, action: Readonly<Record<string, unknown>>): Promise<void>;
  /** Metrics of this process in the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Why work cannot go on (no ledger, no queue), or undefined. */
  unready(): Promise<string | undefined>;
  /** The queue to be shown at /admin/queues. */
  readonly board?: BoardQueue | undefined;
  /** The built page; without it there is the API alone. */
  readonly web?: ReadonlyMap<string, WebFile> | undefined;
}

const MAX_BODY_BYTES = 1_048_576;

/** HTTP status of a failure by what has to be done about it. */
function statusOf(code: keyof typeof errorCodes): number {
  if (code === 'MARINADE_STORAGE_NOT_FOUND') return 404;
  const { family, exit } = errorCodes[code];
  if (family === 'config' || family === 'precondition' || family === 'data') return 422;
  return exit === 5 ? 503 : 500;
}

/** @param onRoute hears every route that is declared: tests walk through them all */
export function createServer(
  ports: ServerPorts,
  access: Access,
  onRoute?: (route: { readonly method: string; readonly url: string }) => void,
): FastifyInstance {
  const server = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { maxParamLength: 128 },
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    forceCloseConnections: true,
    logger: false,
  });
  server.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) if (one !== 'HEAD') onRoute?.({ method: one, url });
  });
  // A command takes as long as it takes, and nothing is heard meanwhile: its connection is not an idle one.
  server.addHook('preHandler', async ({ method, raw }) => {
    // What tests put in has no connection.
    if (method !== 'GET' && 'setTimeout' in raw) raw.setTimeout(0);
  });
  // A body is JSON or is refused: another site's form cannot send that unasked.
  server.removeContentTypeParser('text/plain');
  secureHeaders(server);
  requireAccess(server, access);
  server.setErrorHandler((thrown, _request, reply) => {
    if (thrown instanceof MarinadeError) {
      const code = codeOf(thrown);
      return reply.code(statusOf(code)).send(refusal(code, thrown.text));
    }
    const { statusCode = 500, message } = thrown as { statusCode?: number; message: string };
    if (statusCode < 500) return reply.code(statusCode).send(refusal('MARINADE_ACCESS_REQUEST', message));
    process.stderr.write(`${(thrown as Error).stack}\n`);
    return reply.code(500).send(refusal('MARINADE_INVARIANT_BROKEN', 'an error of the server; its log has the details'));
  });
  server.setNotFoundHandler((_request, reply) => reply.code(404).send(refusal('MARINADE_ACCESS_ROUTE', 'there is no such route')));
  server.get('/healthz', async () => ({ status: 'alive' }));
  server.get('/readyz', async (_request, reply) => {
    const why = await ports.unready();
    return why === undefined ? { status: 'ready' } : reply.code(503).send({ status: 'not ready' });
  });
  server.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4').send(await ports.metrics()));
  declareReading(server, ports);
  declareDashboard(server, ports);
  if (ports.commands !== undefined) declareWriting(server, ports.commands, ports);
  if (ports.board !== undefined) declareBoard(server, ports.board);
  if (ports.web !== undefined) declarePage(server, ports.web);
  return server;
}
