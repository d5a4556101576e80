/** The document of the API, made from the schemas that parse its requests and from one line for each route. */
import { z } from 'zod';
import {
  bandsQuery,
  changeBody,
  comparisonQuery,
  eventQuery,
  journalQuery,
  nothing,
  parquetQuery,
  planBody,
  seriesQuery,
  sessionBody,
  streamQuery,
  submission,
  tableQuery,
} from './queries.ts';

interface RouteText {
  readonly summary: string;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Default JSON. */
  readonly answer?: 'columns' | 'bytes' | 'events' | 'text';
}

/** Every route of the API by method and address. */
export const routeTexts: Readonly<Record<string, RouteText>> = {
  'GET /healthz': { summary: 'The process is alive; needs no log-in.' },
  'GET /readyz': { summary: 'Work can go on: 503 while it cannot; needs no log-in.' },
  'GET /metrics': { summary: 'Metrics of this process for Prometheus.', answer: 'text' },
  'GET /api/v1': { summary: 'Version, the role of this log-in, whether anything can be done here.' },
  'GET /api/v1/openapi.json': { summary: 'This document.' },
  'POST /api/v1/session': { summary: 'Logs a browser in: a token for a cookie.', body: sessionBody },
  'POST /api/v1/session/viewer': { summary: 'The token of those who may only look on.', body: nothing },
  'DELETE /api/v1/session': { summary: 'Logs a browser out.' },
  'GET /api/v1/studies': { summary: 'All studies: runs by outcome, rounds left, advance.' },
  'POST /api/v1/studies': { summary: 'Submits the YAML text of a study.', body: submission },
  'POST /api/v1/plan': { summary: 'What a submission of the same text would compute; nothing begins.', body: planBody },
  'GET /api/v1/studies/:key': { summary: 'A study by its key, the beginning of it, or its name.' },
  'PATCH /api/v1/studies/:key': { summary: 'Pauses, resumes or reprioritises a study.', body: changeBody },
  'POST /api/v1/studies/:key/cancel': { summary: 'Ends what is unfinished and no other study wants.', body: nothing },
  'POST /api/v1/studies/:key/retry': { summary: 'Goes on with cancelled, failed and quarantined runs.', body: nothing },
  'GET /api/v1/studies/:key/runs': { summary: 'The runs of a study, each with its parameters and the rollups of all its metrics.' },
  'GET /api/v1/studies/:key/table': { summary: 'The runs in columns, or those that changed after an event.', query: tableQuery },
  'GET /api/v1/studies/:key/bands': { summary: 'Mean curves with bands over groups of runs.', query: bandsQuery, answer: 'columns' },
  'GET /api/v1/studies/:key/comparison': { summary: 'Two selections of runs, paired by seed.', query: comparisonQuery },
  'GET /api/v1/studies/:key/runs.parquet': { summary: 'The runs with all rollups as Parquet.', query: parquetQuery, answer: 'bytes' },
  'GET /api/v1/series': { summary: 'Curves of runs in buckets: last, smallest and largest value.', query: seriesQuery, answer: 'columns' },
  'GET /api/v1/runs/:key': { summary: 'A run: experiment, numbers, attempts, checkpoints.' },
  'POST /api/v1/runs/:key/cancel': { summary: 'Ends a run; what it computed stays.', body: nothing },
  'POST /api/v1/runs/:key/retry': { summary: 'Goes on with an ended run.', body: nothing },
  'POST /api/v1/runs/:key/verify': { summary: 'Computes a run again and compares every bit.', body: nothing },
  'GET /api/v1/events': { summary: 'The journal behind an event, oldest first.', query: eventQuery },
  'GET /api/v1/journal': { summary: 'The newest events of the journal or of a run, newest first.', query: journalQuery },
  'GET /api/v1/activity': { summary: 'Rounds, computation and ends of runs over the last minutes.' },
  'GET /api/v1/stream': {
    summary: 'What changes, as server-sent events; resumes behind the last one seen.',
    query: streamQuery,
    answer: 'events',
  },
  'GET /api/v1/data/:key': { summary: 'A registered data file by its sha256.', answer: 'bytes' },
  'GET /api/v1/workers': { summary: 'The workers of the queue, or this process where it computes itself.' },
  'POST /api/v1/workers/:key/drain': { summary: 'Asks a worker to hand back its jobs and leave.', body: nothing },
  'POST /api/v1/queue/rebuild': { summary: 'Sends every outstanding job again.', body: nothing },
};

const answerTypes = {
  json: 'application/json',
  columns: 'application/vnd.marinade.columns',
  bytes: 'application/octet-stream',
  events: 'text/event-stream',
  text: 'text/plain',
} as const;

/** The part of a JSON Schema that parameters are made of. */
interface ObjectSchema {
  readonly properties?: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
}

function schemaOf(schema: z.ZodType): ObjectSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest as ObjectSchema;
}

function parametersOf(url: string, query: z.ZodType | undefined): object[] {
  const { properties = {}, required = [] } = query === undefined ? {} : schemaOf(query);
  return [
    ...[...url.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: required.includes(name), schema })),
  ];
}

const failure = {
  type: 'object',
  required: ['schema', 'error'],
  properties: {
    schema: { const: 1 },
    error: { type: 'object', required: ['code', 'message'], properties: { code: { type: 'string' }, message: { type: 'string' } } },
  },
};

export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [route, { summary, query, body, answer = 'json' }] of Object.entries(routeTexts)) {
    const [method, url] = route.split(' ') as [string, string];
    const type = answerTypes[answer];
    const at = url.replaceAll(/:(\w+)/g, '{$1}');
    paths[at] ??= {};
    paths[at][method.toLowerCase()] = {
      summary,
      parameters: parametersOf(url, query),
      ...(body === undefined ? {} : { requestBody: { content: { 'application/json': { schema: schemaOf(body) } } } }),
      responses: {
        '200': { description: 'as asked', content: { [type]: {} } },
        default: { description: 'refused, with why', content: { 'application/json': { schema: failure } } },
      },
      security: url === '/healthz' || url === '/readyz' || route === 'POST /api/v1/session' ? [] : [{ bearer: [] }, { cookie: [] }],
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'marinade',
      version,
      description:
        'JSON has no NaN and no Infinity: they are strings here. Columns of numbers travel as bytes: u32 length of a head, 4 zero bytes, the head as JSON padded to a multiple of 8, then little-endian f64 in the order the head names them.',
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, cookie: { type: 'apiKey', in: 'cookie', name: 'marinade_*' } },
    },
    paths,
  };
}
