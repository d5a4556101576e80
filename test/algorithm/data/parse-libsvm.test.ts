/** The LIBSVM reader: what it accepts, the place it names when it refuses, and that no bytes make it do anything else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLibsvm } from '../../../src/algorithm/data/parse-libsvm.ts';
import { type ParsedRows, spreadRowValues } from '../../../src/algorithm/data/parsed-rows.ts';
import { MarinadeError } from '../../../src/shared/errors.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string, dimension?: number): ParsedRows => parseLibsvm(bytes(text), 'set', dimension);

/** All values, however they are kept. */
function valuesOf({ values, rowValue, rowStart, columnOf, rows }: ParsedRows): number[] {
  if (values !== undefined) return [...values];
  const spread = new Float64Array(columnOf.length);
  spreadRowValues(rowValue!, rowStart, 0, rows, spread);
  return [...spread];
}

/** Label and [column, value] pairs of each row. */
function rowsOf(parsed: ParsedRows): [number, ...[number, number][]][] {
  const values = valuesOf(parsed);
  return Array.from(parsed.labels, (label, row) => {
    const entries: [number, number][] = [];
    for (let p = parsed.rowStart[row]!; p < parsed.rowStart[row + 1]!; p++) entries.push([parsed.columnOf[p]!, values[p]!]);
    return [label, ...entries];
  });
}

/** A reader by regular expressions: the format's definition, slow and plain. */
function plainly(text: string): [number, ...[number, number][]][] {
  return text
    .split('\n')
    .map((line) => line.replace(/#[^\n]*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [label, ...pairs] = line.split(/[ \t\r]+/);
      return [
        Number(label) + 0,
        ...pairs.map((pair): [number, number] => [Number(pair.split(':')[0]) - 1, Number(pair.split(':')[1]) + 0]),
      ];
    });
}

function refusal(text: string | Uint8Array, dimension?: number): MarinadeError {
  try {
    parseLibsvm(typeof text === 'string' ? bytes(text) : text, 'set', dimension);
  } catch (thrown) {
    if (thrown instanceof MarinadeError) return thrown;
    throw thrown;
  }
  throw new Error('it was accepted');
}

describe('the LIBSVM reader', () => {
  it('reads rows, columns and labels', () => {
    const parsed = parse('+1 1:0.5 3:2\n-1 2:1e-3\n');
    expect(parsed).toMatchObject({ rows: 2, columns: 3 });
    expect([...parsed.rowStart]).toEqual([0, 2, 3]);
    expect(rowsOf(parsed)).toEqual([
      [1, [0, 0.5], [2, 2]],
      [-1, [1, 0.001]],
    ]);
  });

  it.each([
    ['trailing spaces', '+1 1:1 2:1 \n-1 1:1  \n'],
    ['CRLF', '+1 1:1 2:1\r\n-1 1:1\r\n'],
    ['no last newline', '+1 1:1 2:1\n-1 1:1'],
    ['tabs and leading spaces', '  +1\t1:1  2:1\n\t-1 1:1\n'],
    ['empty lines', '\n+1 1:1 2:1\n\n \n-1 1:1\n\n'],
    ['comments', '# of two rows\n+1 1:1 2:1 # first: 3:1\n-1 1:1#second\n'],
    ['numbers at length', '+1.000 1:1.0 2:1.\n-1e0 1:.1e1\n'],
  ])('reads %s as the same rows', (_what, text) => {
    expect(parse(text)).toEqual(parse('+1 1:1 2:1\n-1 1:1\n'));
  });

  it('reads a row without features, and the dimension it is told', () => {
    const parsed = parse('-1 \n+1 2:1\n-1\n', 7);
    expect([...parsed.rowStart]).toEqual([0, 0, 1, 1]);
    expect(parsed.columns).toBe(7);
    expect([...parsed.rowValue!]).toEqual([1, 1, 1]);
  });

  it('keeps one value per row until some row has two', () => {
    const single = parse('1 1:1 2:1\n1 2:0.5 3:0.5\n');
    expect(single.values).toBeUndefined();
    expect([...single.rowValue!]).toEqual([1, 0.5]);
    const mixed = parse('1 1:1 2:1\n1\n1 2:0.5 3:0.5 4:0.25\n1 1:3\n');
    expect(mixed.rowValue).toBeUndefined();
    expect(valuesOf(mixed)).toEqual([1, 1, 0.5, 0.5, 0.25, 3]);
  });

  it('gives a zero no sign', () => {
    const parsed = parse('-0 1:-0 2:-0.0e0 3:0\n');
    expect(Object.is(parsed.labels[0], 0)).toBe(true);
    expect(valuesOf(parsed).every((value) => Object.is(value, 0))).toBe(true);
  });

  it('rounds every decimal as the engine does', () => {
    const decimal = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.tuple(fc.nat(999_999_999), fc.nat(999_999_999), fc.nat(12)).map(([a, b, n]) => `${a}.${'0'.repeat(n)}${b}`),
      fc.bigInt(0n, 10n ** 24n).map(String),
      fc.tuple(fc.nat(99), fc.integer({ min: -330, max: 305 })).map(([digits, exponent]) => `${digits}e${exponent}`),
    );
    fc.assert(
      fc.property(decimal, (text) => {
        const value = valuesOf(parse(`1 1:${text}\n`))[0]!;
        expect(value).toBe(Number(text) + 0);
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  it('agrees with the plain definition on random rows', () => {
    const row = fc.tuple(
      fc.constantFrom('+1', '-1', '2', '0.5'),
      fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }),
      fc.array(fc.constantFrom('1', '1', '1', '0.25', '-3', '1e2'), { minLength: 12, maxLength: 12 }),
      fc.constantFrom('\n', ' \n', '\r\n', ' # c\n', '\n\n'),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
        const text = rows
          .map(([label, indices, values, end]) => {
            const pairs = [...indices].sort((a, b) => a - b).map((index, i) => ` ${index}:${values[i]}`);
            return label + pairs.join('') + end;
          })
          .join('');
        expect(rowsOf(parse(text, 40))).toEqual(plainly(text));
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it.each([
    ['an index of zero', '1 1:1\n1 0:1\n', 2, 8, 'indices start at 1; got 0'],
    ['equal indices', '1 2:1 2:1\n', 1, 6, 'indices must increase: 2 after 2'],
    ['falling indices', '1 3:1 2:1\n', 1, 6, 'indices must increase: 2 after 3'],
    ['a huge index', '1 99999999999999999999:1\n', 1, 2, 'an index is at most 100000000'],
    ['a negative index', '1 -1:1\n', 1, 2, "expected <index>:<value>; got '-1:1'"],
    ['an index alone', '1 3\n', 1, 2, "expected <index>:<value>; got '3'"],
    ['an index with a fraction', '1 1.5:1\n', 1, 2, "expected <index>:<value>; got '1.5:1'"],
    ['a query id', '1 qid:3 1:1\n', 1, 2, "expected <index>:<value>; got 'qid:3'"],
    ['an empty value', '1 1: 2:1\n', 1, 4, "expected a value; got ''"],
    ['NaN', '1 1:nan\n', 1, 4, "expected a value; got 'nan'"],
    ['Infinity', '1 1:Infinity\n', 1, 4, "expected a value; got 'Infinity'"],
    ['an overflowing value', '1 1:1e999\n', 1, 4, "a value must be finite; got '1e999'"],
    ['a hexadecimal value', '1 1:0x10\n', 1, 4, "expected a value; got '0x10'"],
    ['two values', '1 1:1:2\n', 1, 4, "expected a value; got '1:2'"],
    ['a value of many characters', `1 1:${'1'.repeat(65)}\n`, 1, 4, 'expected a value; got 65 characters'],
    ['a label that is a word', 'yes 1:1\n', 1, 0, "expected a label; got 'yes'"],
    ['a label of NaN', '1 1:1\nnan 1:1\n', 2, 6, "expected a label; got 'nan'"],
    ['several labels', '1,2 1:1\n', 1, 0, "expected a label; got '1,2'"],
    ['a missing label', '1:1 2:1\n', 1, 0, "expected a label; got '1:1'"],
    ['a zero byte', '1 1:1\u0000\n', 1, 4, "expected a value; got '1?'"],
    ['a bare sign', '1 1:-\n', 1, 4, "expected a value; got '-'"],
    ['carriage returns as line ends', '1 1:1\r1 1:1\r', 1, 6, "expected <index>:<value>; got '1'"],
  ])('refuses %s with its line and byte', (_what, text, line, offset, what) => {
    const error = refusal(text);
    expect(error.code).toBe('MARINADE_DATA_MALFORMED');
    expect(error.details).toEqual({ file: 'set', line, offset });
    expect(error.text).toBe(`set: line ${line}, byte ${offset}: ${what}`);
  });

  it('refuses an index beyond the dimension, and files without examples or features', () => {
    expect(refusal('1 1:1 3:1 4:1\n', 3).text).toBe('set: line 1, byte 10: index 4 is beyond the dimension 3');
    expect(refusal('').text).toBe('set: byte 0: no example in the file');
    expect(refusal('# nothing\n\n').text).toBe('set: byte 0: no example in the file');
    expect(refusal('1\n-1\n').text).toBe('set: byte 0: no feature in the file; give a dimension');
  });

  it('refuses a line that is too long as too large', () => {
    const text = `1 ${Array.from({ length: 2_000_000 }, (_, i) => `${i + 1}:1`).join(' ')}\n`;
    const error = refusal(text);
    expect(error.code).toBe('MARINADE_DATA_TOO_LARGE');
    expect(error.text).toMatch(/^set: line 1, byte 167772\d\d: a line has at most 16777216 bytes$/);
  });

  it('reads or refuses with a place, whatever the bytes', () => {
    const text = '+1 1:0.5 3:2\n-1 2:1e-3 4:-1 # c\n-1 \n+1 1:1\n';
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.constantFrom(...' \t\r\n#:.+-e0123456789naif'), { maxLength: 120 }).map((chars) => bytes(chars.join(''))),
      // A good file with some bytes replaced.
      fc.array(fc.tuple(fc.nat(text.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
        const changed = bytes(text);
        for (const [at, byte] of changes) changed[at] = byte;
        return changed;
      }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(anyBytes, fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }), (content, dimension) => {
        let parsed: ParsedRows;
        try {
          parsed = parseLibsvm(content, 'set', dimension);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MarinadeError);
          const { code, details } = thrown as MarinadeError;
          expect(code).toBe('MARINADE_DATA_MALFORMED');
          expect(details['offset']).toBeLessThanOrEqual(content.length);
          return;
        }
        accepted++;
        expect(rowsOf(parsed)).toEqual(plainly(Buffer.from(content).toString('latin1')));
        expect(valuesOf(parsed).every(Number.isFinite)).toBe(true);
      }),
      { seed: 3, numRuns: 5000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });
});
