/**
 * The log of a service, on standard error: lines for people on a terminal, else a JSON object a line, for programs.
 *
 * Lines are written at once, so that the last one before a death is there. A password in a URL is masked in either form;
 * the token in a link is for a person at a terminal and is masked in JSON, as logs are kept and passed on.
 */
import { hostname } from 'node:os';
import { pino } from 'pino';
import type { LogFields, Tell } from '../shared/log.ts';
import { printable } from '../shared/printable.ts';

export interface Log {
  readonly note: Tell;
  readonly warn: Tell;
  /** Fields of every line from now on. */
  bind(fields: LogFields): void;
}

const withoutPasswords = (text: string): string => text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]+@/gi, '$1:***@');
const withoutTokens = (text: string): string => text.replace(/#token=[^\s"']+/g, '#token=***');

/** Opens the log of a service; `mark` leads its lines on a terminal. */
export function openLog(service: string, mark = '', stream: NodeJS.WriteStream = process.stderr): Log {
  if (stream.isTTY) {
    const tell: Tell = (text) => void stream.write(`${mark}${printable(withoutPasswords(text))}\n`);
    return { note: tell, warn: tell, bind: () => {} };
  }
  const logger = pino(
    {
      base: { service, host: hostname(), pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    stream,
  );
  const masked = (text: string): string => withoutTokens(withoutPasswords(text));
  return {
    note: (text, about = {}) => logger.info(about, masked(text)),
    warn: (text, { alarm, ...about } = {}) => (alarm === true ? logger.error(about, masked(text)) : logger.warn(about, masked(text))),
    bind: (fields) => logger.setBindings(fields),
  };
}
