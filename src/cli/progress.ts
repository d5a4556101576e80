/** Progress on standard error: one status line on a terminal, a line every 30 s otherwise. Control characters of a terminal only where there is one. */
import type { Progress } from '../orchestrator/run-study.ts';

const LINE_EVERY_MS = 30_000;
const REDRAW_EVERY_MS = 100;

export interface ProgressLine {
  update(progress: Progress): void;
  /** Prints a line of its own without breaking the status line. */
  note(text: string): void;
  end(): void;
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** Runs done, rounds per second, time left. */
export function progressText(progress: Progress, elapsedMs: number): string {
  const rate = (1000 * progress.roundsDone) / Math.max(elapsedMs, 1);
  const left = progress.roundsDone > 0 ? duration(progress.roundsLeft / rate) : '?';
  const failed = progress.failed > 0 ? `, ${progress.failed} failed` : '';
  return `${progress.finished}/${progress.total} runs${failed} · ${Math.round(rate).toLocaleString('en-US')} rounds/s · ${progress.roundsLeft === 0 ? 'done' : `${left} left`}`;
}

export function createProgressLine(stream: NodeJS.WriteStream, quiet: boolean): ProgressLine {
  if (quiet) return { update: () => {}, note: () => {}, end: () => {} };
  const started = performance.now();
  const terminal = stream.isTTY && process.env['TERM'] !== 'dumb';
  let shown = '';
  let last = terminal ? Number.NEGATIVE_INFINITY : started;
  const clear = (): void => {
    if (terminal && shown !== '') stream.write('\r\u001b[K');
    shown = '';
  };
  const draw = (progress: Progress): void => {
    const text = progressText(progress, performance.now() - started);
    if (!terminal) stream.write(`${text}\n`);
    else {
      clear();
      shown = text.slice(0, Math.max(20, (stream.columns ?? 80) - 1));
      stream.write(shown);
    }
    last = performance.now();
  };
  return {
    update(progress) {
      if (performance.now() - last >= (terminal ? REDRAW_EVERY_MS : LINE_EVERY_MS)) draw(progress);
    },
    note(text) {
      clear();
      stream.write(`${text}\n`);
    },
    end: clear,
  };
}
