/** Reads data files, plain or gzip, with the size of their content bounded before it is allocated. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { MarinadeError } from '../../shared/errors.ts';

/** Largest content of an unregistered file. */
export const MAX_CONTENT = 2 ** 31;

/** The content of a file, unpacked where it is gzip. @throws data errors with the file's name */
export function readContent(path: string, maxBytes: number): Uint8Array {
  let raw: Buffer;
  try {
    raw = readFileSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new MarinadeError('MARINADE_DATA_MISSING', `${path}: no such file`, { file: path }, cause);
    throw new MarinadeError(
      'MARINADE_DATA_MALFORMED',
      `${path}: byte 0: cannot be read: ${code ?? String(cause)}`,
      { file: path, offset: 0 },
      cause,
    );
  }
  const packed = raw.length > 2 && raw[0] === 0x1f && raw[1] === 0x8b;
  if (!packed) {
    if (raw.length > maxBytes) throw tooLarge(path, maxBytes);
    return raw;
  }
  try {
    return gunzipSync(raw, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(path, maxBytes);
    throw new MarinadeError(
      'MARINADE_DATA_MALFORMED',
      `${path}: byte ${raw.length}: the gzip archive is damaged: ${cause instanceof Error ? cause.message : String(cause)}`,
      { file: path, offset: raw.length },
      cause,
    );
  }
}

function tooLarge(path: string, maxBytes: number): MarinadeError {
  return new MarinadeError('MARINADE_DATA_TOO_LARGE', `${path}: byte ${maxBytes}: the content exceeds the limit of ${maxBytes} bytes`, {
    file: path,
    offset: maxBytes,
    maxBytes,
  });
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @throws MARINADE_DATA_CHECKSUM */
export function requireChecksum(path: string, actual: string, accepted: readonly string[]): void {
  if (accepted.includes(actual)) return;
  throw new MarinadeError(
    'MARINADE_DATA_CHECKSUM',
    `${path}: its content has sha256 ${actual}; expected ${accepted.join(' or ')}. Remove it and get the registered file`,
    {
      file: path,
      actual,
      accepted,
    },
  );
}
