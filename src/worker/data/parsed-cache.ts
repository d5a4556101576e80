/**
 * The parsed binary cache: what a data file holds, beside the hash of it and the stamp of the file it came from, so that
 * a warm start reads one file straight into place and parses nothing.
 *
 * An entry is used if it is whole (its own checksum), of this layout and of these very files; anything else is as good
 * as none, and is replaced when the files have been parsed again. Entries appear by renaming, so any number of processes
 * may read and write at once. An unwritable folder costs time, not the run.
 *
 * Layout: magic, version u32, header length u32, sha256 of all that follows, header JSON padded to 8 bytes, then
 * row starts, columns, values (or one per row) and labels, each padded to 8 bytes; little-endian.
 */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, readSync, readvSync, renameSync, rmSync, statSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import type { ParsedRows } from '../../algorithm/data/parsed-rows.ts';
import type { Arena } from '../../shared/contracts/memory.ts';
import { sha256Hex } from '../../shared/hash.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import { cacheFolder } from './locate.ts';

/** Raised by any change of this layout or of what the parsers produce. */
const VERSION = 2;
const MAGIC = 'MRNDDATA';
const PREFIX = 48;
const CHUNK = 1 << 18;
const ABANDONED_MS = 3_600_000;

/** Which files, and how they are read; `stamp` changes when one of them does. */
export interface CacheKey {
  readonly source: string;
  readonly stamp: string;
}

export interface CachedRows {
  readonly parsed: ParsedRows;
  readonly digest: string;
}

interface Header {
  readonly source: string;
  readonly stamp: string;
  readonly digest: string;
  readonly rows: number;
  readonly columns: number;
  readonly entries: number;
  /** One value per row. */
  readonly single: boolean;
}

function folder(): string {
  return join(cacheFolder(), 'parsed');
}

function pathOf({ source }: CacheKey): string {
  return join(folder(), `${sha256Hex(source)}.bin`);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** What was kept for these files, in arrays of the arena; undefined when there is nothing, or nothing intact. */
export function readParsed(key: CacheKey, arena: Arena): CachedRows | undefined {
  let fd: number;
  try {
    fd = openSync(pathOf(key), 'r');
  } catch {
    return undefined;
  }
  try {
    const header = verified(fd);
    if (header === undefined || header.source !== key.source || header.stamp !== key.stamp) return undefined;
    const parsed = readArrays(fd, header, arena);
    return parsed && { parsed, digest: header.digest };
  } finally {
    closeSync(fd);
  }
}

/** The header of an intact entry. Nothing is taken from an arena before the whole file has been checked. */
function verified(fd: number): (Header & { readonly at: number }) | undefined {
  try {
    const { size } = fstatSync(fd);
    const prefix = Buffer.alloc(PREFIX);
    if (readSync(fd, prefix, 0, PREFIX, 0) < PREFIX || prefix.toString('latin1', 0, 8) !== MAGIC) return undefined;
    if (prefix.readUInt32LE(8) !== VERSION) return undefined;
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size));
    for (let at = PREFIX; at < size; ) {
      const read = readSync(fd, chunk, 0, chunk.length, at);
      if (read === 0) return undefined;
      hash.update(chunk.subarray(0, read));
      at += read;
    }
    if (!hash.digest().equals(prefix.subarray(16, 48))) return undefined;
    const text = Buffer.alloc(prefix.readUInt32LE(12));
    readSync(fd, text, 0, text.length, PREFIX);
    return { ...(JSON.parse(text.toString('utf8')) as Header), at: PREFIX + text.length };
  } catch {
    return undefined;
  }
}

function readArrays(
  fd: number,
  { rows, columns, entries, single, at }: Header & { readonly at: number },
  arena: Arena,
): ParsedRows | undefined {
  const rowStart = arena.ints(rows + 1);
  const columnOf = arena.ints(entries);
  const values = single ? undefined : arena.doubles(entries);
  const rowValue = single ? arena.doubles(rows) : undefined;
  const labels = arena.doubles(rows);
  const isWhole = readWhole(fd, padded([rowStart, columnOf, (values ?? rowValue)!, labels]), at);
  if (!isWhole) return undefined;
  return { rows, columns, rowStart, columnOf, values, rowValue, labels };
}

function padded(arrays: readonly (Int32Array | Float64Array)[]): Uint8Array[] {
  return arrays.flatMap((array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const rest = aligned(bytes.length) - bytes.length;
    return rest === 0 ? [bytes] : [bytes, new Uint8Array(rest)];
  });
}

/** Fills the parts, as one read takes two gigabytes at most; false where the file was cut short since it was checked. */
function readWhole(fd: number, parts: readonly Uint8Array[], at: number): boolean {
  let from = at;
  for (let rest = without(parts, 0); rest.length > 0; ) {
    const read = readvSync(fd, rest, from);
    if (read === 0) return false;
    from += read;
    rest = without(rest, read);
  }
  return true;
}

/** The parts behind their first bytes; none is empty. */
function without(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = bytes;
  return parts.flatMap((part) => {
    const gone = Math.min(skipped, part.length);
    skipped -= gone;
    return gone === part.length ? [] : [part.subarray(gone)];
  });
}

/** Keeps parsed rows; the reason as text when that is impossible. */
export function writeParsed(key: CacheKey, { parsed, digest }: CachedRows): string | undefined {
  const { rows, columns, rowStart, columnOf, values, rowValue, labels } = parsed;
  const header: Header = { ...key, digest, rows, columns, entries: columnOf.length, single: values === undefined };
  const text = JSON.stringify(header);
  const length = Buffer.byteLength(text);
  const body = [
    Buffer.from(text.padEnd(text.length + aligned(length) - length)),
    ...padded([rowStart, columnOf, (values ?? rowValue)!, labels]),
  ];
  const hash = createHash('sha256');
  for (const bytes of body) hash.update(bytes);
  const prefix = Buffer.alloc(PREFIX);
  prefix.write(MAGIC, 0, 'latin1');
  prefix.writeUInt32LE(VERSION, 8);
  prefix.writeUInt32LE(body[0]!.length, 12);
  hash.digest().copy(prefix, 16);

  const path = pathOf(key);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    makeFolder(folder());
    removeAbandoned();
    writeWhole(temporary, [prefix, ...body]);
    renameSync(temporary, path);
    return undefined;
  } catch (cause) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // A folder that takes no file may refuse this as well.
    }
    return `${folder()}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`;
  }
}

/** A short write is a full disk that has not said so yet. */
function writeWhole(path: string, parts: readonly Uint8Array[]): void {
  const fd = openSync(path, 'wx');
  try {
    for (let rest = [...parts]; rest.length > 0; ) rest = without(rest, writevSync(fd, rest));
  } finally {
    closeSync(fd);
  }
}

/** Temporary files of processes that were killed while they wrote. */
function removeAbandoned(): void {
  for (const name of readdirSync(folder())) {
    if (!name.endsWith('.tmp')) continue;
    const path = join(folder(), name);
    try {
      if (Date.now() - statSync(path).mtimeMs > ABANDONED_MS) rmSync(path, { force: true });
    } catch {
      // Somebody else removed it.
    }
  }
}
