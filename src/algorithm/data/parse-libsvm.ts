/**
 * Reads LIBSVM text: `<label> <index>:<value> ...`, 1-based indices in increasing order, one example a line.
 *
 * Accepts trailing spaces, rows without features, CRLF, comments after `#`, a last line without its end. Refuses what
 * is not finite, not increasing, beyond the dimension or longer than the limits, with file, line and byte.
 */
import { malformed } from './malformed.ts';

/** A parsed sparse matrix in compressed rows. */
export interface ParsedRows {
  readonly rows: number;
  readonly columns: number;
  readonly rowStart: Int32Array;
  readonly columnOf: Int32Array;
  readonly values: Float64Array;
  readonly labels: Float64Array;
}

const MAX_LINE = 1 << 24;
const MAX_INDEX = 100_000_000;
const MAX_ENTRIES = 2 ** 31 - 2;

const SPACE = 0x20;
const TAB = 0x09;
const RETURN = 0x0d;
const NEWLINE = 0x0a;
const HASH = 0x23;
const COLON = 0x3a;
const POINT = 0x2e;
const MINUS = 0x2d;
const PLUS = 0x2b;

/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

class Growing<T extends Int32Array | Float64Array> {
  array: T;
  length = 0;
  readonly #make: (length: number) => T;

  constructor(capacity: number, make: (length: number) => T) {
    this.#make = make;
    this.array = make(Math.max(16, capacity));
  }

  push(value: number): void {
    if (this.length === this.array.length) {
      const larger = this.#make(2 * this.length);
      larger.set(this.array as never);
      this.array = larger;
    }
    this.array[this.length++] = value;
  }

  done(): T {
    return this.array.slice(0, this.length) as T;
  }
}

/** @throws MARINADE_DATA_MALFORMED */
export function parseLibsvm(bytes: Uint8Array, file: string, dimension?: number): ParsedRows {
  const rowStart = new Growing(bytes.length >> 6, (length) => new Int32Array(length));
  const labels = new Growing(bytes.length >> 6, (length) => new Float64Array(length));
  const columnOf = new Growing(bytes.length >> 2, (length) => new Int32Array(length));
  const values = new Growing(bytes.length >> 2, (length) => new Float64Array(length));
  let at = 0;
  let line = 0;
  let largest = 0;
  rowStart.push(0);

  while (at < bytes.length) {
    line++;
    const lineFrom = at;
    while (at < bytes.length && isBlank(bytes[at]!)) at++;
    if (isEnd(bytes, at)) {
      at = nextLine(bytes, at);
      continue;
    }
    const labelFrom = at;
    at = tokenEnd(bytes, at);
    labels.push(number(bytes, labelFrom, at, file, line, 'a label'));
    let previous = 0;
    for (;;) {
      while (at < bytes.length && isBlank(bytes[at]!)) at++;
      if (isEnd(bytes, at)) break;
      const from = at;
      let index = 0;
      while (at < bytes.length && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) {
        index = 10 * index + bytes[at]! - 0x30;
        if (index > MAX_INDEX) malformed(file, from, `an index has at most ${MAX_INDEX}`, line);
        at++;
      }
      if (at === from || bytes[at] !== COLON) malformed(file, from, `expected <index>:<value>; got '${excerpt(bytes, from)}'`, line);
      if (index < 1) malformed(file, from, 'indices start at 1', line);
      if (index <= previous) malformed(file, from, `indices must increase: ${index} after ${previous}`, line);
      if (dimension !== undefined && index > dimension) malformed(file, from, `index ${index} is beyond the dimension ${dimension}`, line);
      previous = index;
      if (index > largest) largest = index;
      at++;
      const valueFrom = at;
      at = tokenEnd(bytes, at);
      if (columnOf.length >= MAX_ENTRIES) malformed(file, from, `more than ${MAX_ENTRIES} entries`, line);
      columnOf.push(index - 1);
      values.push(number(bytes, valueFrom, at, file, line, 'a value'));
      if (at - lineFrom > MAX_LINE) malformed(file, from, `a line has at most ${MAX_LINE} bytes`, line);
    }
    rowStart.push(columnOf.length);
    at = nextLine(bytes, at);
  }
  if (labels.length === 0) malformed(file, 0, 'no example in the file');
  const columns = dimension ?? largest;
  if (columns === 0) malformed(file, 0, 'no feature in the file; give a dimension');
  return {
    rows: labels.length,
    columns,
    rowStart: rowStart.done(),
    columnOf: columnOf.done(),
    values: values.done(),
    labels: labels.done(),
  };
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN;
}

function isEnd(bytes: Uint8Array, at: number): boolean {
  return at >= bytes.length || bytes[at] === NEWLINE || bytes[at] === HASH;
}

function nextLine(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(NEWLINE, from);
  return end < 0 ? bytes.length : end + 1;
}

function tokenEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && !isBlank(bytes[at]!) && bytes[at] !== NEWLINE && bytes[at] !== HASH) at++;
  return at;
}

function excerpt(bytes: Uint8Array, from: number): string {
  return String.fromCharCode(...bytes.subarray(from, Math.min(from + 24, tokenEnd(bytes, from)))).replace(/[^\x20-\x7e]/g, '?');
}

/** A decimal number, correctly rounded: exact for up to 15 digits and small powers of ten, else by the engine. */
function number(bytes: Uint8Array, from: number, to: number, file: string, line: number, what: string): number {
  let at = from;
  const negative = bytes[at] === MINUS;
  if (negative || bytes[at] === PLUS) at++;
  let digits = 0;
  let decimals = 0;
  let value = 0;
  let point = false;
  for (; at < to; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x30 && byte <= 0x39) {
      value = 10 * value + byte - 0x30;
      digits++;
      if (point) decimals++;
    } else if (byte === POINT && !point) point = true;
    else break;
  }
  if (at === to && digits > 0 && digits <= 15 && decimals <= 22) {
    const magnitude = decimals === 0 ? value : value / EXACT_POWERS[decimals]!;
    return negative ? -magnitude : magnitude;
  }
  if (to - from > 64) malformed(file, from, `expected ${what}; got ${to - from} characters`, line);
  const text = String.fromCharCode(...bytes.subarray(from, to));
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) malformed(file, from, `expected ${what}; got '${excerpt(bytes, from)}'`, line);
  const parsed = Number(text);
  if (!Number.isFinite(parsed)) malformed(file, from, `${what} must be finite; got '${excerpt(bytes, from)}'`, line);
  return parsed;
}
