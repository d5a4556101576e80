/**
 * One orchestrator per queue: a key that lives as long as its holder renews it. The ledger's lock already keeps two
 * orchestrators off one results folder; this one keeps two folders off one queue, where they would take each other's
 * results. It guards against mistakes, not malice: what counts is still decided by the ledger.
 *
 *   free --claim--> held --renewed, or expired and taken by nobody--> held
 *                    '-- another's value under the key --> lost, for good: whoever stood still too long does not go on
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { MarinadeError } from '../../shared/errors.ts';

/** How long a queue belongs to an orchestrator that says nothing. */
const LIFE_MS = 15_000;

/** Takes the key ARGV[1] for ARGV[2] ms, or renews it, unless another holds it. Returns who holds it now. */
const HOLD = `local holder = redis.call('get', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`;

/** Gives the key up if ARGV[1] still holds it. */
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0`;

interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}

function holderOf(text: string): Holder {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return { host: 'an unknown host', pid: Number.NaN, since: 'an unknown time' };
  }
}

function nameOf({ host, pid, since }: Holder): string {
  return `process ${pid} on ${host} (since ${since})`;
}

/** Whether a process of this machine is gone for sure. */
function isGone({ host, pid }: Holder): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

export class QueueOwner {
  readonly #client: Redis;
  readonly #key: string;
  readonly #lifeMs: number;
  readonly #onLost: (reason: MarinadeError) => void;
  readonly #value = JSON.stringify({ host: hostname(), pid: process.pid, since: new Date().toISOString(), id: randomUUID() });
  #state: 'free' | 'held' | 'lost' = 'free';
  /** When the newest renewal that succeeded was asked for: the key lives at least `lifeMs` from then. */
  #renewedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onLost is called once, when another turns out to hold the queue that was held here */
  constructor(client: Redis, key: string, onLost: (reason: MarinadeError) => void, lifeMs = LIFE_MS) {
    this.#client = client;
    this.#key = key;
    this.#onLost = onLost;
    this.#lifeMs = lifeMs;
  }

  /** Takes the queue; waits for a holder that may have died without saying so. @throws MARINADE_EXECUTION_QUEUE_OWNED */
  async claim(onWaiting: (message: string) => void): Promise<void> {
    const deadline = performance.now() + 1.2 * this.#lifeMs;
    for (let told = false; ; ) {
      const text = await this.#hold();
      if (text === this.#value) break;
      const holder = holderOf(text);
      if (isGone(holder)) {
        await this.#release(text);
        continue;
      }
      // Of the same process id it may be the one before this one in its container: only time tells.
      const isNeighbour = holder.host === hostname() && holder.pid !== process.pid;
      if (performance.now() > deadline || isNeighbour) throw owned(`this queue belongs to ${nameOf(holder)}`);
      if (!told) onWaiting(`the queue belonged to ${nameOf(holder)}; waiting whether it still lives`);
      told = true;
      await pause(Math.min(1000, this.#lifeMs / 3));
    }
    this.#state = 'held';
    this.#timer = setInterval(() => void this.#renew().catch(() => {}), this.#lifeMs / 3);
    this.#timer.unref();
  }

  /** Whether nobody else took the queue; asks Redis when the last answer is so old that somebody may have. */
  async isHeld(): Promise<boolean> {
    if (this.#state === 'held' && performance.now() - this.#renewedAt > this.#lifeMs) await this.#renew();
    return this.#state !== 'lost';
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#state !== 'held') return;
    this.#state = 'free';
    await this.#release(this.#value);
  }

  async #renew(): Promise<void> {
    const text = await this.#hold();
    if (text === this.#value || this.#state !== 'held') return;
    this.#state = 'lost';
    clearInterval(this.#timer);
    this.#onLost(owned(`this process stood still or was cut off for too long, and its queue was taken by ${nameOf(holderOf(text))}`));
  }

  async #hold(): Promise<string> {
    const askedAt = performance.now();
    const text = String(await this.#client.eval(HOLD, 1, this.#key, this.#value, this.#lifeMs));
    if (text === this.#value) this.#renewedAt = askedAt;
    return text;
  }

  async #release(value: string): Promise<void> {
    await this.#client.eval(RELEASE, 1, this.#key, value);
  }
}

function owned(what: string): MarinadeError {
  return new MarinadeError('MARINADE_EXECUTION_QUEUE_OWNED', `${what}; choose another name with --queue, or stop one of the two`);
}
