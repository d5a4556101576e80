import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { routeTexts } from '../../../src/dashboard/server/openapi.ts';
import { createServer, type ServerPorts } from '../../../src/dashboard/server/server.ts';
import { type OwnedLedger, openDashboardReader, openLedgerInline } from '../../../src/orchestrator/ledger/open-ledger.ts';
import { MarinadeError } from '../../../src/shared/errors.ts';
import { plannedStudy } from '../../orchestrator/ledger/runs.ts';
import { temporaryFolder } from '../../orchestrator/ledger/support.ts';

const token = 'a-token-of-this-test-only';
const host = '127.0.0.1:7070';
let ledger: OwnedLedger;
let reader: Awaited<ReturnType<typeof openDashboardReader>>;
let server: FastifyInstance;
let asked: string[];
let routes: { method: string; url: string }[];
let unready: string | undefined;

beforeEach(async () => {
  const folder = temporaryFolder();
  ledger = await openLedgerInline(folder);
  await ledger.submit(plannedStudy('s', ['a1', 'b2']));
  reader = await openDashboardReader(folder);
  asked = [];
  routes = [];
  unready = undefined;
  const note =
    <Answer>(name: string, answer: Answer) =>
    async (...parameters: unknown[]) => {
      asked.push(`${name} ${JSON.stringify(parameters)}`);
      return answer;
    };
  const commands: NonNullable<ServerPorts['commands']> = {
    submit: async (text) => {
      if (text.includes('bug')) throw new Error('secret detail of the machine');
      throw new MarinadeError('MARINADE_CONFIG_INVALID', 'study:1:1: not a study');
    },
    plan: async () => ({
      studyKey: 'k',
      study: 's',
      cells: 1,
      runs: 2,
      rounds: 3,
      known: 0,
      parameters: [],
      seeds: 2,
      dropped: [],
      warnings: [],
    }),
    verify: note('verify', { equal: true, points: 1, rounds: 1, difference: null }),
    drainWorker: note('drain', undefined),
    here: () => undefined,
    setStudy: note('set', undefined),
    cancelStudy: note('cancel-study', 2),
    cancelRun: note('cancel-run', undefined),
    retry: note('retry', 1),
    rebuildQueue: note('rebuild', 3),
    workers: async () => [],
    advance: () => [],
  };
  server = createServer(
    {
      ledger: reader,
      commands,
      about: { version: '1', folder: '/results', queue: false, owner: () => 'here' },
      web: new Map([['/index.html', { type: 'text/html', content: Buffer.from('page'), packed: Buffer.from('packed') }]]),
      audit: (run, action) => ledger.recordAction(run, action),
      metrics: async () => 'up 1\n',
      unready: async () => unready,
      dataFile: (sha256) => (sha256 === 'abc' ? Uint8Array.of(1, 2) : undefined),
    },
    { token, hosts: new Set(['127.0.0.1']) },
    (route) => routes.push(route),
  );
  await server.ready();
});

afterEach(async () => {
  await server.close();
  await reader.close();
  await ledger.close();
});

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

async function ask(method: Method, url: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await server.inject({
    method,
    url,
    headers: { host, authorization: `Bearer ${token}`, ...headers },
    ...(body === undefined ? {} : { payload: body as object }),
  });
  return { status: answer.statusCode, body: answer.headers['content-type']?.includes('json') ? answer.json() : answer.body };
}

/** What answers without a log-in: health, the log-in itself, the page, which holds no data. */
const open = [
  'GET /healthz',
  'GET /readyz',
  'POST /api/v1/session',
  ...['/', '/studies/:key', '/runs/:key', '/workers', '/submit'].map((url) => `GET ${url}`),
];

describe('every route', () => {
  test('it refuses who shows no token, a wrong one, or comes from elsewhere', async () => {
    const closed = routes.filter(({ method, url }) => !open.includes(`${method} ${url}`));
    expect(closed.length).toBeGreaterThan(20);
    for (const { method, url } of closed) {
      const path = url.replace(':key', 's');
      const inject = (headers: Record<string, string>) => server.inject({ method: method as Method, url: path, headers });
      expect((await inject({ host })).statusCode, `${method} ${path}`).toBe(401);
      expect((await inject({ host, authorization: `Bearer ${token}`, origin: 'https://evil.example' })).statusCode).toBe(403);
      expect((await inject({ host: 'evil.example', authorization: `Bearer ${token}` })).statusCode).toBe(403);
    }
    expect(asked).toEqual([]);
  });

  test('it is told in the document of the API, and nothing else is', async () => {
    const pages = ['/', '/studies/:key', '/runs/:key', '/workers', '/submit'];
    const declared = routes.map(({ method, url }) => `${method} ${url}`).filter((route) => !pages.includes(route.slice(4)));
    expect(Object.keys(routeTexts).sort()).toEqual([...new Set(declared)].sort());
    const { body } = await ask('GET', '/api/v1/openapi.json');
    expect(body.paths['/api/v1/studies/{key}'].patch.requestBody.content['application/json'].schema.properties.paused).toEqual({
      type: 'boolean',
    });
    expect(body.paths['/api/v1/series'].get.parameters.map(({ name }: { name: string }) => name)).toEqual([
      'runs',
      'metric',
      'buckets',
      'from',
      'to',
    ]);
  });

  test('it stops hearing an address that keeps guessing', async () => {
    for (let i = 0; i < 20; i++) expect((await ask('GET', '/api/v1', undefined, { authorization: `Bearer guess-${i}` })).status).toBe(401);
    expect((await ask('GET', '/api/v1')).status).toBe(429);
  });

  test('it keeps counting guesses after a minute of peace', async () => {
    const now = vi.spyOn(performance, 'now');
    const guess = async (): Promise<number> => (await ask('GET', '/api/v1', undefined, { authorization: 'Bearer guess' })).status;
    now.mockReturnValue(1000);
    expect(await guess()).toBe(401);
    now.mockReturnValue(100_000);
    for (let i = 0; i < 20; i++) expect(await guess()).toBe(401);
    expect(await guess()).toBe(429);
    now.mockRestore();
  });

  test('it answers nonsense without a stack or a failure of its own', async () => {
    const nonsense = [
      '/api/v1/studies/..%2f..%2fetc',
      '/api/v1/runs/%00',
      `/api/v1/runs/${'a'.repeat(500)}`,
      '/api/v1/events?after=-1',
      '/api/v1/events?limit=1e9',
      '/api/v1/nothing',
      '/etc/passwd',
      '/api/v1/studies/%E0%A4%A',
    ];
    for (const url of nonsense) {
      const { status, body } = await ask('GET', url);
      expect(status, url).toBeGreaterThanOrEqual(400);
      expect(status, url).toBeLessThan(500);
      expect(JSON.stringify(body)).not.toMatch(/\bat .*\.ts/);
    }
    const truncated = await server.inject({
      method: 'POST',
      url: '/api/v1/studies',
      headers: { host, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      payload: '{"text":',
    });
    expect(truncated.statusCode).toBe(400);
    expect((await ask('POST', '/api/v1/studies', { text: 'x'.repeat(2_000_000) })).status).toBe(413);
    expect((await ask('POST', '/api/v1/studies', { text: 'x', path: '/etc/passwd' })).status).toBe(422);
  });
});

describe('what the routes do', () => {
  test('they read studies, runs and events', async () => {
    expect((await ask('GET', '/api/v1/studies')).body).toMatchObject({ schema: 1, studies: [{ studyKey: 's', states: { queued: 2 } }] });
    expect((await ask('GET', '/api/v1/studies/s')).body).toMatchObject({ study: { rollup: { total: 2, finished: 0 } } });
    expect((await ask('GET', '/api/v1/studies/s/runs')).body.runs.map((run: { runKey: string }) => run.runKey)).toEqual(['a1', 'b2']);
    expect((await ask('GET', '/api/v1/runs/a1')).body).toMatchObject({ run: { runKey: 'a1' }, attempts: [] });
    expect((await ask('GET', '/api/v1/events')).body.events[0]).toMatchObject({ kind: 'study:submit' });
    expect((await ask('GET', '/api/v1/runs/zz')).status).toBe(404);
  });

  test('they hand out data by sha256 and nothing else', async () => {
    const answer = await server.inject({ url: '/api/v1/data/abc', headers: { host, authorization: `Bearer ${token}` } });
    expect([...answer.rawPayload]).toEqual([1, 2]);
    expect((await ask('GET', '/api/v1/data/a9a')).status).toBe(404);
  });

  test('they pass commands on, by the whole keys of what was named', async () => {
    await ask('PATCH', '/api/v1/studies/s', { paused: true, priority: -3 });
    await ask('POST', '/api/v1/studies/s/cancel', {});
    await ask('POST', '/api/v1/runs/a/cancel', {});
    await ask('POST', '/api/v1/runs/b2/retry', {});
    await ask('POST', '/api/v1/queue/rebuild', {});
    expect(asked).toEqual([
      'set ["s",{"paused":true,"priority":-3}]',
      'cancel-study ["s"]',
      'cancel-run ["a1"]',
      'retry ["s","b2"]',
      'rebuild []',
    ]);
  });

  test('a study that cannot be planned is the fault of who sent it, an error of ours is told to the log alone', async () => {
    expect(await ask('POST', '/api/v1/studies', { text: 'x' })).toMatchObject({
      status: 422,
      body: { error: { code: 'MARINADE_CONFIG_INVALID' } },
    });
    const { status, body } = await ask('POST', '/api/v1/studies', { text: 'bug' });
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  test('health is open, readiness says no more than that', async () => {
    expect((await server.inject({ url: '/healthz', headers: { host } })).statusCode).toBe(200);
    unready = 'Redis at 10.0.0.1 cannot be reached';
    const answer = await server.inject({ url: '/readyz', headers: { host } });
    expect(answer.statusCode).toBe(503);
    expect(answer.body).not.toContain('10.0.0.1');
    expect((await ask('GET', '/metrics')).body).toBe('up 1\n');
  });
});
