/**
 * The parsed binary cache: a data set's numbers beside the sha256 of the file they came from, so that a warm start
 * reads one file and parses nothing. A damaged cache file is rebuilt; an unwritable cache folder is not an error.
 *
 * Layout: magic, sha256 of all that follows the digest, then header JSON, then the arrays, 8-byte aligned.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ParsedRows } from '../../algorithm/data/parse-libsvm.ts';
import { cacheFolder } from './locate.ts';

/** Raised by any change of what the parsers produce. */
const parserVersion = 1;
const MAGIC = 'MRNDDATA';
const PREFIX = 8 + 32 + 8;

interface Header {
  readonly rows: number;
  readonly columns: number;
  readonly entries: number;
}

function pathOf(key: string): string {
  return join(cacheFolder(), 'parsed', `${key}-${parserVersion}.bin`);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** What was kept under a key; undefined when there is nothing, or nothing intact. */
export function readParsed(key: string): ParsedRows | undefined {
  let file: Buffer;
  try {
    file = readFileSync(pathOf(key));
  } catch {
    return undefined;
  }
  try {
    if (file.toString('latin1', 0, 8) !== MAGIC || !digest(file.subarray(40)).equals(file.subarray(8, 40))) return undefined;
    const headerBytes = Number(file.readBigUInt64LE(40));
    const { rows, columns, entries } = JSON.parse(file.toString('utf8', PREFIX, PREFIX + headerBytes)) as Header;
    let at = file.byteOffset + PREFIX + headerBytes;
    const ints = (length: number): Int32Array => {
      const view = new Int32Array(file.buffer, at, length);
      at += aligned(4 * length);
      return view;
    };
    const doubles = (length: number): Float64Array => {
      const view = new Float64Array(file.buffer, at, length);
      at += 8 * length;
      return view;
    };
    return { rows, columns, values: doubles(entries), labels: doubles(rows), rowStart: ints(rows + 1), columnOf: ints(entries) };
  } catch {
    return undefined;
  }
}

/** Keeps parsed numbers under a key; says whether it could. */
export function writeParsed(key: string, { rows, columns, values, labels, rowStart, columnOf }: ParsedRows): boolean {
  const text = JSON.stringify({ rows, columns, entries: columnOf.length } satisfies Header);
  const header = Buffer.from(text.padEnd(aligned(PREFIX + text.length) - PREFIX));
  const length = PREFIX + header.length + 8 * (values.length + labels.length) + aligned(4 * rowStart.length) + aligned(4 * columnOf.length);
  const file = Buffer.alloc(length);
  file.write(MAGIC, 0, 'latin1');
  file.writeBigUInt64LE(BigInt(header.length), 40);
  header.copy(file, PREFIX);
  let at = PREFIX + header.length;
  for (const array of [values, labels, rowStart, columnOf]) {
    file.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += aligned(array.byteLength);
  }
  digest(file.subarray(40)).copy(file, 8);
  const path = pathOf(key);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, file, { flush: true });
    renameSync(temporary, path);
    return true;
  } catch {
    rmSync(temporary, { force: true });
    return false;
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
