import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Client, clientOf } from '../../src/cli/client.ts';
import { failureOf } from '../orchestrator/ledger/support.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A server of this test's own, and its client: 200 ms for an answer, a look every 20 ms. */
async function served(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Client> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return clientOf(`http://127.0.0.1:${port}`, 'token', { limitMs: 200, lookEveryMs: 20 });
}
const json = (response: ServerResponse, value: unknown): void => void response.end(JSON.stringify(value));

describe('the client of an orchestrator', () => {
  test('it waits for a command for longer than for an answer, while the orchestrator lives', async () => {
    let command: ServerResponse | undefined;
    const client = await served(({ method, url }, response) => {
      if (method === 'POST') command = response;
      else if (url === '/healthz') json(response, { status: 'alive' });
    });
    const sent = client.send('POST', '/api/v1/studies', {});
    await vi.waitFor(() => expect(command).toBeDefined());
    // A question asked later than the command is given up before it.
    expect((await failureOf(client.get('/api/v1/studies'))).code).toBe('MARINADE_EXECUTION_SERVER');
    json(command!, { schema: 1, submitted: 'all' });
    expect(await sent).toEqual({ schema: 1, submitted: 'all' });
  });

  test('it gives a command up once the orchestrator does not answer any more', async () => {
    let looks = 0;
    const client = await served(({ url }, response) => {
      if (url === '/healthz' && looks++ < 3) json(response, { status: 'alive' });
    });
    const failure = await failureOf(client.send('POST', '/api/v1/studies', {}));
    expect(failure.code).toBe('MARINADE_EXECUTION_SERVER');
    expect(failure.message).toContain('does not answer');
    expect(looks).toBeGreaterThanOrEqual(4);
  });

  test('it gives a command up that a server refuses, with the code of the refusal', async () => {
    const client = await served((_, response) => {
      response.statusCode = 403;
      json(response, { schema: 1, error: { code: 'MARINADE_ACCESS_ROLE', message: 'no' } });
    });
    expect((await failureOf(client.send('PATCH', '/api/v1/studies/a', {}))).code).toBe('MARINADE_ACCESS_ROLE');
  });
});
