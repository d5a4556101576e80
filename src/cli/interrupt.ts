/**
 * Signals: the first SIGINT or SIGTERM asks for a clean stop (running jobs end at their next round, what they computed
 * is committed), the second ends the process at once.
 */

export interface Interrupt {
  readonly signal: AbortSignal;
  /** 130 after SIGINT, 143 after SIGTERM, undefined while nothing came. */
  exitCode(): number | undefined;
  dispose(): void;
}

export function listenForInterrupt(onFirst: (signal: NodeJS.Signals) => void): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  const listener = (signal: NodeJS.Signals): void => {
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
