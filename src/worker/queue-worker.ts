/**
 * A worker process on the queue: takes round jobs from BullMQ, computes them on the pool, sends results over a stream.
 *
 * The process's own thread never computes, so locks are renewed however long a job takes. States:
 *
 *   working --lock not renewed in time--> fenced: jobs under way end at their next round, nothing is sent for them
 *   working --SIGTERM (`drain`)--> draining: jobs under way end at their next round and are handed back as short results
 *
 * A job that was begun before (`attemptsStarted` > 1) is not computed: the orchestrator is told who began it, and decides.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Job, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { RedisOptions } from '../shared/config/redis.ts';
import type { RoundJobExecutor } from '../shared/contracts/round-job.ts';
import { MarinadeError, toPlain } from '../shared/errors.ts';
import { besideField, bufferOf, fromQueued, type QueuedJob, type QueueKeys, spoken } from '../shared/messages/queued-job.ts';
import { encodeResult } from '../shared/messages/result-codec.ts';
import { numericsVersion, type RoundJobResult } from '../shared/messages/round-job.ts';

export interface QueueWorkerOptions {
  readonly waiting: RedisOptions;
  readonly keys: QueueKeys;
  readonly executor: RoundJobExecutor;
  readonly isolated: RoundJobExecutor;
  readonly version: string;
  readonly lockDurationMs?: number;
  onWarning(message: string): void;
}

const LOCK_DURATION_MS = 30_000;

export class QueueWorker {
  readonly id = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  readonly #options: QueueWorkerOptions;
  readonly #client: Redis;
  readonly #subscriber: Redis;
  readonly #worker: Worker;
  readonly #lockDurationMs: number;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #running = new Map<string, string>();
  readonly #kept = new Map<string, { readonly round: number; readonly checkpoint: Uint8Array }>();
  readonly #startedAt = new Date().toISOString();
  #renewedAt = performance.now();
  #completed = 0;
  #rounds = 0;
  #fenced = false;
  #draining = false;

  constructor(options: QueueWorkerOptions) {
    const { keys, waiting, executor } = options;
    this.#options = options;
    this.#lockDurationMs = options.lockDurationMs ?? LOCK_DURATION_MS;
    this.#client = new Redis(waiting);
    this.#subscriber = new Redis(waiting);
    this.#worker = new Worker(keys.name, (job: Job) => this.#carryOut(job), {
      connection: waiting,
      prefix: keys.prefix,
      name: this.id,
      concurrency: executor.capacity,
      lockDuration: this.#lockDurationMs,
      stalledInterval: this.#lockDurationMs / 2,
      // BullMQ never decides that a job has died too often: the ledger does.
      maxStalledCount: 1000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 1000 },
    });
    this.#worker.on('locksRenewed', () => {
      this.#renewedAt = performance.now();
    });
    for (const source of [this.#client, this.#subscriber]) source.on('error', () => {});
    let lastError = '';
    this.#worker.on('error', ({ message }) => {
      if (message !== lastError) options.onWarning(`queue: ${message}`);
      lastError = message;
    });
    this.#subscriber.on('message', (_channel, text) => this.#hear(text));
    void this.#subscriber.subscribe(keys.control).catch(() => {});
    void this.#compareVersions();
    this.#heartbeat = setInterval(() => this.#beat(), this.#lockDurationMs / 4);
    // At once, and again after every loss of the connection.
    this.#client.on('ready', () => this.#beat());
  }

  /** Ends jobs under way at their next round, hands them back, leaves. Resolves when nothing is under way, or in time. */
  async drain(limitMs: number): Promise<void> {
    this.#draining = true;
    this.#options.executor.requestStop();
    const limit = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), limitMs).unref());
    if ((await Promise.race([this.#worker.close(), limit])) === 'late') {
      this.#options.onWarning(
        `${this.#running.size} jobs did not end within ${limitMs} ms; they are delivered again when their locks expire`,
      );
    }
    clearInterval(this.#heartbeat);
    const { keys } = this.#options;
    await Promise.race([this.#client.multi().srem(keys.workers, this.id).del(keys.worker(this.id)).exec(), limit]).catch(() => {});
    this.#client.disconnect();
    this.#subscriber.disconnect();
  }

  async #carryOut(queued: Job<QueuedJob>): Promise<void> {
    const { keys, executor, isolated } = this.#options;
    const { id: jobId = '', data } = queued;
    const runKey = String((data as { runKey?: unknown } | null)?.runKey);
    const from = Number((data as { fromRound?: unknown } | null)?.fromRound);
    const kept = this.#kept.get(runKey);
    const cached = kept?.round === from ? kept.checkpoint : undefined;
    const beside = keys.beside(runKey);
    const calls = this.#client
      .multi()
      .hget(keys.claims, jobId)
      .hset(keys.claims, jobId, this.id)
      .hgetBuffer(beside, besideField('experiment', from));
    if (cached === undefined) calls.hgetBuffer(beside, besideField('checkpoint', from));
    const [[, previous], , [, experiment], [, found] = []] = (await calls.exec()) as [
      [unknown, string | null],
      unknown,
      [unknown, Buffer | null],
      [unknown, Buffer | null]?,
    ];
    const checkpoint = cached ?? found ?? null;
    const about = {
      run: runKey,
      epoch: String((data as { epoch?: unknown } | null)?.epoch),
      from: String(from),
      job: jobId,
      worker: this.id,
    };
    if (queued.attemptsStarted > 1) {
      await this.#send({ kind: 'redelivered', ...about, previous: previous ?? '' });
      return;
    }
    this.#running.set(jobId, runKey);
    this.#renewedAt = Math.max(this.#renewedAt, performance.now());
    try {
      const { job, isolated: alone } = fromQueued(data, { experiment, checkpoint });
      const result = await (alone ? isolated : executor).execute(job);
      if (this.#fenced) throw new MarinadeError('MARINADE_EXECUTION_INTERRUPTED', 'the lock of this job was lost while it was computed');
      this.#rounds += result.toRound - Math.max(0, result.fromRound);
      this.#keep(result);
      const calls = this.#client.multi().hset(beside, besideField('checkpoint', result.toRound), bufferOf(result.checkpoint));
      if (result.toRound !== from) calls.hdel(beside, besideField('checkpoint', from));
      await this.#send({ kind: 'result', ...about, to: String(result.toRound), result: encodeResult(result) }, calls);
    } catch (thrown) {
      if (this.#fenced) return;
      await this.#send({ kind: 'failure', ...about, failure: JSON.stringify(toPlain(thrown)) });
    } finally {
      this.#running.delete(jobId);
      this.#completed++;
      if (this.#running.size === 0) this.#fenced = false;
    }
  }

  /** One entry of the stream of results; the claim ends with it. */
  async #send(message: Readonly<Record<string, string | Uint8Array>>, calls = this.#client.multi()): Promise<void> {
    const { keys } = this.#options;
    const fields = Object.entries(message).flatMap(([name, value]) => [name, typeof value === 'string' ? value : bufferOf(value)]);
    const answers = await calls
      .xadd(keys.results, '*', ...fields)
      .hdel(keys.claims, String(message['job']))
      .exec();
    const refused = answers?.find(([error]) => error !== null)?.[0];
    if (refused) throw refused;
  }

  /** Checkpoints of runs that were here last: a run that stays finds its own here. */
  #keep({ runKey, toRound, checkpoint, outcome }: RoundJobResult): void {
    this.#kept.delete(runKey);
    if (outcome === null) this.#kept.set(runKey, { round: toRound, checkpoint });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > 4 * this.#options.executor.capacity) this.#kept.delete(oldest!);
  }

  /** Says that this worker lives, for as long as a lock would live; fences the worker when its locks were not renewed. */
  #beat(): void {
    const { keys, version, executor } = this.#options;
    if (this.#running.size > 0 && performance.now() - this.#renewedAt > this.#lockDurationMs && !this.#fenced) {
      this.#fenced = true;
      this.#options.onWarning('locks were not renewed in time: jobs under way are given up');
      executor.requestStop();
    }
    if (this.#client.status !== 'ready') return;
    const about = {
      id: this.id,
      host: hostname(),
      pid: process.pid,
      version,
      numericsVersion,
      node: process.versions.node,
      threads: executor.capacity,
      startedAt: this.#startedAt,
      state: this.#draining ? 'draining' : 'working',
      running: [...this.#running.values()],
      jobs: this.#completed,
      rounds: this.#rounds,
      rssBytes: process.memoryUsage.rss(),
      lifeMs: Math.ceil(this.#lockDurationMs * 1.5),
    };
    void this.#client
      .multi()
      .set(keys.worker(this.id), JSON.stringify(about), 'PX', about.lifeMs)
      .sadd(keys.workers, this.id)
      .exec()
      .catch(() => {});
  }

  /** A worker of another version does not see the orchestrator's jobs: it says why it has nothing to do. */
  async #compareVersions(): Promise<void> {
    const heard = await this.#client.get(this.#options.keys.speaks).catch(() => null);
    if (heard === null || heard === spoken) return;
    this.#options.onWarning(
      `the orchestrator of this queue speaks ${heard}, this worker ${spoken}: it takes none of its jobs; install the same version`,
    );
  }

  /** Messages of the control channel are hints: one that is lost or malformed changes nothing but time. */
  #hear(text: string): void {
    try {
      const { kind, runKey } = JSON.parse(text) as { kind?: unknown; runKey?: unknown };
      if (kind === 'stop-jobs' || (kind === 'stop-run' && [...this.#running.values()].includes(String(runKey)))) this.#stopJobs();
    } catch {}
  }

  /** The orchestrator stops: jobs under way end at their next round, their short results are still sent. */
  #stopJobs(): void {
    this.#options.executor.requestStop();
    this.#options.isolated.requestStop();
  }
}
