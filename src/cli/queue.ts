/** Wires the queue: connection options from a URL and its secrets, checks of the server, worker processes of one command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { BullmqDispatcher } from '../orchestrator/dispatchers/bullmq.ts';
import { redacted, redisOptions } from '../shared/config/redis.ts';
import type { KernelsName } from '../shared/contracts/kernels.ts';
import { MarinadeError } from '../shared/errors.ts';
import { type QueueKeys, queueKeys } from '../shared/messages/queued-job.ts';
import { entryUrl } from '../shared/program.ts';

export interface QueueOptions {
  readonly redis: string;
  readonly queue: string;
  readonly redisPasswordFile?: string | undefined;
  readonly redisCa?: string | undefined;
  readonly acceptLosingQueuedJobs?: boolean;
}

export interface QueueConnection {
  readonly keys: QueueKeys;
  readonly failFast: ReturnType<typeof redisOptions>;
  readonly waiting: ReturnType<typeof redisOptions>;
  /** The URL without its password. */
  readonly shown: string;
}

/** @throws MARINADE_CONFIG_USAGE when a queue cannot be called so */
export function queueNamed(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,40}$/.test(name)) return name;
  throw new MarinadeError('MARINADE_CONFIG_USAGE', `--queue expects a name of small letters, digits and '-'; got '${name}'`);
}

async function secretFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trimEnd();
  } catch (cause) {
    throw new MarinadeError('MARINADE_CONFIG_USAGE', `${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { path }, cause);
  }
}

/** The password of a file, else of the environment. */
export async function redisPassword(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? process.env['MARINADE_REDIS_PASSWORD'] : secretFile(file);
}

/** Connection options; the password comes from a file, the environment or the URL, in this order. */
export async function connectionOf(options: QueueOptions): Promise<QueueConnection> {
  const queue = queueNamed(options.queue);
  const password = await redisPassword(options.redisPasswordFile);
  const ca = options.redisCa === undefined ? undefined : await secretFile(options.redisCa);
  const secrets = { ...(password === undefined ? {} : { password }), ...(ca === undefined ? {} : { ca }) };
  return {
    keys: queueKeys(queue),
    failFast: redisOptions(options.redis, 'fail-fast', secrets),
    waiting: redisOptions(options.redis, 'waiting', secrets),
    shown: redacted(options.redis),
  };
}

const OLDEST = [6, 2] as const;

/** What to do about a refusal: of the server, or of its certificate; undefined when nothing refused. */
function adviceOn(why: string): string | undefined {
  if (why.includes('NOPERM')) return 'its user lacks the rights of this queue, which `marinade deploy acl` writes down';
  if (/WRONGPASS|NOAUTH|AUTH failed/.test(why)) {
    return 'check the user in the URL and the password (--redis-password-file, else MARINADE_REDIS_PASSWORD)';
  }
  if (/certificate|altnames/i.test(why)) return 'name the authority that signed it with --redis-ca, and the host as it is certified';
  return undefined;
}

/** Asks a server over a connection of its own. @throws MARINADE_EXECUTION_QUEUE, whose details say whether it `refused` */
async function ask({ failFast, shown }: QueueConnection, questions: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis({ ...failFast, lazyConnect: true, retryStrategy: () => null });
  let reason = '';
  client.on('error', ({ message }) => {
    reason = message;
  });
  try {
    await client.connect();
    await questions(client);
  } catch (thrown) {
    if (thrown instanceof MarinadeError) throw thrown;
    const why = (reason || (thrown instanceof Error ? thrown.message : String(thrown))).replace(/\.$/, '');
    const advice = adviceOn(why);
    throw new MarinadeError(
      'MARINADE_EXECUTION_QUEUE',
      `Redis at ${shown} cannot be used: ${why}; ${advice ?? 'is it running, and is the address right?'}`,
      { refused: advice !== undefined },
    );
  } finally {
    client.disconnect();
  }
}

/** Whether this user may touch this queue. */
const mayUse =
  ({ owner, speaks }: QueueKeys) =>
  (client: Redis): Promise<unknown> =>
    client.exists(owner, speaks);

/**
 * Ends a worker that would never be let in; a server that cannot be reached yet is waited for.
 *
 * @throws MARINADE_EXECUTION_QUEUE that says who refused what, and what to do
 */
export async function requireAdmission(connection: QueueConnection): Promise<void> {
  try {
    await ask(connection, mayUse(connection.keys));
  } catch (thrown) {
    if (!(thrown instanceof MarinadeError) || thrown.details['refused'] === true) throw thrown;
  }
}

/**
 * Checks that a Redis is there and fit to hold a queue: version, append-only file, no eviction, rights.
 *
 * @throws MARINADE_EXECUTION_QUEUE that says what is missing and what to do
 */
export async function checkServer(connection: QueueConnection, acceptLosingQueuedJobs: boolean): Promise<void> {
  const { keys, shown } = connection;
  await ask(connection, async (client) => {
    const info = new Map((await client.info()).split('\r\n').map((line) => line.split(':', 2) as [string, string]));
    const unfit = whyUnfit(info, acceptLosingQueuedJobs);
    if (unfit !== undefined) throw new MarinadeError('MARINADE_EXECUTION_QUEUE', `${shown} ${unfit}`);
    await mayUse(keys)(client);
  });
}

/** Bytes that a queue needs to begin with. */
const LEAST_MEMORY = 2 ** 20;

function whyUnfit(info: ReadonlyMap<string, string>, acceptLosingQueuedJobs: boolean): string | undefined {
  const version = info.get('redis_version') ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return `is version ${version}; the queue needs Redis ${OLDEST.join('.')} or later, or Valkey`;
  }
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    return `may evict jobs (maxmemory-policy ${policy}); set maxmemory-policy noeviction`;
  const most = Number(info.get('maxmemory') ?? 0);
  const used = Number(info.get('used_memory') ?? 0);
  if (most > 0 && most - used < LEAST_MEMORY) {
    const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    return `has no memory left: ${mib(used)} of its maxmemory of ${mib(most)} are in use; raise maxmemory, or remove what fills it`;
  }
  if (info.get('aof_enabled') === '1' || acceptLosingQueuedJobs) return undefined;
  return 'has no append-only file, so a restart forgets the queue; set appendonly yes, or pass --accept-losing-queued-jobs (the ledger sends them again)';
}

/** The dispatcher over the queue, and the worker processes this command was asked to start. */
/** The queue as bull-board looks at it. */
export function boardQueue({ failFast, keys }: QueueConnection): Queue {
  const queue = new Queue(keys.name, { connection: failFast, prefix: keys.prefix });
  queue.on('error', () => {});
  return queue;
}

export interface OpenedQueue {
  readonly dispatcher: BullmqDispatcher;
  readonly workers: LocalWorkers;
  readonly connection: QueueConnection;
}

/** Asks a worker to hand back what it has and leave; it hears that at once, or not at all where it is gone. */
export async function drainWorker({ failFast, keys }: QueueConnection, id: string): Promise<void> {
  const client = new Redis(failFast);
  client.on('error', () => {});
  try {
    if (client.status !== 'ready') await new Promise((resolve) => client.once('ready', resolve));
    await client.publish(keys.control, JSON.stringify({ kind: 'drain', worker: id }));
  } finally {
    client.disconnect();
  }
}

export async function openQueue(
  options: QueueOptions & {
    readonly workers?: number;
    readonly threads: number;
    readonly kernels: KernelsName;
    readonly dataDir: string | undefined;
    readonly offline: boolean;
    readonly strategies: readonly string[];
  },
  onWarning: (message: string) => void,
): Promise<OpenedQueue> {
  const connection = await connectionOf(options);
  await checkServer(connection, options.acceptLosingQueuedJobs ?? false);
  const { keys, failFast, waiting } = connection;
  const count = options.workers ?? 0;
  const dispatcher = new BullmqDispatcher({
    keys,
    failFast,
    waiting,
    outstanding: Math.max(MIN_OUTSTANDING, 2 * count * options.threads),
    onWarning,
  });
  try {
    await dispatcher.claim();
  } catch (thrown) {
    await dispatcher.close();
    throw thrown;
  }
  const passed = [
    ['--redis', options.redis],
    ['--queue', options.queue],
    ['--redis-password-file', options.redisPasswordFile],
    ['--redis-ca', options.redisCa],
    ['--data-dir', options.dataDir],
    ['--kernels', options.kernels],
    ['--threads', String(Math.max(1, Math.floor(options.threads / Math.max(count, 1))))],
    ...options.strategies.map((path) => ['--strategies', path]),
  ].flatMap(([name, value]) => (value === undefined ? [] : [name!, value]));
  return { connection, dispatcher, workers: startLocalWorkers(count, options.offline ? [...passed, '--offline'] : passed, onWarning) };
}

/** Round jobs in the queue at once when the number of workers is not known. */
const MIN_OUTSTANDING = 64;

/** Workers of its own that a command starts again, for each it was asked for. */
const MAX_RESPAWNS = 20;

export interface LocalWorkers {
  stop(): Promise<void>;
}

/** Starts worker processes for as long as a command runs; they end with it, however it ends. */
export function startLocalWorkers(count: number, workerArguments: readonly string[], onWarning: (message: string) => void): LocalWorkers {
  const entry = fileURLToPath(entryUrl('cli/main'));
  const children = new Set<ChildProcess>();
  let stopping = false;
  let left = MAX_RESPAWNS * count;
  const start = (): void => {
    const child = spawn(process.execPath, [entry, 'worker', ...workerArguments], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      env: { ...process.env, MARINADE_LAUNCHER_FD: '3' },
    });
    children.add(child);
    child.once('error', ({ message }) => onWarning(`a worker cannot be started: ${message}`));
    child.once('close', (code, signal) => {
      children.delete(child);
      if (stopping) return;
      onWarning(`a worker ended with ${signal ?? `exit code ${code}`}${left > 0 ? '; another takes its place' : ''}`);
      if (left-- > 0) start();
      else if (children.size === 0) onWarning('no worker is left: start one with `marinade worker`, or stop with Ctrl-C');
    });
  };
  for (let i = 0; i < count; i++) start();
  return {
    async stop() {
      stopping = true;
      const exits = [...children].map((child) => new Promise((resolve) => child.once('close', resolve)));
      for (const child of children) child.kill('SIGTERM');
      await Promise.all(exits);
    },
  };
}
