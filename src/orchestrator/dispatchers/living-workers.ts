/** Who lives: a worker writes its key anew several times within the life of a lock, and the key lives as long as a lock. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { WorkerInfo } from '../../shared/contracts/commands.ts';
import type { QueueKeys } from '../../shared/messages/queued-job.ts';

const LOOK_EVERY_MS = 250;

/** Workers that have said within the life of a lock that they live. */
export async function livingWorkers(client: Redis, keys: QueueKeys): Promise<WorkerInfo[]> {
  const ids = await client.smembers(keys.workers);
  if (ids.length === 0) return [];
  const answers = (await ids.reduce((calls, id) => calls.get(keys.worker(id)).pttl(keys.worker(id)), client.multi()).exec()) ?? [];
  const found: WorkerInfo[] = [];
  const gone: string[] = [];
  ids.forEach((id, i) => {
    const text = answers[2 * i]?.[1] as string | null;
    const info = text === null || text === undefined ? undefined : infoOf(text, Number(answers[2 * i + 1]?.[1] ?? 0));
    if (text === null || text === undefined) gone.push(id);
    else if (info !== undefined) found.push(info);
  });
  if (gone.length > 0) await client.srem(keys.workers, ...gone);
  return found;
}

/** What a worker says of itself; undefined where nobody can read it: it must not keep the others from being counted. */
function infoOf(text: string, leftMs: number): WorkerInfo | undefined {
  try {
    const { lifeMs, ...about } = JSON.parse(text) as Omit<WorkerInfo, 'silentSeconds'> & { lifeMs: number };
    if (!Number.isSafeInteger(about.threads) || !Number.isFinite(lifeMs)) return undefined;
    return { ...about, silentSeconds: Math.max(0, lifeMs - leftMs) / 1000 };
  } catch {
    return undefined;
  }
}

/**
 * Whether a worker whose lock expired lives: waits until it says so once more, or its key expires. A lock may expire
 * before the key does, so that the key alone says nothing.
 */
export async function isAlive(client: Redis, keys: QueueKeys, id: string): Promise<boolean> {
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    const left = await client.pttl(keys.worker(id));
    if (left <= 0) return false;
    if (left > before) return true;
    before = left;
    await pause(LOOK_EVERY_MS);
  }
}
