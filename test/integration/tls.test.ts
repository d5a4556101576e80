/** Redis behind TLS, and Redis that is not fit to hold a queue, as the command line meets them. */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, eventually, hashesOf, marinade, newFolder, start, writeStudy } from '../cli/harness.ts';
import { freePort, startRedis, type TestRedis } from '../support/redis.ts';

const { folder, remove } = newFolder();
const servers: TestRedis[] = [];
const limitMs = 60_000;

/** Why certificates cannot be made here; undefined when they can. */
function noOpenssl(): string | undefined {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    process.stderr.write('TLS is not tested: there is no openssl to make certificates with\n');
    return 'no openssl';
  }
}

const openssl = (...parameters: string[]): void => void execFileSync('openssl', parameters, { cwd: folder, stdio: 'pipe' });

const authority = (name: string): void =>
  openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', `/CN=${name}`],
    ...['-keyout', `${name}.key`, '-out', `${name}.crt`],
  );

async function serverWith(options: readonly string[], needs: Parameters<typeof startRedis>[1] = {}): Promise<TestRedis> {
  const server = await startRedis(options, needs);
  servers.push(server);
  return server;
}

function run(url: string, further: readonly string[] = [], env: Record<string, string> = {}): Promise<Ended> {
  const results = `results-${Math.random().toString(36).slice(2)}`;
  return marinade(['run', 'study.yaml', '--json', '--redis', url, '--results', results, ...further], { cwd: folder, env, limitMs });
}

/** The command ends with 5 and one line that says all of this. */
function expectRefusal(ended: Ended, ...said: readonly string[]): void {
  expect(ended).toMatchObject({ status: 5, stdout: '' });
  expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
  for (const text of ['MARINADE_EXECUTION_QUEUE: ', ...said]) expect(ended.stderr).toContain(text);
}

beforeAll(() => void writeStudy(folder));
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});
afterAll(remove);

const reason = noOpenssl();

describe.skipIf(reason !== undefined)('a queue behind TLS', { timeout: 120_000 }, () => {
  test('it is used with its own authority, and not with another or none', async () => {
    authority('authority');
    authority('stranger');
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=redis', '-keyout', 'redis.key', '-out', 'redis.csr');
    execFileSync(
      'sh',
      [
        '-c',
        'printf "subjectAltName=IP:127.0.0.1,DNS:localhost" > ext && openssl x509 -req -in redis.csr -CA authority.crt -CAkey authority.key -CAcreateserial -days 1 -extfile ext -out redis.crt',
      ],
      { cwd: folder, stdio: 'pipe' },
    );
    // In a container the server is another user.
    chmodSync(folder, 0o755);
    chmodSync(join(folder, 'redis.key'), 0o644);
    const certificates = ['cert', 'key', 'ca-cert'].flatMap((name, i) => [
      `--tls-${name}-file`,
      join(folder, ['redis.crt', 'redis.key', 'authority.crt'][i]!),
    ]);
    const server = await serverWith(['--appendonly', 'yes', '--tls-auth-clients', 'no', ...certificates], { tls: true, folder });
    for (const url of [server.url, server.url.replace('127.0.0.1', 'localhost')]) {
      const there = await run(url, ['--redis-ca', 'authority.crt', '--workers', '1']);
      expect(there).toMatchObject({ status: 0 });
      expect(there.stderr).not.toContain('Warning');
      expect(hashesOf(there)).toEqual(hashesOf(await marinade(['run', 'study.yaml', '--json'], { cwd: folder, limitMs })));
    }
    expectRefusal(await run(server.url, ['--redis-ca', 'stranger.crt']), 'certificate', '--redis-ca');
    expectRefusal(await run(server.url), 'certificate', '--redis-ca');
    expectRefusal(await marinade(['worker', '--redis', server.url], { cwd: folder }), 'certificate', '--redis-ca');
    expectRefusal(await run(server.url.replace('rediss', 'redis')), 'cannot be used');
    expect(readFileSync(join(folder, 'authority.crt'), 'utf8')).toContain('BEGIN CERTIFICATE');
  });
});

describe('a Redis that is not fit for a queue', { timeout: 120_000 }, () => {
  test('it is refused without an append-only file, unless that is accepted', async () => {
    const server = await serverWith([]);
    expectRefusal(await run(server.url), 'no append-only file', 'appendonly yes', '--accept-losing-queued-jobs');
    expect(await run(server.url, ['--accept-losing-queued-jobs', '--workers', '1'])).toMatchObject({ status: 0 });
  });

  test('it is refused with a policy that evicts', async () => {
    const server = await serverWith(['--appendonly', 'yes', '--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru']);
    expectRefusal(await run(server.url), 'maxmemory-policy allkeys-lru', 'set maxmemory-policy noeviction');
  });

  test('it is refused with a wrong password or none, and neither password is shown', async () => {
    const server = await serverWith(['--appendonly', 'yes', '--requirepass', 'the-right-one']);
    const wrong = await run(server.url, [], { MARINADE_REDIS_PASSWORD: 'the-wrong-one' });
    expectRefusal(wrong, 'WRONGPASS', 'MARINADE_REDIS_PASSWORD');
    const inUrl = await run(server.url.replace('://', '://default:the-wrong-one@'));
    expectRefusal(inUrl, 'WRONGPASS', 'default:***@127.0.0.1');
    for (const { stderr } of [wrong, inUrl]) expect(stderr).not.toMatch(/the-(right|wrong)-one/);
    expectRefusal(await run(server.url), 'NOAUTH', '--redis-password-file');
    expectRefusal(await marinade(['worker', '--redis', server.url], { cwd: folder }), 'NOAUTH', '--redis-password-file');
    expect(await run(server.url, ['--workers', '1'], { MARINADE_REDIS_PASSWORD: 'the-right-one' })).toMatchObject({ status: 0 });
  });

  test('it is waited for by a worker', async () => {
    const server = await serverWith(['--appendonly', 'yes']);
    await server.kill();
    const worker = start(['worker', '--redis', server.url, '--threads', '1'], { cwd: folder, limitMs });
    await eventually(() => worker.said().includes('computes on'), 'a worker without Redis');
    await server.restart({ keep: true });
    expect(await run(server.url)).toMatchObject({ status: 0 });
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ status: 143 });
  });

  test('it is refused where nothing answers', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    expectRefusal(await run(url), `Redis at ${url} cannot be used: connect ECONNREFUSED`, 'is it running');
    expectRefusal(await run('redis://no-such-host.invalid:6379'), 'no-such-host.invalid', 'is the address right?');
  });
});
