/**
 * One download at a time per file, however many processes want it: an exclusive transaction on a lock file, which the
 * system gives back when its holder dies. The lock saves traffic and nothing else: content is checked whoever brings it.
 */
import { accessSync, constants, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../../shared/make-folder.ts';

const POLL_MS = 100;
const BUSY = 5;

/** Does the work while no other process does work under this path. @throws what making the file throws, and the signal's reason */
export async function alone<T>(path: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  makeFolder(dirname(path));
  accessSync(dirname(path), constants.W_OK);
  for (;;) {
    const lock = taken(path);
    if (lock !== undefined) {
      try {
        return await work();
      } finally {
        // Removed before it is let go: whoever waits for this file finds it free, whoever comes later makes a new one.
        rmSync(path, { force: true });
        lock.close();
      }
    }
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS * (0.5 + Math.random())));
  }
}

function taken(path: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(path);
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    return lock;
  } catch (thrown) {
    lock.close();
    if ((thrown as { errcode?: number }).errcode === BUSY) return undefined;
    throw thrown;
  }
}
