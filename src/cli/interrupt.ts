/**
 * Signals: the first SIGINT or SIGTERM asks for a clean stop (running jobs end at their next round, what they computed
 * is committed), the second ends the process at once.
 */
import { MarinadeError } from '../shared/errors.ts';

/** npm passes a terminal's Ctrl-C on to a process that has it already: signals closer than this are one. */
const echoMs = 200;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** 130 after SIGINT, 143 after SIGTERM, undefined while nothing came. */
  exitCode(): number | undefined;
  dispose(): void;
}

export function listenForInterrupt(onFirst: (signal: NodeJS.Signals) => void): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  let heardAt = Number.NEGATIVE_INFINITY;
  const listener = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    const isEcho = now - heardAt < echoMs;
    heardAt = now;
    if (isEcho) return;
    const status = signal === 'SIGINT' ? 130 : 143;
    if (code !== undefined) process.exit(status);
    code = status;
    onFirst(signal);
    controller.abort();
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return {
    signal: controller.signal,
    exitCode: () => code,
    dispose() {
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
    },
  };
}

/**
 * What the work comes to, or MARINADE_EXECUTION_INTERRUPTED as soon as the signal comes: work that nobody can stop is
 * left behind, to end with its thread or with the process.
 */
export async function unlessInterrupted<Value>(work: Promise<Value>, signal: AbortSignal, what: string): Promise<Value> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(new MarinadeError('MARINADE_EXECUTION_INTERRUPTED', `${what} was stopped`));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Resolves when the signal comes, at once if it has come. */
export function whenInterrupted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
