/**
 * Hashes that identify things: canonical JSON, SHA-256, and the result hash two executions of one experiment agree on.
 * The layouts enter recorded numbers; changing one orphans every hash ever printed.
 */
import { createHash, hash } from 'node:crypto';
import { MarinadeError } from './errors.ts';

/** SHA-256 of bytes, or of a string's UTF-8 bytes, as 64 hexadecimal digits. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

/**
 * JSON text with one spelling per value: keys sorted by UTF-16 code unit, no spaces, numbers as JSON.stringify prints
 * them. What JSON cannot say (undefined, NaN, infinities, functions, class instances) is refused, never dropped.
 */
export function canonicalJson(value: unknown): string {
  return write(value) ?? refuse(value, '$');
}

/** The text of a value; undefined where JSON cannot say it. Runs for every run of a study, so it keeps no path. */
function write(value: unknown): string | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const text = write(value[i]);
      if (text === undefined) return undefined;
      parts.push(text);
    }
    return `[${parts.join(',')}]`;
  }
  if (!isPlainObject(value)) return undefined;
  for (const key of Object.keys(value).sort(byCodeUnit)) {
    const text = write(value[key]);
    if (text === undefined) return undefined;
    parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}

/** Names the first place, in the order of writing, that JSON cannot say. */
function refuse(value: unknown, path: string): never {
  if (Array.isArray(value)) {
    const at = Array.from(value).findIndex((item) => write(item) === undefined);
    refuse(value[at], `${path}[${at}]`);
  }
  if (isPlainObject(value)) {
    const key = Object.keys(value)
      .sort(byCodeUnit)
      .find((one) => write(value[one]) === undefined)!;
    refuse(value[key], `${path}.${key}`);
  }
  const seen = typeof value === 'object' ? `an object of class ${value?.constructor?.name}` : String(value);
  throw new MarinadeError('MARINADE_INVARIANT_BROKEN', `canonical JSON needs plain data with finite numbers; got ${seen} at ${path}`, {
    path,
  });
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Order of UTF-16 code units: what `<` on strings means, and what canonical JSON and the result hash sort by. */
function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface HashedResult {
  readonly numericsVersion: number;
  /** The last iterate. */
  readonly x: Float64Array;
  /** Every metric's whole column, point 0 first. */
  readonly columns: Readonly<Record<string, Float64Array>>;
}

/**
 * SHA-256 over: the tag `marinade-result-1`; numericsVersion and d as little-endian u32; x as little-endian f64; then
 * per metric in name order the name (u32 length, UTF-8), the number of values (u32) and the values. Every NaN is
 * written as 7ff8000000000000, because its bits differ between operations and machines; -0 stays -0.
 */
export function resultHash({ numericsVersion, x, columns }: HashedResult): string {
  const digest = createHash('sha256');
  const values = (vector: Float64Array): void => forEachBlock(vector, (block) => digest.update(block));
  digest.update('marinade-result-1', 'utf8');
  digest.update(uint32(numericsVersion));
  digest.update(uint32(x.length));
  values(x);
  for (const name of Object.keys(columns).sort(byCodeUnit)) {
    const bytes = Buffer.from(name, 'utf8');
    digest.update(uint32(bytes.length));
    digest.update(bytes);
    const column = columns[name]!;
    digest.update(uint32(column.length));
    values(column);
  }
  return digest.digest('hex');
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

const blockValues = 4096;

/** Hands over the vector's canonical little-endian bytes in blocks; a block is valid during the call only. */
function forEachBlock(vector: Float64Array, visit: (bytes: Uint8Array) => void): void {
  const block = new DataView(new ArrayBuffer(8 * Math.min(blockValues, vector.length)));
  for (let start = 0; start < vector.length; start += blockValues) {
    const end = Math.min(vector.length, start + blockValues);
    for (let i = start; i < end; i++) {
      const value = vector[i]!;
      if (Number.isNaN(value)) block.setBigUint64(8 * (i - start), 0x7ff8000000000000n, true);
      else block.setFloat64(8 * (i - start), value, true);
    }
    visit(new Uint8Array(block.buffer, 0, 8 * (end - start)));
  }
}
