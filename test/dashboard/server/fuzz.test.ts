/** Every route, asked by whoever means no good: never a failure of the server's own, a stack, or anything outside the folder. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routeTexts } from '../../../src/dashboard/server/openapi.ts';
import { createServer } from '../../../src/dashboard/server/server.ts';
import { openDashboardReader, openLedgerInline } from '../../../src/orchestrator/ledger/open-ledger.ts';
import type { OrchestratorCommands } from '../../../src/shared/contracts/commands.ts';
import { newFolder } from '../../cli/harness.ts';
import { jobResult, plannedRun, plannedStudy } from '../../orchestrator/ledger/runs.ts';

const token = 'a-token-of-this-test-only';
const { folder, remove } = newFolder();
const secret = 'what no answer may hold';

async function open() {
  writeFileSync(join(folder, 'secret.txt'), secret);
  const ledger = await openLedgerInline(join(folder, 'results'));
  await ledger.submit(plannedStudy('s', [plannedRun('a1', { rounds: 100, parameters: '{"rule":"mean"}' })]));
  const { fence } = await ledger.beginAttempt('a1', 'w');
  await ledger.commitRoundJob(fence, jobResult('a1', -1, 100, { rounds: 100 }));
  const reader = await openDashboardReader(join(folder, 'results'));
  const nothing = async () => 0;
  const commands = new Proxy({}, { get: (_, name) => (name === 'here' ? () => undefined : name === 'advance' ? () => [] : nothing) });
  const server = createServer(
    {
      ledger: reader,
      commands: commands as OrchestratorCommands,
      about: { version: '1', folder, queue: false, owner: () => null },
      web: new Map([['/index.html', { type: 'text/html', content: Buffer.from('page'), packed: Buffer.from('packed') }]]),
      audit: async () => {},
      metrics: async () => '',
      unready: async () => undefined,
      dataFile: () => undefined,
    },
    { token, hosts: new Set(['127.0.0.1']) },
  );
  await server.ready();
  return { server, close: () => Promise.all([server.close(), reader.close(), ledger.close()]) };
}

let opened: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
  opened = await open();
});
afterAll(async () => {
  await opened.close();
  remove();
});

const routes = Object.keys(routeTexts).filter((route) => !route.endsWith('/stream'));
const nasty = fc.oneof(
  fc.constantFrom(
    '..%2f..%2fsecret.txt',
    '../secret.txt',
    '%00',
    'a1',
    's',
    'CON',
    "' OR 1=1 --",
    '__proto__',
    '%E0%A4%A',
    '-1',
    'NaN',
    '1e999',
    '{}',
    '[[[[',
    '',
  ),
  fc.string({ maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.string({ minLength: 200, maxLength: 5000 }).map((text) => encodeURIComponent(text.toWellFormed())),
);
const names = [
  'metric',
  'metrics',
  'runs',
  'group',
  'axis',
  'selection',
  'reference',
  'other',
  'buckets',
  'from',
  'to',
  'after',
  'limit',
  'run',
  'x',
];
const query = fc
  .array(fc.tuple(fc.constantFrom(...names), nasty), { maxLength: 5 })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'));
const body = fc.oneof(
  fc.constant('{'),
  fc.constant('{"__proto__":{"admin":true}}'),
  fc.json({ maxDepth: 4 }),
  fc.string({ maxLength: 300 }),
);
const headers = fc.oneof(
  fc.constant({}),
  fc.constantFrom<Record<string, string>[]>(
    { origin: 'null' },
    { host: 'evil.example' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/json; charset=x' },
    { cookie: 'marinade_=..' },
    { authorization: 'Bearer' },
  ),
);

describe('a request that nobody should make', () => {
  test('is refused or answered, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), nasty, query, body, headers, async (route, key, asked, text, further) => {
        const [method, url] = route.split(' ') as [string, string];
        const sent = method === 'GET' || method === 'DELETE' ? {} : { payload: text };
        const answer = await opened.server.inject({
          method: method as 'GET',
          url: `${url.replace(':key', key)}?${asked}`,
          headers: { host: '127.0.0.1', authorization: `Bearer ${token}`, 'content-type': 'application/json', ...further },
          ...sent,
        });
        expect(answer.statusCode, `${route} ${key} ${asked}`).toBeLessThan(500);
        expect(answer.body).not.toContain(secret);
        expect(answer.body).not.toMatch(/\n\s+at |node_modules|\.ts:\d/);
      }),
      { numRuns: 1500 },
    );
  });
});
