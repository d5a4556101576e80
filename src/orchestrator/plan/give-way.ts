/** Long work on a thread that also serves others: between two of its steps whoever waits goes first. */

/** Longest time that others wait: short beside what a page, a lock or a lease allows. */
const MOST_MS = 30;

/** Returns what is to be awaited between two steps: nothing, unless others have waited for long. */
export function giveWay(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < MOST_MS) return undefined;
    return new Promise((resume) =>
      setImmediate(() => {
        since = performance.now();
        resume();
      }),
    );
  };
}
