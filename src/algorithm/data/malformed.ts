/** Errors of parsers: every one names the file and the byte it stopped at. */
import { type ErrorCode, MarinadeError } from '../../shared/errors.ts';

function refuse(code: ErrorCode, file: string, offset: number, what: string, line: number | undefined): never {
  const where = line === undefined ? `byte ${offset}` : `line ${line}, byte ${offset}`;
  throw new MarinadeError(code, `${file}: ${where}: ${what}`, { file, offset, ...(line === undefined ? {} : { line }) });
}

export function malformed(file: string, offset: number, what: string, line?: number): never {
  return refuse('MARINADE_DATA_MALFORMED', file, offset, what, line);
}

export function tooLarge(file: string, offset: number, what: string, line?: number): never {
  return refuse('MARINADE_DATA_TOO_LARGE', file, offset, what, line);
}
