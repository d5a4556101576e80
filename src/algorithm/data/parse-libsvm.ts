/**
 * Reads LIBSVM text: `<label> <index>:<value> ...`, 1-based indices in increasing order, one example a line.
 *
 * Accepts trailing spaces, rows without features, CRLF, comments after `#`, a last line without its end. Refuses what
 * is not finite, not increasing, beyond the dimension or longer than the limits, with file, line and byte. A zero has
 * no sign in what comes out, so files that hold the same numbers give the same rows.
 */
import { malformed, tooLarge } from './malformed.ts';
import { type ParsedRows, spreadRowValues } from './parsed-rows.ts';

const MAX_LINE = 1 << 24;
const MAX_INDEX = 100_000_000;
const MAX_NUMBER = 64;

const SPACE = 0x20;
const TAB = 0x09;
const RETURN = 0x0d;
const NEWLINE = 0x0a;
const HASH = 0x23;
const COLON = 0x3a;
const POINT = 0x2e;
const MINUS = 0x2d;
const PLUS = 0x2b;
const ZERO = 0x30;

/** Powers of ten that a double holds exactly. */
const EXACT_POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** @throws MARINADE_DATA_MALFORMED, MARINADE_DATA_TOO_LARGE */
export function parseLibsvm(content: Uint8Array, file: string, dimension?: number): ParsedRows {
  return new LibsvmReader(ended(content), file, dimension).read();
}

/** The content with a newline as its last byte, so that no scan needs to look for the end as well. */
function ended(content: Uint8Array): Uint8Array {
  if (content.at(-1) === NEWLINE) return content;
  const whole = allocate('', () => new Uint8Array(content.length + 1));
  whole.set(content);
  whole[content.length] = NEWLINE;
  return whole;
}

function allocate<T>(file: string, make: () => T): T {
  try {
    return make();
  } catch {
    return tooLarge(file, 0, 'the rows do not fit into memory');
  }
}

class LibsvmReader {
  readonly #bytes: Uint8Array;
  readonly #file: string;
  readonly #dimension: number | undefined;
  readonly #columnOf: Int32Array;
  /** None as long as no row has two different values. */
  #values: Float64Array | undefined;
  #rowStart: Int32Array;
  #rowValue: Float64Array;
  #labels: Float64Array;
  #rows = 0;
  #entries = 0;
  #largest = 0;
  /** Bytes and lines read. */
  #at = 0;
  #line = 0;

  constructor(bytes: Uint8Array, file: string, dimension: number | undefined) {
    this.#bytes = bytes;
    this.#file = file;
    this.#dimension = dimension;
    const rows = (bytes.length >>> 6) + 16;
    this.#rowStart = new Int32Array(rows + 1);
    this.#rowValue = new Float64Array(rows);
    this.#labels = new Float64Array(rows);
    // An entry takes four bytes or more ("1:1" and what separates it), so this never grows; untouched pages cost nothing.
    this.#columnOf = allocate(file, () => new Int32Array(bytes.length >>> 2));
  }

  read(): ParsedRows {
    while (this.#at < this.#bytes.length) {
      this.#line++;
      if (this.#rows === this.#labels.length) this.#grow();
      this.#example();
    }
    if (this.#rows === 0) malformed(this.#file, 0, 'no example in the file');
    const columns = this.#dimension ?? this.#largest;
    if (columns === 0) malformed(this.#file, 0, 'no feature in the file; give a dimension');
    return {
      rows: this.#rows,
      columns,
      rowStart: this.#rowStart.subarray(0, this.#rows + 1),
      columnOf: this.#columnOf.subarray(0, this.#entries),
      values: this.#values?.subarray(0, this.#entries),
      rowValue: this.#values === undefined ? this.#rowValue.subarray(0, this.#rows) : undefined,
      labels: this.#labels.subarray(0, this.#rows),
    };
  }

  /** Reads one line and appends its entries; a line without a label is no example. */
  #example(): void {
    const bytes = this.#bytes;
    const lineFrom = this.#at;
    const last = this.#dimension ?? MAX_INDEX;
    let entries = this.#entries;
    let labelled = false;
    let rowValue = 1;
    let previous = 0;
    let at = lineFrom;
    let byte = bytes[at]!;
    for (;;) {
      while (byte === SPACE || byte === TAB || byte === RETURN) byte = bytes[++at]!;
      if (byte === NEWLINE || byte === HASH) break;
      if (!labelled) {
        this.#at = at;
        this.#labels[this.#rows] = this.#number('a label');
        labelled = true;
      } else {
        const from = at;
        let index = 0;
        let digit = byte - ZERO;
        while (digit >= 0 && digit <= 9) {
          index = 10 * index + digit;
          if (index > MAX_INDEX) malformed(this.#file, from, `an index is at most ${MAX_INDEX}`, this.#line);
          digit = bytes[++at]! - ZERO;
        }
        if (at === from || digit !== COLON - ZERO) this.#refuseEntry(from);
        if (index <= previous || index > last) this.#refuseIndex(from, index, previous);
        this.#at = at + 1;
        const value = this.#number('a value');
        if (this.#values !== undefined) this.#values[entries] = value;
        else if (previous === 0) rowValue = value;
        else if (value !== rowValue) {
          this.#keepValues(rowValue, entries);
          this.#values![entries] = value;
        }
        previous = index;
        this.#columnOf[entries++] = index - 1;
        if (this.#at - lineFrom > MAX_LINE) tooLarge(this.#file, from, `a line has at most ${MAX_LINE} bytes`, this.#line);
      }
      at = this.#at;
      byte = bytes[at]!;
    }
    if (labelled) {
      this.#entries = entries;
      this.#rowValue[this.#rows++] = rowValue;
      this.#rowStart[this.#rows] = entries;
    }
    if (previous > this.#largest) this.#largest = previous;
    this.#at = byte === NEWLINE ? at + 1 : bytes.indexOf(NEWLINE, at) + 1;
  }

  /** From here on each entry has a value of its own: those so far are spread from their rows'. */
  #keepValues(rowValue: number, entries: number): void {
    const values = allocate(this.#file, () => new Float64Array(this.#columnOf.length));
    spreadRowValues(this.#rowValue, this.#rowStart, 0, this.#rows, values);
    values.fill(rowValue, this.#entries, entries);
    this.#values = values;
  }

  #grow(): void {
    const rows = 2 * this.#labels.length;
    this.#rowStart = allocate(this.#file, () => enlarged(this.#rowStart, new Int32Array(rows + 1)));
    this.#rowValue = allocate(this.#file, () => enlarged(this.#rowValue, new Float64Array(rows)));
    this.#labels = allocate(this.#file, () => enlarged(this.#labels, new Float64Array(rows)));
  }

  /** The decimal number that starts here, correctly rounded: exact for up to 15 digits, by the engine for others. */
  #number(what: string): number {
    const bytes = this.#bytes;
    const from = this.#at;
    let at = from;
    let byte = bytes[at]!;
    const negative = byte === MINUS;
    if (negative || byte === PLUS) byte = bytes[++at]!;
    let value = 0;
    const digitsFrom = at;
    let digit = byte - ZERO;
    while (digit >= 0 && digit <= 9) {
      value = 10 * value + digit;
      digit = bytes[++at]! - ZERO;
    }
    let digits = at - digitsFrom;
    let decimals = 0;
    if (digit === POINT - ZERO) {
      const decimalsFrom = at + 1;
      digit = bytes[++at]! - ZERO;
      while (digit >= 0 && digit <= 9) {
        value = 10 * value + digit;
        digit = bytes[++at]! - ZERO;
      }
      decimals = at - decimalsFrom;
      digits += decimals;
    }
    if (digits === 0 || digits > 15 || !isEnd(digit + ZERO)) return this.#unusual(from, what);
    this.#at = at;
    if (decimals > 0) value /= EXACT_POWERS[decimals]!;
    return negative ? 0 - value : value;
  }

  /** Numbers with many digits or an exponent, and what is no number. */
  #unusual(from: number, what: string): number {
    const bytes = this.#bytes;
    let to = from;
    while (!isEnd(bytes[to]!)) to++;
    if (to - from > MAX_NUMBER) malformed(this.#file, from, `expected ${what}; got ${to - from} characters`, this.#line);
    const text = String.fromCharCode(...bytes.subarray(from, to));
    if (!NUMBER.test(text)) malformed(this.#file, from, `expected ${what}; got '${this.#excerpt(from)}'`, this.#line);
    const value = Number(text);
    if (!Number.isFinite(value)) malformed(this.#file, from, `${what} must be finite; got '${text}'`, this.#line);
    this.#at = to;
    return value === 0 ? 0 : value;
  }

  #refuseEntry(from: number): never {
    return malformed(this.#file, from, `expected <index>:<value>; got '${this.#excerpt(from)}'`, this.#line);
  }

  #refuseIndex(from: number, index: number, previous: number): never {
    let what = `indices must increase: ${index} after ${previous}`;
    if (index === 0) what = 'indices start at 1; got 0';
    else if (index > previous) what = `index ${index} is beyond the dimension ${this.#dimension}`;
    return malformed(this.#file, from, what, this.#line);
  }

  #excerpt(from: number): string {
    let to = from;
    while (to < from + 24 && !isEnd(this.#bytes[to]!)) to++;
    return String.fromCharCode(...this.#bytes.subarray(from, to)).replace(/[^\x20-\x7e]/g, '?');
  }
}

/** A byte that ends a number. */
function isEnd(byte: number): boolean {
  return byte === SPACE || byte === NEWLINE || byte === TAB || byte === RETURN || byte === HASH;
}

function enlarged<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from as never);
  return to;
}
