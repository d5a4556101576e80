import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { dataDirectory } from '../support/data.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'marinade-service-'));
const results = join(folder, 'results');
const token = 'a-token-for-this-test';
const children = new Set<ChildProcess>();

const study = (name: string, rounds: number, more = ''): string => `
study: ${name}
experiment:
  problem: { name: quadratic, dimension: 20 }
  clients: { total: 6, byzantine: 1 }
  method: { name: gradient-descent, stepSize: 0.1 }
  aggregator: { name: coordinate-median }
  attack: { name: bit-flip }
  rounds: ${rounds}
  metrics: { every: 1000, names: [loss] }
${more}seeds: 0..3
`;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  parameters: readonly string[],
  env: Record<string, string> = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended>; readonly firstLine: Promise<string> } {
  const child = spawn(process.execPath, [main, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MARINADE_TOKEN: token, NO_COLOR: '1', ...env },
  });
  children.add(child);
  let stdout = '';
  let stderr = '';
  const first = Promise.withResolvers<string>();
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (stdout.includes('\n')) first.resolve(stdout.slice(0, stdout.indexOf('\n')));
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child);
    first.reject(new Error(`${parameters[0]} ended with ${String(code)}: ${stderr}`));
    return { code: code as number | null, stdout, stderr };
  });
  first.promise.catch(() => {});
  return { child, ended, firstLine: first.promise };
}

function marinade(...parameters: string[]): Promise<Ended> {
  return start([...parameters, '--results', results]).ended;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function stop({ child, ended }: ReturnType<typeof start>): Promise<Ended> {
  child.kill('SIGTERM');
  return ended;
}

afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an orchestrator as a service', { timeout: 180_000 }, () => {
  test('it takes, pauses, cancels and retries studies, and ends cleanly', async () => {
    const serve = start(['serve', '--results', results, '--port', '0', '--threads', '1']);
    const address = await serve.firstLine;
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);

    const short = await marinade('submit', file('short.yaml', study('short', 2000)), '--json');
    expect(JSON.parse(short.stdout)).toMatchObject({ schema: 1, submitted: { study: 'short', runs: 4, added: 4 } });
    expect(await marinade('watch', 'short', '--timeout', '60')).toMatchObject({ code: 0 });

    await marinade('submit', file('long.yaml', study('long', 500_000_000)));
    expect(await marinade('pause', 'long')).toMatchObject({ code: 0 });
    expect((await marinade('status')).stdout).toMatch(/long .* paused/);
    expect(await marinade('resume', 'long')).toMatchObject({ code: 0 });
    expect(await marinade('watch', 'long', '--timeout', '1')).toMatchObject({ code: 6 });
    expect(await marinade('cancel', 'long')).toMatchObject({ code: 2 });
    expect((await marinade('cancel', 'long', '--yes')).stdout).toContain('4 runs of long cancelled');
    expect((await marinade('retry', 'long')).stdout).toContain('4 runs go on');
    const { runs } = JSON.parse((await marinade('show', 'long', '--json')).stdout) as { runs: { runKey: string }[] };
    expect(await marinade('cancel', runs[0]!.runKey)).toMatchObject({ code: 0 });
    expect((await marinade('logs', runs[0]!.runKey)).stdout).toContain('"outcome":"cancelled"');

    expect(await marinade('submit', file('wrong.yaml', study('wrong', 10).replace('bit-flip', 'bit-flop')))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/wrong\.yaml|study:\d+:\d+/),
    });
    const ownFile = study('files', 10).replace('  clients:', '  data: { file: /etc/passwd }\n  clients:');
    expect(await marinade('submit', file('files.yaml', ownFile))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('registered data only'),
    });
    const stranger = start(['status', '--server', address, '--results', results], { MARINADE_TOKEN: 'not-the-token-at-all' });
    expect(await stranger.ended).toMatchObject({ code: 4 });
    const second = await marinade('serve', '--port', '0');
    expect(second).toMatchObject({ code: 5, stderr: expect.stringContaining(`process ${serve.child.pid}`) });

    const { code, stdout, stderr } = await stop(serve);
    expect(code).toBe(143);
    expect(stdout + stderr).not.toContain(token);
    const left = JSON.parse((await marinade('list', '--json')).stdout) as { studies: { study: string; runs: Record<string, number> }[] };
    expect(left.studies.find((one) => one.study === 'long')!.runs).toEqual({ finished: 1, queued: 3 });
    expect(await marinade('cancel', 'long', '--yes')).toMatchObject({ code: 5 });
  });

  test('it refuses to listen beyond loopback without a token of its own', async () => {
    const { code, stderr } = await start(['serve', '--host', '0.0.0.0', '--port', '0', '--results', results], { MARINADE_TOKEN: '' }).ended;
    expect(code).toBe(2);
    expect(stderr).toContain('MARINADE_TOKEN');
  });
});

const data = dataDirectory();

describe.skipIf(data === undefined)('a worker without data', { timeout: 120_000 }, () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  test('it gets them from the orchestrator, checked and cached by what they hold', async () => {
    const cache = join(folder, 'cache');
    mkdirSync(cache);
    const own = join(folder, 'with-data');
    const serve = start(['serve', '--redis', redis.url, '--results', own, '--port', '0', '--data-dir', data!, '--offline']);
    const address = await serve.firstLine;
    const worker = start(['worker', '--redis', redis.url, '--threads', '1', '--orchestrator', address, '--offline'], {
      XDG_CACHE_HOME: cache,
      MARINADE_DATA_DIR: '',
    });
    const text = study('on-mushrooms', 20)
      .replace('{ name: quadratic, dimension: 20 }', '{ name: logistic-regression, l2: 0.1 }')
      .replace('  clients:', '  data: { name: mushrooms }\n  clients:');
    expect(await start(['submit', file('data.yaml', text), '--results', own]).ended).toMatchObject({ code: 0 });
    expect(await start(['watch', 'on-mushrooms', '--results', own, '--timeout', '60']).ended).toMatchObject({ code: 0 });
    expect((await start(['workers', '--results', own]).ended).stdout).toContain('working');
    expect(await stop(worker)).toMatchObject({ code: 143, stderr: expect.stringContaining("'mushrooms' comes from the orchestrator") });
    expect(await stop(serve)).toMatchObject({ code: 143 });
    expect(existsSync(join(cache, 'marinade', 'sha256'))).toBe(true);
    expect(readdirSync(join(cache, 'marinade', 'sha256'))).toEqual(['88']);
  });
});
