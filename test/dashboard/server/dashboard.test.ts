/** What the page asks, over a ledger with runs in it: tables and their changes, bands, comparisons, roles, the stream. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changeOf } from '../../../src/dashboard/server/event-hub.ts';
import { createServer } from '../../../src/dashboard/server/server.ts';
import { Sessions, viewerToken } from '../../../src/dashboard/server/session.ts';
import { type OwnedLedger, openDashboardReader, openLedgerInline } from '../../../src/orchestrator/ledger/open-ledger.ts';
import type { OrchestratorCommands } from '../../../src/shared/contracts/commands.ts';
import { jobResult, plannedRun, plannedStudy } from '../../orchestrator/ledger/runs.ts';
import { temporaryFolder } from '../../orchestrator/ledger/support.ts';

const token = 'a-token-of-this-test-only';
const host = '127.0.0.1:7070';
const cells = ['none', 'flip'].flatMap((attack) => ['mean', 'median'].map((rule) => ({ attack: { name: attack }, rule })));
const runs = cells.map((parameters, i) => plannedRun(`a${i}`, { rounds: 100, parameters: JSON.stringify(parameters) }));

let ledger: OwnedLedger;
let reader: Awaited<ReturnType<typeof openDashboardReader>>;
let server: FastifyInstance;

beforeEach(async () => {
  const folder = temporaryFolder();
  ledger = await openLedgerInline(folder);
  await ledger.submit(plannedStudy('s', runs));
  reader = await openDashboardReader(folder);
  const commands = { advance: () => [], workers: async () => [], here: () => undefined, cancelRun: async () => {} };
  server = createServer(
    {
      ledger: reader,
      commands: commands as unknown as OrchestratorCommands,
      about: { version: '1', folder: '/results', queue: false, owner: () => 'here' },
      audit: (run, action) => ledger.recordAction(run, action),
      metrics: async () => '',
      unready: async () => undefined,
      dataFile: () => undefined,
    },
    { token, hosts: new Set(['127.0.0.1']) },
  );
  await server.ready();
});

afterEach(async () => {
  await server.close();
  await reader.close();
  await ledger.close();
});

async function compute(runKey: string, toRound: number): Promise<void> {
  const { fence } = await ledger.beginAttempt(runKey, 'w');
  await ledger.commitRoundJob(fence, jobResult(runKey, -1, toRound, { rounds: 100 }));
}

async function get(url: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }) {
  return server.inject({ url, headers: { host, ...headers } });
}

/** A frame of columns as bytes, read by the rule that `frames.ts` gives. */
function decode(bytes: Buffer) {
  const length = bytes.readUInt32LE(0);
  const head = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  let at = 8 + length;
  return head.frames.map((frame: { columns: [string, number][] }) => ({
    ...frame,
    columns: Object.fromEntries(
      frame.columns.map(([name, size]) => {
        const values = Array.from({ length: size }, (_, i) => bytes.readDoubleLE(at + 8 * i));
        at += 8 * size;
        return [name, values];
      }),
    ),
  }));
}

describe('a table', () => {
  test('it has the runs in columns, cells by their labels, the metric it leads with', async () => {
    await compute('a1', 100);
    const { paths, cells: found, rows, values, complete } = (await get('/api/v1/studies/s/table')).json();
    expect({ paths, found, complete }).toEqual({
      paths: ['attack', 'rule'],
      found: [
        ['none', 'mean'],
        ['none', 'median'],
        ['flip', 'mean'],
        ['flip', 'median'],
      ],
      complete: true,
    });
    expect(rows.outcome).toEqual(['queued', 'completed', 'queued', 'queued']);
    expect(rows.cell).toEqual([0, 1, 2, 3]);
    expect(Object.keys(values)).toEqual(['loss']);
    expect(values.loss.last).toEqual([null, expect.any(Number), null, null]);
  });

  test('later it has what changed, and no more', async () => {
    const { seq } = (await get('/api/v1/studies/s/table')).json();
    expect((await get(`/api/v1/studies/s/table?after=${seq}`)).json().rows.runKey).toEqual([]);
    await compute('a2', 40);
    const { complete, rows } = (await get(`/api/v1/studies/s/table?after=${seq}&metrics=gap`)).json();
    expect({ complete, keys: rows.runKey, rounds: rows.committedRound }).toEqual({ complete: false, keys: ['a2'], rounds: [40] });
  });
});

describe('curves', () => {
  test('a band goes from the smallest to the largest run of a group', async () => {
    await compute('a0', 100);
    await compute('a1', 100);
    const answer = await get('/api/v1/studies/s/bands?metric=loss&group=attack');
    const [band, ...more] = decode(answer.rawPayload);
    expect(more).toEqual([]);
    expect({ label: band.label, runs: band.runs }).toEqual({ label: 'none', runs: 2 });
    expect(band.columns.x.at(-1)).toBe(100);
    expect(band.columns.low).toEqual(band.columns.high);
  });

  test('a selection narrows what is drawn', async () => {
    for (const run of runs) await compute(run.runKey, 100);
    const selection = encodeURIComponent(JSON.stringify({ where: { rule: ['median'] } }));
    const bands = decode((await get(`/api/v1/studies/s/bands?metric=loss&group=rule&selection=${selection}`)).rawPayload);
    expect(bands.map(({ label, runs: size }: { label: string; runs: number }) => [label, size])).toEqual([['rule median', 2]]);
  });

  test('a run has its own curve, whole or a part of it', async () => {
    await compute('a3', 100);
    const [whole] = decode((await get('/api/v1/series?runs=a3&metric=gap')).rawPayload);
    expect(whole.columns.rounds).toEqual(Array.from({ length: 101 }, (_, i) => i));
    const [part] = decode((await get('/api/v1/series?runs=a3&metric=gap&from=10&to=20')).rawPayload);
    expect(part.columns.rounds).toEqual(Array.from({ length: 11 }, (_, i) => 10 + i));
    expect(part.columns.last).toEqual(whole.columns.last.slice(10, 21));
  });

  test('two selections are paired by seed and by what they have in common', async () => {
    for (const run of runs) await compute(run.runKey, 100);
    const side = (rule: string): string => encodeURIComponent(JSON.stringify({ where: { rule: [rule] } }));
    const { comparison } = (await get(`/api/v1/studies/s/comparison?metric=loss&reference=${side('mean')}&other=${side('median')}`)).json();
    expect(comparison).toMatchObject({ pairs: 2, lower: 0, equal: 2, higher: 0, without: 0 });
  });
});

describe('a log-in', () => {
  const logIn = (shown: string, headers: Record<string, string> = {}) =>
    server.inject({
      method: 'POST',
      url: '/api/v1/session',
      headers: { host, 'sec-fetch-site': 'same-origin', ...headers },
      payload: { token: shown },
    });
  const cookieOf = async (shown: string): Promise<string> => String((await logIn(shown)).headers['set-cookie']).split(';')[0]!;

  test('its cookie is out of reach of scripts and other sites, and says the role', async () => {
    const answer = await logIn(viewerToken(token));
    expect(answer.json()).toEqual({ schema: 1, role: 'viewer' });
    expect(answer.headers['set-cookie']).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect((await get('/api/v1', { cookie: await cookieOf(token) })).json().role).toBe('operator');
    expect((await get('/api/v1', { cookie: (await cookieOf(token)).replace(/.$/, 'x') })).statusCode).toBe(401);
    const changed = (await cookieOf(viewerToken(token))).replace('viewer', 'operator');
    expect((await get('/api/v1', { cookie: changed })).statusCode).toBe(401);
  });

  test('it ends', () => {
    const sessions = new Sessions(token);
    const cookie = sessions.cookie('operator', false).split(';')[0];
    expect(sessions.roleOfCookie(cookie)).toBe('operator');
    expect(sessions.roleOfCookie(cookie, Date.now() + 8 * 24 * 3_600_000)).toBeUndefined();
  });

  test('a cookie alone does not act: the browser must say that a page of this server asks', async () => {
    const cookie = await cookieOf(token);
    const cancel = (headers: Record<string, string>) =>
      server.inject({ method: 'POST', url: '/api/v1/runs/a1/cancel', headers: { host, cookie, ...headers } });
    expect((await cancel({})).statusCode).toBe(403);
    expect((await cancel({ 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
    expect((await cancel({ 'sec-fetch-site': 'same-site' })).statusCode).toBe(403);
    expect((await cancel({ 'sec-fetch-site': 'same-origin' })).statusCode).toBe(200);
    expect((await ledger.events(0)).at(-1)).toMatchObject({ kind: 'action', run: 'a1', data: { action: 'cancel', by: 'operator' } });
  });

  test('guessing is stopped, and a page of another site cannot try', async () => {
    expect((await logIn(token, { origin: 'https://evil.example' })).statusCode).toBe(403);
    for (let i = 0; i < 20; i++) expect((await logIn(`guess-${i}`)).statusCode).toBe(401);
    expect((await logIn(token)).statusCode).toBe(429);
  });

  test('a body that is not JSON is refused', async () => {
    const headers = { host, authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
    expect((await server.inject({ method: 'POST', url: '/api/v1/runs/a1/cancel', headers, payload: '{}' })).statusCode).toBe(415);
  });
});

describe('the stream', () => {
  /** Reads the stream until its text fits, then hangs up. */
  async function stream(after: string, until: (text: string) => boolean): Promise<string> {
    if (!server.server.listening) await server.listen({ port: 0, host: '127.0.0.1' });
    const { port } = server.server.address() as AddressInfo;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', path: `/api/v1/stream${after}`, headers: { authorization: `Bearer ${token}` } }, resolve)
        .on('error', reject)
        .end();
    });
    let text = '';
    for await (const piece of answer.setEncoding('utf8')) {
      text += piece;
      if (until(text)) break;
    }
    answer.destroy();
    return text;
  }
  const idsOf = (text: string): number[] => [...text.matchAll(/^id: (\d+)\nevent: change/gm)].map(([, id]) => Number(id));

  test('it goes on behind the event that was seen last, without a gap', async () => {
    await compute('a0', 100);
    const all = await ledger.events(0);
    const text = await stream('?after=2', (heard) => idsOf(heard).at(-1) === all.length);
    const [, data] = /event: change\ndata: (.*)\n/.exec(text)!;
    expect(JSON.parse(data!)).toEqual(JSON.parse(JSON.stringify(changeOf(all.slice(2)))));
  });

  test('it tells what happens while it is read', async () => {
    const heard = stream('', (text) => text.includes('run:finish'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await compute('a1', 100);
    expect(await heard).toContain('"runs":["a1"]');
  });

  test('it asks to load anew who saw events that are not there, or lies too far behind', async () => {
    expect(await stream('?after=999999', (text) => text.includes('\n\n'))).toContain('event: resync');
  });
});
