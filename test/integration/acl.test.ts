/** The rights that `marinade deploy acl` writes down: enough for all the queue does, and for nothing else. */
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { queueKeys } from '../../src/shared/messages/queued-job.ts';
import { type Ended, hashesOf, marinade, newFolder, start, writeStudy } from '../cli/harness.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const { folder, remove } = newFolder();
const passwordFile = join(folder, 'redis-password');
const inspector = { username: 'inspector', password: 'of-the-test' };
const keys = queueKeys('rights');
const limitMs = 60_000;

let redis: TestRedis;
let password: string;
let made: Ended;

const urlOf = (user: string): string => redis.url.replace('://', `://${user}@`);

beforeAll(async () => {
  made = await marinade(['deploy', 'acl', '--queue', 'rights', '--redis-password-file', 'redis-password'], { cwd: folder });
  password = readFileSync(passwordFile, 'utf8').trim();
  const path = join(folder, 'users.acl');
  writeFileSync(path, `${made.stdout}user ${inspector.username} on >${inspector.password} ~* &* +@all\n`);
  // In a container the server is another user.
  chmodSync(folder, 0o755);
  redis = await startRedis(['--appendonly', 'yes', '--aclfile', path], { folder });
});

afterAll(async () => {
  await redis?.stop();
  remove();
});

/** Everything in a folder, as text. */
function contentsOf(path: string): string {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

async function asUser<Value>(user: { username: string; password: string }, act: (client: Redis) => Promise<Value>): Promise<Value> {
  const client = new Redis(redis.url, { ...user, lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => {});
  try {
    await client.connect();
    return await act(client);
  } finally {
    client.disconnect();
  }
}

describe('marinade deploy acl', () => {
  test('it makes a password file for its owner alone, and prints only the hash', async () => {
    expect(made).toMatchObject({ status: 0, stderr: 'a new password is in redis-password, readable by you alone\n' });
    expect(statSync(passwordFile).mode & 0o777).toBe(0o600);
    expect(password.length).toBeGreaterThanOrEqual(43);
    expect(made.stdout).toMatch(/^user default off\nuser marinade on #[0-9a-f]{64} resetkeys .*\n$/);
    const again = await marinade(['deploy', 'acl', '--queue', 'rights', '--redis-password-file', 'redis-password'], { cwd: folder });
    expect(again).toMatchObject({ status: 0, stdout: made.stdout, stderr: '' });
  });

  test('it takes the password of the environment', async () => {
    const env = { MARINADE_REDIS_PASSWORD: password };
    const ended = await marinade(['deploy', 'acl', '--queue', 'rights'], { cwd: folder, env });
    expect(ended).toMatchObject({ status: 0, stdout: made.stdout, stderr: '' });
  });

  test('it prints what Redis refuses to load where no password is given, and refuses an empty one', async () => {
    const ended = await marinade(['deploy', 'acl'], { cwd: folder });
    expect(ended.stdout).toContain('user marinade on #<sha256 of the password> resetkeys');
    expect(ended.stderr).toContain('--redis-password-file');
    const empty = await marinade(['deploy', 'acl'], { cwd: folder, env: { MARINADE_REDIS_PASSWORD: '' } });
    expect(empty).toMatchObject({ status: 2, stdout: '' });
    expect(empty.stderr).toContain('MARINADE_CONFIG_USAGE: the password is empty');
    const misnamed = await marinade(['deploy', 'acl', '--queue', 'a *'], { cwd: folder });
    expect(misnamed).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('user marinade of that file', { timeout: 120_000 }, () => {
  test('it carries out a study with a worker, refused nothing, its password nowhere to be seen', async () => {
    writeStudy(folder);
    const options = ['--redis', urlOf('marinade'), '--queue', 'rights'];
    const env = { MARINADE_REDIS_PASSWORD: password };
    const here = await marinade(['run', 'study.yaml', '--json', '--results', 'here'], { cwd: folder });
    const worker = start(['worker', ...options, '--threads', '1'], { cwd: folder, env, limitMs });
    const ended = await marinade(['run', 'study.yaml', '--json', '--results', 'there', '--rounds-per-job', '37', ...options], {
      cwd: folder,
      env,
      limitMs,
    });
    worker.child.kill('SIGTERM');
    const left = await worker.ended;
    expect(ended).toMatchObject({ status: 0 });
    expect(left).toMatchObject({ status: 143 });
    expect(hashesOf(ended)).toEqual(hashesOf(here));
    expect(await asUser(inspector, (client) => client.call('ACL', 'LOG'))).toEqual([]);
    expect(existsSync(join(folder, 'there', 'ledger.sqlite'))).toBe(true);
    const told = [ended.stdout, ended.stderr, left.stdout, left.stderr, contentsOf(join(folder, 'there'))];
    expect(told.filter((text) => text.includes(password))).toEqual([]);
  });

  test.each([
    ['FLUSHALL', []],
    ['FLUSHDB', []],
    ['KEYS', ['*']],
    ['SCAN', ['0']],
    ['RANDOMKEY', []],
    ['DBSIZE', []],
    ['CONFIG', ['GET', 'dir']],
    ['SHUTDOWN', ['NOSAVE']],
    ['MODULE', ['LIST']],
    ['REPLICAOF', ['NO', 'ONE']],
    ['SAVE', []],
    ['MONITOR', []],
    ['ACL', ['LIST']],
    ['CLIENT', ['LIST']],
    ['CLIENT', ['KILL', 'TYPE', 'normal']],
    ['SCRIPT', ['FLUSH']],
    ['FUNCTION', ['FLUSH']],
    ['SWAPDB', ['0', '1']],
    ['SORT', ['a', 'BY', 'nosort', 'GET', '#']],
    ['GET', ['foreign']],
    ['SET', [`${keys.prefix}:another:meta`, '1']],
    ['HGETALL', [queueKeys('another').owner]],
    ['EVAL', ["return redis.call('GET', 'foreign')", '0']],
    ['PUBLISH', [queueKeys('another').control, '{}']],
    ['SUBSCRIBE', ['foreign']],
    ['PSUBSCRIBE', ['*']],
  ] as const)('it is refused %s %j', async (command, parameters) => {
    await asUser({ username: 'marinade', password }, async (client) => {
      await expect(client.call(command, ...parameters)).rejects.toThrow(/NOPERM|can't access/);
    });
  });

  test('it is the only one to be let in', async () => {
    const said: string[] = [];
    const client = new Redis(redis.url, { lazyConnect: true, retryStrategy: () => null }).on('error', ({ message }) => said.push(message));
    await expect(client.connect()).rejects.toThrow();
    expect(said).toEqual([expect.stringMatching(/^NOAUTH /)]);
    client.disconnect();
  });

  test('it has no rights on another queue, and is told so before anything is computed', async () => {
    const ended = await marinade(['run', 'study.yaml', '--redis', urlOf('marinade'), '--queue', 'another'], {
      cwd: folder,
      env: { MARINADE_REDIS_PASSWORD: password },
    });
    expect(ended).toMatchObject({ status: 5, stdout: '' });
    expect(ended.stderr).toMatch(/^MARINADE_EXECUTION_QUEUE: .*NOPERM.*`marinade deploy acl` writes down\n$/m);
    expect(ended.stderr).not.toContain(password);
  });
});
