/**
 * The dispatcher of the queue, its protocol step by step as dispatchers/bullmq.ts has it: a job is pending until its
 * result or failure is heard; what the queue lost is added again; a second delivery is judged by who began the job.
 */
import type { Dispatcher } from '../../../src/shared/contracts/dispatcher.ts';
import { type ErrorCode, fromPlain, MarinadeError } from '../../../src/shared/errors.ts';
import type { RoundJob, RoundJobResult } from '../../../src/shared/messages/round-job.ts';
import type { Fleet, Message, SimulatedWorker } from './fleet.ts';

interface Pending {
  readonly key: string;
  readonly job: RoundJob;
  readonly isolated: boolean;
  delivery: number;
  added: boolean;
  resolve(result: RoundJobResult): void;
  reject(reason: unknown): void;
}

const refusal = (code: ErrorCode, message: string): MarinadeError => new MarinadeError(code, message);
const interrupted = (): MarinadeError => refusal('MARINADE_EXECUTION_INTERRUPTED', 'the orchestrator stops');

export class SimulatedDispatcher implements Dispatcher {
  outstanding: number;
  readonly pending = new Map<string, Pending>();
  readonly judgements: { readonly pending: Pending; readonly delivery: number; readonly previous: SimulatedWorker | null }[] = [];
  readonly #known = new Map<string, 'lives' | 'ended'>();
  readonly #early = new Map<string, RoundJobResult>();
  readonly #fleet: Fleet;
  readonly #onDispatch: (job: RoundJob, isolated: boolean) => void;
  stopping = false;

  constructor(fleet: Fleet, outstanding: number, onDispatch: (job: RoundJob, isolated: boolean) => void) {
    this.#fleet = fleet;
    this.outstanding = outstanding;
    this.#onDispatch = onDispatch;
  }

  /** Which result a job waits for. */
  keyOf({ runKey, epoch, fromRound }: Pick<RoundJob, 'runKey' | 'epoch' | 'fromRound'>): string {
    return `${runKey}/${epoch}/${fromRound}`;
  }

  dispatch(job: RoundJob, { isolated }: { readonly isolated: boolean }): Promise<RoundJobResult> {
    this.#onDispatch(job, isolated);
    const key = this.keyOf(job);
    this.#known.set(job.runKey, 'lives');
    const early = this.#early.get(key);
    if (early !== undefined) {
      this.#early.delete(key);
      return Promise.resolve(early);
    }
    if (this.stopping) return Promise.reject(interrupted());
    return new Promise((resolve, reject) => {
      const pending: Pending = { key, job, isolated, delivery: 0, added: false, resolve, reject };
      this.pending.set(key, pending);
      this.#add(pending);
    });
  }

  recall(runKey: string): void {
    for (const pending of this.pending.values()) {
      if (pending.job.runKey !== runKey) continue;
      this.#settle(pending, () => pending.reject(interrupted()));
      this.#remove(pending);
    }
    if (this.#known.has(runKey)) this.#known.set(runKey, 'ended');
  }

  requestStop(): void {
    this.stopping = true;
  }

  async close(): Promise<void> {}

  /** A stop takes back what waits; in the end (`all`) it waits for nobody. */
  takeBack(all: boolean): boolean {
    if (!this.stopping || this.pending.size === 0) return false;
    for (const pending of this.pending.values())
      if (all || !pending.added || this.#remove(pending)) this.#settle(pending, () => pending.reject(interrupted()));
    return true;
  }

  /** Adds again what is pending here and not in the queue. */
  reconcile(): boolean {
    let lost = 0;
    for (const pending of this.pending.values()) {
      if (!pending.added || this.#fleet.queue.has(this.#idOf(pending))) continue;
      this.#addAgain(pending);
      lost++;
    }
    return lost > 0;
  }

  hear(message: Message): void {
    const pending = this.pending.get(message.key);
    if (message.kind === 'result') {
      if (pending === undefined) this.#keepEarly(message.key, message.result);
      else this.#settle(pending, () => pending.resolve(message.result));
    } else if (pending === undefined || this.#idOf(pending) !== message.id) return;
    else if (message.kind === 'failure') this.#settle(pending, () => pending.reject(fromPlain(message.failure)));
    else {
      pending.added = false;
      this.judgements.push({ pending, delivery: pending.delivery, previous: message.previous });
    }
  }

  /** Whether the worker that began a job lives is clear by now. */
  judge(i: number): void {
    const [{ pending, delivery, previous }] = this.judgements.splice(i, 1) as [(typeof this.judgements)[number]];
    if (this.pending.get(pending.key) !== pending || pending.delivery !== delivery) return;
    if (previous?.alive && !previous.stalled) this.#addAgain(pending);
    else this.#settle(pending, () => pending.reject(refusal('MARINADE_EXECUTION_WORKER_LOST', 'a worker ended')));
  }

  #idOf({ key, delivery }: Pending): string {
    return `${key}/${delivery}`;
  }

  #addAgain(pending: Pending): void {
    pending.delivery++;
    pending.added = false;
    this.#add(pending);
  }

  #add(pending: Pending): void {
    const { job, isolated, key, delivery } = pending;
    this.#fleet.adds.push({
      queued: { id: this.#idOf(pending), key, job, isolated, begun: 0, holder: null, lockedUntil: 0 },
      arrive: () => {
        if (pending.delivery === delivery) pending.added = true;
      },
    });
  }

  /** True when nobody had begun it. */
  #remove(pending: Pending): boolean {
    const id = this.#idOf(pending);
    const queued = this.#fleet.queue.get(id);
    return queued !== undefined && queued.holder === null && this.#fleet.queue.delete(id);
  }

  #settle(pending: Pending, settle: () => void): void {
    this.pending.delete(pending.key);
    settle();
  }

  #keepEarly(key: string, result: RoundJobResult): void {
    if (!this.#known.has(result.runKey)) this.#early.set(key, result);
  }
}
