/**
 * The dispatcher over BullMQ: round jobs to whatever workers there are, results back over a stream of our own.
 *
 * A job dispatched is *pending* until its result, or its failure, is heard:
 *
 *   pending --add--> in the queue --a worker begins it--> claimed --result or failure in the stream--> settled
 *                        |                                   |
 *                        '-- gone (Redis lost it) --> added again
 *                                                            '-- delivered a second time: its worker died (a death), or
 *                                                                lost its lock and lives (added again, no death)
 *
 * Delivery is at least once. A worker never computes a job that was begun before: the second delivery is reported here,
 * and what follows is decided here. A result is known by run and first round, whatever delivery or orchestrator it was
 * computed for: equal jobs have equal results. Nothing depends on BullMQ's events; `reconcile` repairs what was missed.
 */
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { RedisOptions } from '../../shared/config/redis.ts';
import type { WorkerInfo } from '../../shared/contracts/commands.ts';
import type { Dispatcher } from '../../shared/contracts/dispatcher.ts';
import { fromPlain, MarinadeError, type PlainFailure } from '../../shared/errors.ts';
import type { Tell } from '../../shared/log.ts';
import { besideField, besideFields, jobIdOf, type QueueKeys, spoken, toQueued } from '../../shared/messages/queued-job.ts';
import type { RoundJob, RoundJobResult } from '../../shared/messages/round-job.ts';
import { isAlive, livingWorkers } from './living-workers.ts';
import { QueueOwner } from './queue-owner.ts';
import { plainFailureOf, ResultStream, resultOf, type StreamMessage } from './result-stream.ts';
import { RunMemory } from './run-memory.ts';

export interface BullmqDispatcherOptions {
  /** A client that fails when the connection is down. */
  readonly failFast: RedisOptions;
  /** A client whose commands wait for the connection. */
  readonly waiting: RedisOptions;
  readonly keys: QueueKeys;
  /** Round jobs in the queue at once, at least: more as the threads of living workers want them. It bounds what Redis holds. */
  readonly outstanding: number;
  readonly reconcileEveryMs?: number;
  /** How long the queue belongs to an orchestrator that says nothing. */
  readonly ownerLifeMs?: number;
  readonly onWarning: Tell;
}

interface Pending {
  readonly job: RoundJob;
  readonly isolated: boolean;
  delivery: number;
  added: boolean;
  resolve(result: RoundJobResult): void;
  reject(reason: unknown): void;
}

const RECONCILE_EVERY_MS = 30_000;
const RETRY_ADD_MS = 500;
/** Longest time that a stop waits for jobs under way to be handed back. */
const TAKE_BACK_MS = 15_000;

const waitingFor = (runKey: string, epoch: number, fromRound: number): string => `${runKey}/${epoch}/${fromRound}`;

export class BullmqDispatcher implements Dispatcher {
  outstanding: number;
  readonly #options: BullmqDispatcherOptions;
  readonly #client: Redis;
  readonly #queue: Queue;
  readonly #owner: QueueOwner;
  readonly #pending = new Map<string, Pending>();
  readonly #memory = new RunMemory();
  readonly #lost = Promise.withResolvers<MarinadeError>();
  readonly #results: ResultStream;
  readonly #timer: NodeJS.Timeout;
  #stopping = false;
  #closed = false;

  constructor(options: BullmqDispatcherOptions) {
    const { keys } = options;
    this.#options = options;
    this.outstanding = options.outstanding;
    this.#client = new Redis(options.failFast);
    this.#owner = new QueueOwner(this.#client, keys.owner, (reason) => this.#leaveQueue(reason), options.ownerLifeMs);
    this.#queue = new Queue(keys.name, {
      connection: options.failFast,
      prefix: keys.prefix,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true, attempts: 1 },
    });
    // Connection errors are expected; commands fail or wait as their role says.
    for (const source of [this.#client, this.#queue]) source.on('error', () => {});
    this.#results = new ResultStream({
      waiting: options.waiting,
      key: keys.results,
      hear: (message) => this.#hear(message),
      onWarning: options.onWarning,
    });
    this.#timer = setInterval(() => void this.reconcile().catch(() => {}), options.reconcileEveryMs ?? RECONCILE_EVERY_MS);
    this.#timer.unref();
  }

  /** Takes the queue for this orchestrator. @throws MARINADE_EXECUTION_QUEUE_OWNED when another has it */
  async claim(): Promise<void> {
    if (this.#client.status !== 'ready') await new Promise((resolve) => this.#client.once('ready', resolve));
    await this.#owner.claim(this.#options.onWarning);
    await this.#client.set(this.#options.keys.speaks, spoken);
  }

  /** Resolves when another orchestrator turns out to have taken the queue. */
  get lost(): Promise<MarinadeError> {
    return this.#lost.promise;
  }

  dispatch(job: RoundJob, { isolated }: { readonly isolated: boolean }): Promise<RoundJobResult> {
    const key = waitingFor(job.runKey, job.epoch, job.fromRound);
    const early = this.#memory.takeEarly(key);
    this.#memory.began(job.runKey);
    if (early !== undefined) return Promise.resolve(early);
    if (this.#stopping) return Promise.reject(interrupted());
    return new Promise((resolve, reject) => {
      const pending: Pending = { job, isolated, delivery: 0, added: false, resolve, reject };
      this.#pending.set(key, pending);
      void this.#add(key, pending);
    });
  }

  recall(runKey: string): void {
    if (this.#closed) return;
    for (const [key, pending] of this.#pending) {
      if (pending.job.runKey !== runKey) continue;
      this.#settle(key, () => pending.reject(interrupted()));
      void this.#queue.remove(jobIdOf(pending.job, pending.delivery)).catch(() => {});
      void this.#client.publish(this.#options.keys.control, JSON.stringify({ kind: 'stop-run', runKey })).catch(() => {});
    }
    this.#forget(runKey);
  }

  /** Waiting jobs are taken back; workers end those under way at their next round. */
  requestStop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    void this.#takeBack().catch(() => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#interruptAll();
    await this.#results.close();
    await this.#owner.release().catch(() => {});
    await Promise.race([this.#queue.close(), new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
    this.#client.disconnect();
  }

  /** Sends everything pending again: for a Redis whose content is in doubt. Returns how many jobs that are. */
  rebuild(): number {
    this.#memory.doubt();
    for (const [key, pending] of this.#pending) this.#addAgain(key, pending);
    return this.#pending.size;
  }

  /** Workers that have said within the life of a lock that they live. */
  workers(): Promise<WorkerInfo[]> {
    return livingWorkers(this.#client, this.#options.keys);
  }

  /** Whether the queue can be reached now. */
  get reachable(): boolean {
    return this.#client.status === 'ready';
  }

  /** Adds again what is pending here and unknown to the queue; counts the threads that want jobs. */
  async reconcile(): Promise<void> {
    const threads = (await this.workers()).reduce((sum, worker) => sum + worker.threads, 0);
    this.outstanding = Math.max(this.#options.outstanding, 2 * threads);
    for (const [key, pending] of this.#pending) {
      if (!pending.added) continue;
      const { job, delivery } = pending;
      const state = await this.#queue.getJobState(jobIdOf(job, delivery));
      if (!['unknown', 'completed', 'failed'].includes(state)) continue;
      // Before a job leaves the queue its result is in the stream, where it may wait to be heard.
      await this.#results.caughtUp();
      if (this.#pending.get(key) !== pending || pending.delivery !== delivery) continue;
      const about = { run: job.runKey, round: job.fromRound, attempt: delivery };
      this.#options.onWarning(`a job of run ${job.runKey.slice(0, 12)} was no longer in the queue (${state}); it is added again`, about);
      this.#addAgain(key, pending);
    }
  }

  #addAgain(key: string, pending: Pending): void {
    pending.delivery++;
    pending.added = false;
    void this.#add(key, pending);
  }

  /** Puts what lies beside the job in place, then the job; waits for a connection as long as it takes. */
  async #add(key: string, pending: Pending): Promise<void> {
    const { keys, onWarning } = this.#options;
    const { job, isolated } = pending;
    const { data, beside } = toQueued(job, isolated);
    for (let warned = false; this.#pending.get(key) === pending && !this.#closed; ) {
      try {
        if (!(await this.#owner.isHeld())) return;
        const isThere = this.#memory.checkpointOf(job.runKey)?.round === job.fromRound;
        const fields = besideFields(job.fromRound, isThere ? { ...beside, checkpoint: undefined } : beside);
        if (fields.length > 0) await this.#client.hset(keys.beside(job.runKey), ...fields);
        await this.#queue.add('rounds', data, { jobId: jobIdOf(job, pending.delivery) });
        pending.added = true;
        return;
      } catch (thrown) {
        if (!warned) onWarning(`the queue does not take jobs (${thrown instanceof Error ? thrown.message : String(thrown)}); trying again`);
        warned = true;
        await new Promise((resolve) => setTimeout(resolve, RETRY_ADD_MS));
      }
    }
  }

  /** Throws when Redis cannot be asked; what is wrong with a message is said, and the job is sent again. */
  async #hear(message: StreamMessage): Promise<void> {
    const text = (name: string): string => message.get(name)?.toString('utf8') ?? '';
    const runKey = text('run');
    const key = waitingFor(runKey, Number(text('epoch')), Number(text('from')));
    const pending = this.#pending.get(key);
    const checkpoint = text('kind') === 'result' ? await this.#checkpointOf(message, runKey) : null;
    try {
      if (text('kind') === 'result') this.#hearResult(key, this.#pending.get(key), resultOf(message, checkpoint, runKey));
      else if (pending === undefined || jobIdOf(pending.job, pending.delivery) !== text('job')) return;
      else if (text('kind') === 'failure') this.#hearFailure(key, pending, plainFailureOf(text('failure')), text('worker'));
      else if (text('kind') === 'declined') this.#hearDeclined(key, pending, text('why'), text('worker'));
      // Whether its worker lives takes time to see: others are heard meanwhile.
      else if (text('kind') === 'redelivered') this.#onRedelivery(key, pending, text('previous'));
    } catch (thrown) {
      this.#options.onWarning(
        `a message about run ${runKey.slice(0, 12)} was refused: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
        { run: runKey, worker: text('worker') },
      );
      this.#memory.doubt(runKey);
      if (pending !== undefined && this.#pending.get(key) === pending) this.#addAgain(key, pending);
    }
  }

  #hearResult(key: string, pending: Pending | undefined, result: RoundJobResult): void {
    const { runKey, toRound, outcome } = result;
    const checksum = Buffer.from(result.checkpoint.subarray(-32)).toString('hex');
    if (pending === undefined) {
      const newest = this.#memory.checkpointOf(runKey);
      if (newest?.round === toRound && newest.checksum !== checksum) {
        this.#options.onWarning(
          `ALARM: two executions of run ${runKey.slice(0, 12)} disagree at round ${toRound}: a machine computes wrong, or a result is forged`,
          { run: runKey, round: toRound, alarm: true },
        );
      }
      this.#keepEarly(key, result);
      return;
    }
    const { fromRound, rounds } = pending.job;
    if (waitingFor(runKey, result.epoch, result.fromRound) !== key || toRound < fromRound || toRound > Math.max(0, fromRound) + rounds)
      throw new MarinadeError('MARINADE_PROTOCOL_MALFORMED', 'a result is of other rounds than its message says, or than were asked for');
    if (outcome === null) this.#memory.keepCheckpoint(runKey, { round: toRound, checksum });
    else this.#forget(runKey);
    this.#settle(key, () => pending.resolve(result));
  }

  #hearFailure(key: string, pending: Pending, failure: PlainFailure, worker: string): void {
    if (failure.code === 'MARINADE_PROTOCOL_LOST') {
      this.#memory.doubt(pending.job.runKey);
      this.#addAgain(key, pending);
    } else this.#settle(key, () => pending.reject(fromPlain(failure, { worker })));
  }

  /** Another worker may be the right one; the one that declined stands back for a while. */
  #hearDeclined(key: string, pending: Pending, why: string, worker: string): void {
    if (this.#memory.isFirstRefusalOf(worker))
      this.#options.onWarning(`worker ${worker} declines jobs: ${why}`, { worker, run: pending.job.runKey });
    this.#addAgain(key, pending);
  }

  /** A worker leaves the checkpoint beside the run, where the next worker finds it; a short one came with the result. */
  async #checkpointOf(message: StreamMessage, runKey: string): Promise<Buffer | null> {
    const field = besideField('checkpoint', message.get('to')?.toString('utf8') ?? '');
    return message.get('checkpoint') ?? (await this.#client.hgetBuffer(this.#options.keys.beside(runKey), field));
  }

  /** Nothing lies beside a run that ended. */
  #forget(runKey: string): void {
    this.#memory.ended(runKey);
    void this.#client.del(this.#options.keys.beside(runKey)).catch(() => {});
  }

  /** The worker that began the job is gone, or it lives and lost its lock. */
  #onRedelivery(key: string, pending: Pending, previous: string): void {
    const { delivery } = pending;
    // Not the reconciler's business until it is clear.
    pending.added = false;
    const judge = async (): Promise<void> => {
      const lives = previous !== '' && (await isAlive(this.#client, this.#options.keys, previous));
      // Its result may have arrived while we looked.
      if (this.#pending.get(key) !== pending || pending.delivery !== delivery) return;
      if (lives) return this.#addAgain(key, pending);
      const who = previous === '' ? 'a worker' : `worker ${previous}`;
      const lost = `${who} ended while it carried out a round job`;
      this.#settle(key, () =>
        pending.reject(new MarinadeError('MARINADE_EXECUTION_WORKER_LOST', lost, { worker: previous, witnessed: false })),
      );
    };
    judge().catch(() => this.#addAgain(key, pending));
  }

  #settle(key: string, settle: () => void): void {
    this.#pending.delete(key);
    settle();
  }

  /** A run dispatched here has no use for results nobody waits for: they are late, not early. */
  #keepEarly(key: string, result: RoundJobResult): void {
    const state = this.#memory.stateOf(result.runKey);
    if (state === 'unknown') this.#memory.keepEarly(key, result);
    // What a late one left beside a run that ended goes too.
    else if (state === 'ended') this.#forget(result.runKey);
  }

  /** The queue is another's: nothing of it is touched any more, and what was dispatched comes back undone. */
  #leaveQueue(reason: MarinadeError): void {
    this.#stopping = true;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#options.onWarning(reason.text);
    this.#lost.resolve(reason);
    this.#interruptAll();
    void this.#results.close();
  }

  /** Until nothing is pending, or nobody can be waited for any longer. */
  async #takeBack(): Promise<void> {
    const deadline = performance.now() + TAKE_BACK_MS;
    while (this.#pending.size > 0 && !this.#closed && performance.now() < deadline) {
      await this.#client.publish(this.#options.keys.control, JSON.stringify({ kind: 'stop-jobs' })).catch(() => {});
      for (const [key, pending] of this.#pending) {
        const removed = !pending.added || (await this.#queue.remove(jobIdOf(pending.job, pending.delivery)).catch(() => 0)) === 1;
        if (removed) this.#settle(key, () => pending.reject(interrupted()));
      }
      if (this.#pending.size > 0) await new Promise((resolve) => setTimeout(resolve, RETRY_ADD_MS));
    }
    // Redis does not answer, or a worker died over its job: the job is sent again by whoever comes next.
    this.#interruptAll();
  }

  #interruptAll(): void {
    for (const [key, pending] of this.#pending) this.#settle(key, () => pending.reject(interrupted()));
  }
}

function interrupted(): MarinadeError {
  return new MarinadeError('MARINADE_EXECUTION_INTERRUPTED', 'the orchestrator stops; the job is dispatched again when it comes back');
}
