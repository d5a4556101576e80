/**
 * The bytes of a checkpoint: named vectors, exact to the last bit (NaN payloads, infinities and -0 included), under a
 * small JSON header, closed by a SHA-256 so that no damaged or foreign file is ever started from.
 *
 *   offset 0   magic "MRNDCKPT"        8 bytes   \
 *          8   format version          u32        |  the envelope: the same in every version,
 *         12   length of the header    u32        |  as is the trailer
 *         16   header                  canonical JSON, UTF-8, spaces up to a multiple of 8
 *          .   values                  f64, section after section, in the order of the header
 *       end    SHA-256 of all before   32 bytes  /
 *
 * Numbers are little-endian, as every machine we support (and WebAssembly memory) has them.
 */
import { createHash } from 'node:crypto';
import { MarinadeError } from '../errors.ts';
import { canonicalJson } from '../hash.ts';

export interface CheckpointContent {
  readonly runKey: string;
  readonly round: number;
  readonly numericsVersion: number;
  readonly sections: Readonly<Record<string, Float64Array>> | readonly (readonly [string, Float64Array])[];
  /** Plain data with finite numbers. */
  readonly meta: unknown;
}

export interface DecodedCheckpoint {
  readonly runKey: string;
  readonly round: number;
  readonly numericsVersion: number;
  /** Views of the given bytes where those are aligned, else copies. */
  readonly sections: Readonly<Record<string, Float64Array>>;
  readonly meta: unknown;
}

interface Header {
  readonly runKey: string;
  readonly round: number;
  readonly numericsVersion: number;
  readonly sections: readonly (readonly [string, number])[];
  readonly meta: unknown;
}

const magic = new TextEncoder().encode('MRNDCKPT');
const formatVersion = 1;
const prefixBytes = 16;
const trailerBytes = 32;

/** A checkpoint's bytes: one allocation of their size. */
export function encodeCheckpoint({ runKey, round, numericsVersion, sections, meta }: CheckpointContent): Uint8Array {
  const entries: readonly (readonly [string, Float64Array])[] = Array.isArray(sections) ? sections : Object.entries(sections);
  if (new Set(entries.map(([name]) => name)).size !== entries.length) {
    throw new MarinadeError('MARINADE_INVARIANT_BROKEN', 'the sections of a checkpoint need distinct names', {
      names: entries.map(([name]) => name),
    });
  }
  const header: Header = { runKey, round, numericsVersion, sections: entries.map(([name, values]) => [name, values.length]), meta };
  const headerText = new TextEncoder().encode(canonicalJson(header));
  const headerBytes = roundUp(headerText.length);
  const valuesBytes = entries.reduce((sum, [, values]) => sum + values.byteLength, 0);

  const bytes = new Uint8Array(prefixBytes + headerBytes + valuesBytes + trailerBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(magic, 0);
  view.setUint32(8, formatVersion, true);
  view.setUint32(12, headerBytes, true);
  bytes.set(headerText, prefixBytes);
  bytes.fill(0x20, prefixBytes + headerText.length, prefixBytes + headerBytes);
  let offset = prefixBytes + headerBytes;
  for (const [, values] of entries) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  bytes.set(digestOf(bytes.subarray(0, offset)), offset);
  return bytes;
}

/**
 * A checkpoint of the expected run. Throws MARINADE_STORAGE_CHECKPOINT when the bytes are damaged or another run's,
 * MARINADE_PROTOCOL_VERSION when they are intact but of a format this version does not read.
 */
export function decodeCheckpoint(bytes: Uint8Array, { runKey }: { readonly runKey: string }): DecodedCheckpoint {
  if (bytes.length < prefixBytes + trailerBytes) throw damaged(runKey, `it has ${bytes.length} bytes, fewer than an empty one`);
  if (magic.some((byte, i) => bytes[i] !== byte)) throw damaged(runKey, 'it does not begin like a checkpoint');
  const end = bytes.length - trailerBytes;
  const digest = digestOf(bytes.subarray(0, end));
  if (digest.some((byte, i) => bytes[end + i] !== byte)) throw damaged(runKey, 'its SHA-256 does not fit its content');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (version !== formatVersion) {
    throw new MarinadeError(
      'MARINADE_PROTOCOL_VERSION',
      `expected a checkpoint of format ${formatVersion}; got format ${version}. Continue this run with the version of marinade that wrote it`,
      { runKey, expected: formatVersion, received: version },
    );
  }
  const start = prefixBytes + view.getUint32(12, true);
  const header = headerOf(bytes, start, end, runKey);
  if (header.runKey !== runKey) throw damaged(runKey, `it belongs to run ${header.runKey}`);

  const sections: Record<string, Float64Array> = Object.create(null);
  let offset = start;
  for (const [name, length] of header.sections) {
    const next = offset + 8 * length;
    if (next > end) throw damaged(runKey, `its section ${name} goes beyond its end`);
    sections[name] = float64At(bytes, offset, length);
    offset = next;
  }
  if (offset !== end) throw damaged(runKey, `${end - offset} of its bytes belong to no section`);
  return { runKey, round: header.round, numericsVersion: header.numericsVersion, sections, meta: header.meta };
}

function headerOf(bytes: Uint8Array, start: number, end: number, runKey: string): Header {
  if (start > end) throw damaged(runKey, 'its header goes beyond its end');
  try {
    // A copy: TextDecoder refuses views of shared memory.
    return JSON.parse(new TextDecoder().decode(bytes.slice(prefixBytes, start))) as Header;
  } catch (cause) {
    throw damaged(runKey, 'its header is not JSON', cause);
  }
}

function float64At(bytes: Uint8Array, offset: number, length: number): Float64Array {
  const from = bytes.byteOffset + offset;
  if (from % 8 === 0) return new Float64Array(bytes.buffer, from, length);
  const copy = new Float64Array(length);
  new Uint8Array(copy.buffer).set(bytes.subarray(offset, offset + 8 * length));
  return copy;
}

function roundUp(length: number): number {
  return 8 * Math.ceil(length / 8);
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function damaged(runKey: string, what: string, cause?: unknown): MarinadeError {
  return new MarinadeError(
    'MARINADE_STORAGE_CHECKPOINT',
    `expected an intact checkpoint of run ${runKey}; ${what}. An older checkpoint, or round 0, takes its place`,
    { runKey },
    cause,
  );
}
