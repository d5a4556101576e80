import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLog } from '../../src/cli/log.ts';
import { eventually, start, temporaryFolder } from './harness.ts';

/** A log and what it wrote, on a terminal or not. */
function logOn(isTTY: boolean, mark = '') {
  const parts: string[] = [];
  const stream = { isTTY, write: (text: string) => parts.push(text) };
  return { log: openLog('worker', mark, stream as unknown as NodeJS.WriteStream), written: (): string => parts.join('') };
}

describe('the log of a service where a program collects it', () => {
  test('it has a JSON object a line, with time, level, process and what the line is about', () => {
    const { log, written } = logOn(false);
    log.note('ready');
    log.bind({ worker: 'w-1' });
    log.warn('late', { run: 'abc', round: 7, attempt: 2, fence: 3 });
    log.warn('differs', { run: 'abc', alarm: true });
    const lines = written()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const everywhere = { service: 'worker', pid: process.pid, host: expect.any(String), time: expect.stringMatching(/^\d{4}-.*Z$/) };
    expect(lines).toEqual([
      { ...everywhere, level: 'info', msg: 'ready' },
      { ...everywhere, level: 'warn', msg: 'late', worker: 'w-1', run: 'abc', round: 7, attempt: 2, fence: 3 },
      { ...everywhere, level: 'error', msg: 'differs', worker: 'w-1', run: 'abc' },
    ]);
  });

  test('it shows no password of a URL and no token of a link', () => {
    const { log, written } = logOn(false);
    log.warn('redis://:hidden@head:6379 and rediss://marinade:hidden@head/0 are gone; see http://127.0.0.1:7070/#token=hidden now');
    const { msg } = JSON.parse(written()) as { msg: string };
    expect(msg).toBe('redis://:***@head:6379 and rediss://marinade:***@head/0 are gone; see http://127.0.0.1:7070/#token=*** now');
  });

  test('all that serve says is such lines, and its own token is in none', async () => {
    const cwd = temporaryFolder();
    const serve = start(['serve', '--port', '0', '--threads', '1'], { cwd });
    await eventually(() => serve.said().includes('#token='), 'the invitation');
    const { token } = JSON.parse(readFileSync(join(cwd, 'marinade-results', 'owner.json'), 'utf8')) as { token: string };
    serve.child.kill('SIGTERM');
    const { stderr } = await serve.ended;
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { service: string }).service)).toEqual(lines.map(() => 'serve'));
    expect(lines.length).toBeGreaterThan(2);
    expect(stderr).not.toContain(token);
  });
});

describe('the log of a service on a terminal', () => {
  test('it has lines for people, without control characters and passwords; the link lets its reader in', () => {
    const { log, written } = logOn(true, 'worker: ');
    log.warn('redis://:hidden@head \u001b[2J', { run: 'abc' });
    log.note('http://127.0.0.1:7070/#token=shown');
    expect(written()).toBe('worker: redis://:***@head \ufffd[2J\nworker: http://127.0.0.1:7070/#token=shown\n');
  });
});
