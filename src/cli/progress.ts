/** Progress on standard error: one status line on a terminal, a line every 30 s otherwise. Control characters of a terminal only where there is one. */

import type { Progress } from '../orchestrator/run-study.ts';
import { printable } from '../shared/printable.ts';
import { paint } from './output.ts';

const LINE_EVERY_MS = 30_000;
const REDRAW_EVERY_MS = 100;

/** What of a study's progress is shown. */
export type ShownProgress = Pick<Progress, 'total' | 'finished' | 'failed' | 'roundsDone' | 'roundsLeft'>;

export interface ProgressLine {
  /** The computation begins: rounds per second count from here. */
  start(): void;
  update(progress: ShownProgress): void;
  /** Prints a line of its own without breaking the status line; not when quiet. */
  note(text: string): void;
  /** The same for what must be told even when quiet. */
  warn(text: string): void;
  end(): void;
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Runs done, rounds per second, time left. */
export function progressText(progress: ShownProgress, elapsedMs: number): string {
  const failed = progress.failed > 0 ? `, ${progress.failed} failed` : '';
  const runs = `${progress.finished}/${progress.total} runs${failed}`;
  if (progress.roundsDone === 0) return runs;
  const rate = (1000 * progress.roundsDone) / Math.max(elapsedMs, 1);
  const left = progress.roundsLeft === 0 ? 'done' : `${duration(progress.roundsLeft / rate)} left`;
  return `${runs} · ${Math.round(rate).toLocaleString('en-US')} rounds/s · ${left}`;
}

export function createProgressLine(stream: NodeJS.WriteStream, quiet: boolean): ProgressLine {
  const terminal = stream.isTTY && process.env['TERM'] !== 'dumb';
  let started = performance.now();
  let last = terminal ? Number.NEGATIVE_INFINITY : performance.now();
  let shown = '';
  const clear = (): void => {
    if (shown !== '') stream.write('\r\u001b[K');
    shown = '';
  };
  const draw = (progress: ShownProgress, now: number): void => {
    const text = progressText(progress, now - started);
    if (!terminal) stream.write(`${text}\n`);
    else {
      clear();
      shown = text.slice(0, Math.max(20, (stream.columns || 80) - 1));
      stream.write(paint('cyan', shown));
    }
    last = now;
  };
  const tell = (text: string): void => {
    clear();
    stream.write(`${printable(text)}\n`);
  };
  return {
    start() {
      started = performance.now();
    },
    update(progress) {
      const now = performance.now();
      if (!quiet && now - last >= (terminal ? REDRAW_EVERY_MS : LINE_EVERY_MS)) draw(progress, now);
    },
    note: (text) => {
      if (!quiet) tell(text);
    },
    warn: tell,
    end: clear,
  };
}
