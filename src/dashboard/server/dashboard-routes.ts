/** Routes of the page itself: tables in columns, curves in buckets (as bytes), the journal, the stream of changes. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Band, DashboardReader, Series } from '../../shared/contracts/dashboard.ts';
import type { LedgerReader } from '../../shared/contracts/ledger.ts';
import { refusal } from './authentication.ts';
import { EventHub, type HubJournal } from './event-hub.ts';
import { encodeFrames } from './frames.ts';
import { bandsQuery, comparisonQuery, journalQuery, parquetQuery, seriesQuery, streamQuery, tableQuery } from './queries.ts';
import { jsonSafe, parsed, studyOf } from './requests.ts';

export interface DashboardPorts {
  readonly ledger: LedgerReader & DashboardReader & HubJournal;
}

export function declareDashboard(server: FastifyInstance, { ledger }: DashboardPorts): void {
  const hub = new EventHub(ledger);
  const activity = shared(1000, () => ledger.activity());
  server.addHook('preClose', async () => hub.close());
  const studyKey = async (parameters: unknown): Promise<string> => (await studyOf(ledger, parameters)).studyKey;

  server.get('/api/v1/studies/:key/table', async ({ params, query }, reply) =>
    reply.type('application/json; charset=utf-8').send(await ledger.runTable(await studyKey(params), parsed(tableQuery, query))),
  );
  server.get('/api/v1/studies/:key/bands', async ({ params, query }, reply) => {
    const { bands, ...about } = await ledger.bands(await studyKey(params), parsed(bandsQuery, query));
    return sendFrames(
      reply,
      about,
      bands.map(({ label, runs, ends, ...columns }: Band) => ({ about: { label, runs, ends: jsonSafe(ends) }, columns: { ...columns } })),
    );
  });
  server.get('/api/v1/studies/:key/comparison', async ({ params, query }) => {
    const { metric, reference, other } = parsed(comparisonQuery, query);
    return { schema: 1, comparison: jsonSafe(await ledger.comparison(await studyKey(params), metric, reference, other)) };
  });
  server.get('/api/v1/studies/:key/runs.parquet', async ({ params, query }, reply) => {
    const key = await studyKey(params);
    const content = await ledger.parquet(key, parsed(parquetQuery, query).selection);
    return reply
      .type('application/vnd.apache.parquet')
      .header('content-disposition', `attachment; filename="${key}.parquet"`)
      .send(content);
  });
  server.get('/api/v1/series', async ({ query }, reply) => {
    const wanted = parsed(seriesQuery, query);
    const series = await ledger.series(wanted);
    return sendFrames(
      reply,
      { metric: wanted.metric },
      series.map(({ runKey, ...columns }: Series) => ({ about: { runKey }, columns: { ...columns } })),
    );
  });
  server.get('/api/v1/journal', async ({ query }) => ({ schema: 1, events: jsonSafe(await ledger.journal(parsed(journalQuery, query))) }));
  server.get('/api/v1/activity', async () => ({ schema: 1, ...(await activity()) }));

  server.get('/api/v1/stream', async (request, reply) => {
    const shown = request.headers['last-event-id'];
    const { after } = parsed(streamQuery, typeof shown === 'string' ? { after: shown } : request.query);
    if (hub.isFull) return reply.code(503).send(refusal('MARINADE_ACCESS_LIMIT', 'too many open pages'));
    reply.hijack();
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
    });
    await hub.connect(reply.raw, after);
  });
}

function sendFrames(reply: FastifyReply, about: object, frames: Parameters<typeof encodeFrames>[1]): FastifyReply {
  return reply.type('application/vnd.marinade.columns').send(encodeFrames(about, frames));
}

/** The answer to a question that everybody asks, asked once for all who ask within a time. */
export function shared<Answer>(forMs: number, ask: () => Promise<Answer>): () => Promise<Answer> {
  let answer: Promise<Answer> | undefined;
  let until = 0;
  return () => {
    const now = performance.now();
    if (answer === undefined || now > until) {
      until = now + forMs;
      answer = ask();
      answer.catch(() => {
        until = 0;
      });
    }
    return answer;
  };
}
