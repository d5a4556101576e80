import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/cli/service-metrics.ts';
import type { OrchestratorCommands } from '../../src/shared/contracts/commands.ts';
import { eventually, marinade, start, temporaryFolder } from './harness.ts';

describe('marinade serve --token-file', () => {
  test('it asks for the token of the file', async () => {
    const cwd = temporaryFolder();
    const token = 'a-token-of-twenty-some';
    writeFileSync(join(cwd, 'token'), `${token}\n`);
    const serve = start(['serve', '--port', '0', '--threads', '1', '--token-file', 'token'], {
      cwd,
      env: { MARINADE_TOKEN: 'another-token-altogether' },
    });
    await eventually(() => serve.said().includes('serving '), 'the address');
    const [address] = /http:\S+(?=;)/.exec(serve.said())!;
    const ask = async (shown: string): Promise<Response> => fetch(`${address}/metrics`, { headers: { authorization: `Bearer ${shown}` } });
    expect((await ask('another-token-altogether')).status).toBe(401);
    const answer = await ask(token);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('# TYPE marinade_outstanding_jobs gauge\nmarinade_outstanding_jobs 0\n');
    serve.child.kill('SIGTERM');
    const { stdout, stderr, status } = await serve.ended;
    expect(status).toBe(143);
    expect(stdout + stderr).not.toContain(token);
  });

  test.each([
    ['short', 'token must have at least 16 characters; it has 5', 'short'],
    ['unreadable', 'cannot be read: ENOENT', undefined],
  ])('it refuses a token that is %s, without showing it', async (_, said, content) => {
    const cwd = temporaryFolder();
    if (content !== undefined) writeFileSync(join(cwd, 'token'), content);
    const ended = await marinade(['serve', '--host', '0.0.0.0', '--port', '0', '--token-file', 'token'], { cwd });
    expect(ended).toMatchObject({ status: 2, stdout: '' });
    expect(ended.stderr).toContain(said);
  });
});

describe('metrics', () => {
  const ledger = { events: async () => [], studies: async () => [] } as unknown as Parameters<typeof createMetrics>[0];
  const commands = (workers: OrchestratorCommands['workers']): OrchestratorCommands =>
    ({ workers, advance: () => [] }) as unknown as OrchestratorCommands;

  test('it counts round jobs that wait or are under way', async () => {
    const text = await createMetrics(
      ledger,
      commands(async () => []),
      { outstanding: 7, roundsCommitted: 0 },
    )();
    expect(text).toContain('\nmarinade_outstanding_jobs 7\n');
  });

  test('it is told without workers when Redis cannot be asked for them', async () => {
    const away = commands(() => Promise.reject(new Error('Connection is closed.')));
    expect(await createMetrics(ledger, away, { outstanding: 3, roundsCommitted: 0 })()).toContain('\nmarinade_workers 0\n');
  });
});
