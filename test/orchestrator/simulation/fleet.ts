/**
 * Redis and the workers behind it: jobs that are taken, begun twice, lost and computed by workers that die, stand still
 * past their locks and come back. A worker never computes a job that was begun before; it says so, as the real one does.
 */
import type { ErrorCode, PlainFailure } from '../../../src/shared/errors.ts';
import type { RoundJob, RoundJobResult } from '../../../src/shared/messages/round-job.ts';
import { computed, type SimulatedRun } from './runs.ts';

export const LOCK_MS = 1000;

export interface QueuedJob {
  readonly id: string;
  /** Which result is waited for: run, epoch, first round. */
  readonly key: string;
  readonly job: RoundJob;
  readonly isolated: boolean;
  begun: number;
  holder: SimulatedWorker | null;
  /** By the clock of Redis. */
  lockedUntil: number;
}

export type Message = { readonly key: string; readonly id: string } & (
  | { readonly kind: 'result'; readonly result: RoundJobResult }
  | { readonly kind: 'failure'; readonly failure: PlainFailure }
  | { readonly kind: 'redelivered'; readonly previous: SimulatedWorker | null }
);

interface Execution {
  readonly queued: QueuedJob;
  stage: 'computing' | 'computed' | 'sending';
  message: Message | undefined;
  /** By the worker's own steady clock. */
  lockedAt: number;
}

export interface SimulatedWorker {
  readonly name: string;
  readonly capacity: number;
  /** Of another version: it does not see the jobs. */
  readonly skewed: boolean;
  alive: boolean;
  stalled: boolean;
  running: Execution[];
}

export interface FleetEvents {
  count(what: string): void;
  say(what: () => string): void;
}

const plain = (code: ErrorCode, message: string, details: Record<string, unknown> = {}): PlainFailure => ({ code, message, details });

export class Fleet {
  readonly queue = new Map<string, QueuedJob>();
  /** On their way to the queue. */
  adds: { readonly queued: QueuedJob; arrive(): void }[] = [];
  /** The stream of results. */
  messages: Message[] = [];
  workers: SimulatedWorker[] = [];
  /** Who began a job. */
  readonly #claims = new Map<string, SimulatedWorker>();
  readonly #runs: ReadonlyMap<string, SimulatedRun>;
  readonly #below: (m: number) => number;
  readonly #events: FleetEvents;
  /** Milliseconds of everybody's steady clock, and what Redis's clock is ahead of it. */
  now = 0;
  ahead = 0;
  /** Troubles left of the troubled runs. */
  readonly troubles = new Map<string, number>();
  #named = 0;

  constructor(runs: ReadonlyMap<string, SimulatedRun>, below: (m: number) => number, events: FleetEvents) {
    this.#runs = runs;
    this.#below = below;
    this.#events = events;
  }

  join(skewed = false): void {
    const capacity = 1 + this.#below(2);
    this.workers.push({ name: `w${this.#named++}`, capacity, skewed, alive: true, stalled: false, running: [] });
  }

  /** Jobs that wait and have not been begun. */
  get waiting(): QueuedJob[] {
    return [...this.queue.values()].filter(({ holder }) => holder === null);
  }

  /** A free worker takes any job that waits. */
  take(): boolean {
    const free = this.workers.filter(({ stalled, skewed, running, capacity }) => !stalled && !skewed && running.length < capacity);
    const { waiting } = this;
    if (free.length === 0 || waiting.length === 0) return false;
    const worker = free[this.#below(free.length)]!;
    const queued = waiting[this.#below(waiting.length)]!;
    queued.begun++;
    if (queued.begun > 1) {
      this.#events.count('job delivered again');
      this.queue.delete(queued.id);
      this.messages.push({ kind: 'redelivered', key: queued.key, id: queued.id, previous: this.#claims.get(queued.id) ?? null });
      this.#claims.delete(queued.id);
    } else {
      queued.holder = worker;
      queued.lockedUntil = this.now + this.ahead + LOCK_MS;
      this.#claims.set(queued.id, worker);
      worker.running.push({ queued, stage: 'computing', message: undefined, lockedAt: this.now });
    }
    this.#events.say(() => `${worker.name} takes ${queued.id}${queued.begun > 1 ? ', begun before' : ''}`);
    return true;
  }

  /** Some execution gets one stage further. */
  proceed(trouble: boolean): boolean {
    const able = this.workers.filter(({ stalled, running }) => !stalled && running.length > 0);
    if (able.length === 0) return false;
    const worker = able[this.#below(able.length)]!;
    const execution = worker.running[this.#below(worker.running.length)]!;
    if (execution.stage === 'computing') this.#compute(worker, execution, trouble);
    else if (execution.stage === 'computed') this.#check(worker, execution);
    else this.#send(worker, execution);
    return true;
  }

  #compute(worker: SimulatedWorker, execution: Execution, trouble: boolean): void {
    const { queued } = execution;
    const { job, isolated, key, id } = queued;
    const run = this.#runs.get(job.runKey)!;
    const from = Math.max(0, job.fromRound);
    const short = job.budgetMs !== null && job.rounds > 0;
    const rounds = short ? 1 + this.#below(job.rounds) : job.rounds;
    const shows = from <= run.at && from + rounds >= run.at;
    const left = this.troubles.get(run.runKey) ?? 0;
    execution.stage = 'computed';
    if (trouble || (run.nature === 'troubled' && shows && left > 0)) {
      this.troubles.set(run.runKey, Math.max(0, left - 1));
      execution.message = { kind: 'failure', key, id, failure: plain('MARINADE_EXECUTION_QUEUE', 'trouble') };
    } else if (run.nature === 'failing' && shows) {
      execution.message = { kind: 'failure', key, id, failure: plain('MARINADE_EXECUTION_FAILED', 'thrown') };
    } else if (run.nature === 'poisonous' && shows) {
      this.#events.count(isolated ? 'poisonous run died alone' : 'poisonous run killed its worker');
      if (isolated)
        execution.message = { kind: 'failure', key, id, failure: plain('MARINADE_EXECUTION_WORKER_LOST', 'died', { witnessed: true }) };
      else this.die(worker);
    } else execution.message = { kind: 'result', key, id, result: computed(run, job, rounds) };
    this.#events.say(() => `${worker.name} computes ${id}: ${execution.message?.kind ?? 'and dies of it'}`);
  }

  /** A worker whose lock was not renewed in time sends nothing. It may stand still between this look and the sending. */
  #check(worker: SimulatedWorker, execution: Execution): void {
    if (this.now - execution.lockedAt <= LOCK_MS) {
      execution.stage = 'sending';
      return;
    }
    const { queued } = execution;
    worker.running.splice(worker.running.indexOf(execution), 1);
    if (this.queue.get(queued.id) === queued && queued.holder === worker) queued.holder = null;
    this.#events.count('execution given up by its own clock');
    this.#events.say(() => `${worker.name} gives ${queued.id} up`);
  }

  #send(worker: SimulatedWorker, execution: Execution): void {
    const { queued } = execution;
    worker.running.splice(worker.running.indexOf(execution), 1);
    this.messages.push(execution.message!);
    if (this.queue.get(queued.id) === queued && queued.holder === worker) this.queue.delete(queued.id);
    else this.#events.count('message of a worker that had lost the job');
    if (this.#claims.get(queued.id) === worker) this.#claims.delete(queued.id);
    this.#events.say(() => `${worker.name} sends ${execution.message!.kind} of ${queued.id}`);
  }

  die(worker: SimulatedWorker): void {
    worker.alive = false;
    worker.running = [];
    this.workers.splice(this.workers.indexOf(worker), 1);
    this.#events.say(() => `${worker.name} is gone`);
  }

  /** Jobs whose locks ran out wait again. */
  expire(): boolean {
    let expired = 0;
    for (const queued of this.queue.values()) {
      if (queued.holder === null || queued.lockedUntil >= this.now + this.ahead) continue;
      queued.holder = null;
      expired++;
    }
    if (expired > 0) this.#events.say(() => `${expired} locks ran out`);
    return expired > 0;
  }

  /** Time passes for everybody; workers that do not stand still renew their locks, first and in between. */
  pass(ms: number): void {
    this.now += ms;
    for (const { stalled, running, name } of this.workers) {
      if (stalled) continue;
      for (const execution of running) {
        execution.lockedAt = this.now;
        if (execution.queued.holder?.name === name) execution.queued.lockedUntil = this.now + this.ahead + LOCK_MS;
      }
    }
  }

  wipe(): void {
    this.queue.clear();
    this.#claims.clear();
    this.messages = [];
  }
}
