/** Reads data files, plain or gzip, with the size of their content bounded before it is allocated. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { malformed, tooLarge } from '../../algorithm/data/malformed.ts';
import { MarinadeError } from '../../shared/errors.ts';

/** Largest content of an unregistered file. */
export const MAX_CONTENT = 2 ** 31 - 1;
/**
 * What a packed file of unknown size may grow to: text packs 10 to 30 times smaller, a bomb 1,000 times. Above this
 * ratio content of more than SMALL bytes must be unpacked by hand.
 */
const MAX_RATIO = 200;
const SMALL = 2 ** 26;

/** The content of a file, unpacked where it is gzip. @throws data errors with the file's name */
export function readContent(path: string, maxBytes: number): Uint8Array {
  let raw: Buffer;
  try {
    const stat = statSync(path);
    // A pipe or a device could be read for ever.
    if (!stat.isFile()) malformed(path, 0, 'not a regular file');
    if (stat.size > maxBytes) exceeds(path, maxBytes);
    raw = readFileSync(path);
  } catch (cause) {
    if (cause instanceof MarinadeError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new MarinadeError('MARINADE_DATA_MISSING', `${path}: no such file`, { file: path }, cause);
    return malformed(path, 0, `cannot be read: ${code ?? String(cause)}`);
  }
  return unpack(raw, path, maxBytes);
}

/** Content as it is, or what a gzip archive holds. */
export function unpack(raw: Uint8Array, path: string, maxBytes: number): Uint8Array {
  const packed = raw.length > 2 && raw[0] === 0x1f && raw[1] === 0x8b;
  if (!packed) return raw;
  const limit = Math.min(maxBytes, Math.max(SMALL, MAX_RATIO * raw.length));
  // The archive's own word on its size is a hint that spares copying, no more.
  const said = new DataView(raw.buffer, raw.byteOffset, raw.byteLength).getUint32(raw.length - 4, true);
  try {
    return gunzipSync(raw, { maxOutputLength: limit, chunkSize: Math.max(1024, Math.min(limit, said) + 1) });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') return exceeds(path, limit);
    const at = code === 'Z_BUF_ERROR' ? raw.length : damagedByte(raw, limit);
    return malformed(path, at, `the gzip archive is damaged here: ${message}`);
  }
}

/** Where unpacking fails: the length of the longest prefix that is merely incomplete. */
function damagedByte(raw: Uint8Array, limit: number): number {
  let incomplete = 0;
  let damaged = raw.length;
  while (damaged - incomplete > 1) {
    const middle = (incomplete + damaged) >>> 1;
    try {
      gunzipSync(raw.subarray(0, middle), { maxOutputLength: limit });
      incomplete = middle;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'Z_BUF_ERROR') incomplete = middle;
      else damaged = middle;
    }
  }
  return incomplete;
}

function exceeds(path: string, limit: number): never {
  return tooLarge(path, limit, `the content exceeds the limit of ${limit} bytes; if it is what it should be, unpack or split the file`);
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
    { file: path, actual, accepted },
  );
}
