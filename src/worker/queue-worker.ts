/**
 * A worker process on the queue: takes round jobs from BullMQ, computes them on the pool, sends results over a stream.
 *
 * The process's own thread never computes, so locks are renewed however long a job takes. States:
 *
 *   working --SIGTERM (`drain`)--> draining: jobs under way end at their next round and are handed back as short results
 *
 * A job whose lock was lost, or not renewed in time, is fenced: it ends at its next round, nothing is sent for it, and
 * it is put back where that is still ours to do. The worker goes on with others.
 *
 * A job whose run key is not what this worker makes of its experiment is declined: the orchestrator is told, and another
 * worker finds it.
 *
 * A job that was begun before (`attemptsStarted` > 1) is not computed: the orchestrator is told who began it, and decides.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Job, WaitingError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { RedisOptions } from '../shared/config/redis.ts';
import type { RoundJobExecutor } from '../shared/contracts/round-job.ts';
import { MarinadeError, toPlain } from '../shared/errors.ts';
import type { Tell } from '../shared/log.ts';
import { besideField, bufferOf, fromQueued, type QueuedJob, type QueueKeys, spoken } from '../shared/messages/queued-job.ts';
import { encodeResult } from '../shared/messages/result-codec.ts';
import { numericsVersion, type RoundJob, type RoundJobResult } from '../shared/messages/round-job.ts';
import { keepNewest } from '../shared/newest.ts';

export interface QueueWorkerOptions {
  readonly waiting: RedisOptions;
  readonly keys: QueueKeys;
  readonly executor: RoundJobExecutor;
  readonly isolated: RoundJobExecutor;
  readonly version: string;
  /** The key this worker gives a run of this experiment on these data, with its own strategy modules. */
  runKeyOf(experiment: string, dataSha256: string): string;
  readonly lockDurationMs?: number;
  /** The orchestrator's operator wants this worker to leave. */
  onDrain?(): void;
  readonly onWarning: Tell;
}

const LOCK_DURATION_MS = 30_000;
/** How long a slot stays empty after a job was declined in it. */
const STAND_BACK_MS = 5000;
/** Checkpoints up to this size travel with the result as well, and save the orchestrator a question. */
const SHORT_CHECKPOINT_BYTES = 65_536;

interface Running {
  readonly runKey: string;
  /** When its lock was taken, or last renewed. */
  lockedAt: number;
  fenced: boolean;
}

export class QueueWorker {
  readonly id = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  readonly #options: QueueWorkerOptions;
  readonly #client: Redis;
  readonly #subscriber: Redis;
  readonly #worker: Worker;
  readonly #lockDurationMs: number;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #running = new Map<string, Running>();
  readonly #kept = new Map<string, { readonly round: number; readonly checkpoint: Uint8Array }>();
  /** What runs that were here last are made of: their keys were compared. */
  readonly #checked = new Map<string, Pick<RoundJob, 'experiment' | 'dataSha256'>>();
  readonly #startedAt = new Date().toISOString();
  readonly #lag = monitorEventLoopDelay();
  #completed = 0;
  #rounds = 0;
  #draining = false;
  #hasDeclined = false;
  readonly #leaving = new AbortController();

  constructor(options: QueueWorkerOptions) {
    const { keys, waiting, executor } = options;
    this.#options = options;
    this.#lockDurationMs = options.lockDurationMs ?? LOCK_DURATION_MS;
    this.#client = new Redis(waiting);
    this.#subscriber = new Redis(waiting);
    this.#worker = new Worker(keys.name, (job: Job, token?: string) => this.#carryOut(job, token), {
      connection: waiting,
      prefix: keys.prefix,
      name: this.id,
      concurrency: executor.capacity,
      lockDuration: this.#lockDurationMs,
      stalledInterval: this.#lockDurationMs / 2,
      // BullMQ never decides that a job has died too often: the ledger does.
      maxStalledCount: 1000,
      removeOnComplete: { count: 0 },
      // What became of a job is in the ledger.
      removeOnFail: { count: 0 },
    });
    this.#worker.on('locksRenewed', ({ jobIds }) => {
      for (const jobId of jobIds) {
        const running = this.#running.get(jobId);
        if (running !== undefined) running.lockedAt = performance.now();
      }
    });
    this.#worker.on('lockRenewalFailed', (jobIds) => this.#fence(jobIds));
    for (const source of [this.#client, this.#subscriber]) source.on('error', () => {});
    let lastError = '';
    this.#worker.on('error', ({ message }) => {
      if (message !== lastError) options.onWarning(`queue: ${message}`);
      lastError = message;
    });
    this.#subscriber.on('message', (_channel, text) => this.#hear(text));
    void this.#subscriber.subscribe(keys.control).catch(() => {});
    void this.#compareVersions();
    this.#lag.enable();
    this.#heartbeat = setInterval(() => this.#beat(), this.#lockDurationMs / 4);
    // At once, and again after every loss of the connection.
    this.#client.on('ready', () => this.#beat());
  }

  /** Ends jobs under way at their next round, hands them back, leaves. Resolves when nothing is under way, or in time. */
  async drain(limitMs: number): Promise<void> {
    this.#draining = true;
    this.#leaving.abort();
    this.#stopJobs();
    const limit = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), limitMs).unref());
    if ((await Promise.race([this.#worker.close(), limit])) === 'late') {
      this.#options.onWarning(
        `${this.#running.size} jobs did not end within ${limitMs} ms; they are delivered again when their locks expire`,
        { runs: [...this.#running.values()].map(({ runKey }) => runKey) },
      );
    }
    clearInterval(this.#heartbeat);
    this.#lag.disable();
    const { keys } = this.#options;
    await Promise.race([this.#client.multi().srem(keys.workers, this.id).del(keys.worker(this.id)).exec(), limit]).catch(() => {});
    this.#client.disconnect();
    this.#subscriber.disconnect();
  }

  async #carryOut(queued: Job<QueuedJob>, token: string | undefined): Promise<void> {
    const { keys, executor, isolated } = this.#options;
    const { id: jobId = '', data } = queued;
    const given: Record<string, unknown> = { ...data };
    const runKey = String(given['runKey']);
    const from = Number(given['fromRound']);
    const about = { run: runKey, epoch: String(given['epoch']), from: String(from), job: jobId, worker: this.id };
    if (queued.attemptsStarted > 1) {
      await this.#send({ kind: 'redelivered', ...about, previous: (await this.#client.hget(keys.claims, jobId)) ?? '' });
      return;
    }
    const running: Running = { runKey, lockedAt: performance.now(), fenced: false };
    this.#running.set(jobId, running);
    try {
      const { job, isolated: alone } = fromQueued(data, await this.#claim(jobId, data));
      const why = this.#whyDeclined(job);
      if (why !== undefined) return await this.#decline(about, why);
      if (this.#draining) throw new MarinadeError('MARINADE_EXECUTION_INTERRUPTED', 'the worker is leaving');
      const result = await (alone ? isolated : executor).execute(job);
      if (this.#isFenced(running)) return await this.#handBack(queued, token);
      this.#rounds += result.toRound - Math.max(0, result.fromRound);
      this.#keep(result);
      const beside = keys.beside(runKey);
      const checkpoint = bufferOf(result.checkpoint);
      const calls = this.#client.multi().hset(beside, besideField('checkpoint', result.toRound), checkpoint);
      if (result.toRound !== from) calls.hdel(beside, besideField('checkpoint', from));
      const short = checkpoint.length <= SHORT_CHECKPOINT_BYTES ? { checkpoint } : {};
      await this.#send({ kind: 'result', ...about, to: String(result.toRound), result: encodeResult(result), ...short }, calls);
    } catch (thrown) {
      if (this.#isFenced(running)) return await this.#handBack(queued, token);
      await this.#send({ kind: 'failure', ...about, failure: JSON.stringify(toPlain(thrown)) });
    } finally {
      this.#running.delete(jobId);
      this.#completed++;
    }
  }

  /** Writes down who begins the job, and fetches what lies beside it where that is not at hand. */
  async #claim(jobId: string, data: unknown): Promise<Parameters<typeof fromQueued>[1]> {
    const { keys } = this.#options;
    const { runKey, fromRound, experiment, checkpoint } = { ...(data as Partial<QueuedJob>) };
    const kept = this.#kept.get(String(runKey));
    const cached = kept?.round === fromRound ? kept!.checkpoint : null;
    const calls = this.#client.multi().hset(keys.claims, jobId, this.id);
    if (typeof experiment === 'string' && (checkpoint !== true || cached !== null)) {
      // In order before anything that is sent for the job: nobody need wait for it.
      calls.exec().catch(() => {});
      return { experiment: null, checkpoint: cached };
    }
    const beside = keys.beside(String(runKey));
    const round = String(fromRound);
    const answers = await calls
      .hgetBuffer(beside, besideField('experiment', round))
      .hgetBuffer(beside, besideField('checkpoint', round))
      .exec();
    return { experiment: (answers?.[1]?.[1] as Buffer | null) ?? null, checkpoint: cached ?? (answers?.[2]?.[1] as Buffer | null) ?? null };
  }

  /** Why the job is not for this worker: experiment, data and the strategies here make another run than it is said to belong to. */
  #whyDeclined({ runKey, experiment, dataSha256 }: RoundJob): string | undefined {
    const checked = this.#checked.get(runKey);
    if (checked?.experiment === experiment && checked.dataSha256 === dataSha256) return undefined;
    try {
      if (this.#options.runKeyOf(experiment, dataSha256) === runKey) {
        keepNewest(this.#checked, runKey, { experiment, dataSha256 }, 4 * this.#options.executor.capacity);
        return undefined;
      }
    } catch (cause) {
      const what = `the experiment of a job of run ${runKey.slice(0, 12)} cannot be read`;
      throw new MarinadeError('MARINADE_PROTOCOL_MALFORMED', what, { runKey }, cause);
    }
    return 'the run key of a job is not the one its experiment has there: the worker was given other --strategies than the orchestrator, or the job is forged';
  }

  /** Others should find the job first when it is sent again: the slot it came into stays empty for a while. */
  async #decline(about: Readonly<Record<string, string>>, why: string): Promise<void> {
    await this.#send({ kind: 'declined', ...about, why });
    if (!this.#hasDeclined) this.#options.onWarning(`declined a job: ${why}`, { run: about['run'] });
    this.#hasDeclined = true;
    this.#running.delete(String(about['job']));
    await pause(STAND_BACK_MS, undefined, { signal: this.#leaving.signal }).catch(() => {});
  }

  /** Its lock may be another's by now. */
  #isFenced(running: Running): boolean {
    return running.fenced || performance.now() - running.lockedAt > this.#lockDurationMs;
  }

  #fence(jobIds: readonly string[]): void {
    const lost = jobIds.flatMap((jobId) => this.#running.get(jobId) ?? []).filter(({ fenced }) => !fenced);
    if (lost.length === 0) return;
    for (const running of lost) running.fenced = true;
    this.#options.onWarning(`the locks of ${lost.length} jobs were not renewed in time: they are given up`, {
      runs: lost.map(({ runKey }) => runKey),
    });
    this.#stopJobs();
  }

  /** Back into the queue if the lock is still held after all; else whoever finds it expired does that. */
  async #handBack(queued: Job<QueuedJob>, token: string | undefined): Promise<never> {
    await queued.moveToWait(token).catch(() => {});
    throw new WaitingError();
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
    if (outcome === null) keepNewest(this.#kept, runKey, { round: toRound, checkpoint }, 4 * this.#options.executor.capacity);
    else this.#kept.delete(runKey);
  }

  /** Says that this worker lives, for as long as a lock would live; fences jobs whose locks were not renewed. */
  #beat(): void {
    const { keys, version, executor } = this.#options;
    this.#fence([...this.#running].filter(([, running]) => this.#isFenced(running)).map(([jobId]) => jobId));
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
      running: [...this.#running.values()].map(({ runKey }) => runKey),
      jobs: this.#completed,
      rounds: this.#rounds,
      rssBytes: process.memoryUsage.rss(),
      loopLagMs: this.#takeLag(),
      lifeMs: Math.ceil(this.#lockDurationMs),
    };
    void this.#client
      .multi()
      .set(keys.worker(this.id), JSON.stringify(about), 'PX', about.lifeMs)
      .sadd(keys.workers, this.id)
      .exec()
      .catch(() => {});
  }

  /** The longest lag since it was last asked for. */
  #takeLag(): number {
    const longest = this.#lag.max / 1e6;
    this.#lag.reset();
    return Math.round(longest);
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
      const { kind, runKey, worker } = JSON.parse(text) as { kind?: unknown; runKey?: unknown; worker?: unknown };
      if (kind === 'drain' && worker === this.id) this.#options.onDrain?.();
      if (kind === 'stop-jobs' || (kind === 'stop-run' && [...this.#running.values()].some((running) => running.runKey === runKey)))
        this.#stopJobs();
    } catch {}
  }

  /** Jobs under way end at their next round, one in a process of its own at once; short results are still sent. */
  #stopJobs(): void {
    this.#options.executor.requestStop();
    this.#options.isolated.requestStop();
  }
}
