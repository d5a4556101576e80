/** Where text goes: results to standard output, all else to standard error. Colour only where it can be seen and is wanted. */
import { styleText } from 'node:util';
import { jsonText } from '../shared/json.ts';
import { printable } from '../shared/printable.ts';

type Format = Parameters<typeof styleText>[0];

/** A result for people or for other programs. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The one object of `--json`; non-finite numbers are strings. */
export function printJson(value: object): void {
  print(jsonText(value));
}

/** Anything that is not a result: text of studies and files loses its control characters, the mark before it keeps its colour. */
export function say(text: string, mark = ''): void {
  process.stderr.write(`${mark}${printable(text)}\n`);
}

/** "1 run", "2 runs". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** Text in a colour on a terminal; NO_COLOR, TERM=dumb and `--no-color` are honoured. */
export function paint(format: Format, text: string, stream: NodeJS.WriteStream = process.stderr): string {
  return styleText(format, text, { stream });
}

/** Turns colour off for good: what `--no-color` asks for. */
export function withoutColor(): void {
  delete process.env['FORCE_COLOR'];
  process.env['NO_COLOR'] = '1';
}

/**
 * A reader that goes away (`| head`) is no failure: the work goes on and its exit code stands. Any other failure to
 * write output (a full disk behind `>`) is told and counts.
 */
export function guardStandardStreams(onFailure: (message: string) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code !== 'EPIPE' && code !== 'ERR_STREAM_DESTROYED') onFailure(`the output cannot be written: ${code ?? message}`);
    });
  }
}
