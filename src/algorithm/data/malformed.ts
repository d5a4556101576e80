/** Errors of parsers: every one names the file and the byte it stopped at. */
import { MarinadeError } from '../../shared/errors.ts';

export function malformed(file: string, offset: number, what: string, line?: number): never {
  const where = line === undefined ? `byte ${offset}` : `line ${line}, byte ${offset}`;
  throw new MarinadeError('MARINADE_DATA_MALFORMED', `${file}: ${where}: ${what}`, {
    file,
    offset,
    ...(line === undefined ? {} : { line }),
  });
}
