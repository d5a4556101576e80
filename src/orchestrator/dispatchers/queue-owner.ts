/**
 * One orchestrator per queue: a key that lives as long as its holder renews it. The ledger's lock already keeps two
 * orchestrators off one results folder; this one keeps two folders off one queue, where they would take each other's
 * results. It guards against mistakes, not malice: what counts is still decided by the ledger.
 */
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { MarinadeError } from '../../shared/errors.ts';

const LIFE_MS = 15_000;

interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly since: string;
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
  readonly #value = JSON.stringify({ host: hostname(), pid: process.pid, since: new Date().toISOString() } satisfies Holder);
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Redis, key: string) {
    this.#client = client;
    this.#key = key;
  }

  /** Takes the queue; waits for a holder that may have died without saying so. @throws MARINADE_EXECUTION_QUEUE */
  async claim(onWaiting: (message: string) => void): Promise<void> {
    const deadline = performance.now() + 1.2 * LIFE_MS;
    for (let told = false; ; ) {
      if ((await this.#client.set(this.#key, this.#value, 'PX', LIFE_MS, 'NX')) === 'OK') break;
      const text = await this.#client.get(this.#key);
      if (text === null) continue;
      const holder = JSON.parse(text) as Holder;
      if (isGone(holder)) {
        await this.#client.del(this.#key);
        continue;
      }
      const who = `process ${holder.pid} on ${holder.host} (since ${holder.since})`;
      if (performance.now() > deadline || holder.host === hostname()) {
        throw new MarinadeError('MARINADE_EXECUTION_QUEUE', `this queue belongs to ${who}; choose another name with --queue, or stop it`);
      }
      if (!told) onWaiting(`the queue belonged to ${who}; waiting whether it still lives`);
      told = true;
      await pause(1000);
    }
    this.#timer = setInterval(() => void this.#renew().catch(() => {}), LIFE_MS / 3);
    this.#timer.unref();
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    if ((await this.#client.get(this.#key)) === this.#value) await this.#client.del(this.#key);
  }

  /** A Redis that lost everything is claimed anew. */
  async #renew(): Promise<void> {
    const value = await this.#client.get(this.#key);
    if (value === this.#value) await this.#client.pexpire(this.#key, LIFE_MS);
    else if (value === null) await this.#client.set(this.#key, this.#value, 'PX', LIFE_MS, 'NX');
  }
}
