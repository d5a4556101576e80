import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, resultHash, sha256Hex } from '../../src/shared/hash.ts';

interface Golden {
  readonly numericsVersion: number;
  readonly x: readonly string[];
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /** How often every vector is repeated. */
  readonly times: number;
  readonly hash: string;
}

const golden = JSON.parse(readFileSync(new URL('../fixtures/result-hash.json', import.meta.url), 'utf8')) as readonly Golden[];
const vector = (spelled: readonly string[], times: number): Float64Array =>
  Float64Array.from(Array.from({ length: times }, () => spelled).flat(), Number);

/** NaNs with the given bits. */
const nanWithBits = (...bits: readonly bigint[]): Float64Array => new Float64Array(BigUint64Array.from(bits).buffer);

describe('sha256Hex', () => {
  test('it agrees with the published test vectors, for strings and bytes', () => {
    expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256Hex(Uint8Array.of(0x61, 0x62, 0x63))).toBe(sha256Hex('abc'));
  });
});

describe('resultHash', () => {
  test.each(golden.map((row, i) => [i, row] as const))('it agrees with an independent implementation, case %i', (_, row) => {
    const columns = Object.fromEntries(Object.entries(row.columns).map(([name, column]) => [name, vector(column, row.times)]));
    expect(resultHash({ numericsVersion: row.numericsVersion, x: vector(row.x, row.times), columns })).toBe(row.hash);
  });

  test('it does not depend on the order in which columns are given', () => {
    const a = Float64Array.of(1);
    const b = Float64Array.of(2);
    const x = Float64Array.of(3);
    expect(resultHash({ numericsVersion: 1, x, columns: { a, b } })).toBe(resultHash({ numericsVersion: 1, x, columns: { b, a } }));
    expect(resultHash({ numericsVersion: 1, x, columns: { a, b } })).not.toBe(
      resultHash({ numericsVersion: 1, x, columns: { a: b, b: a } }),
    );
  });

  test('it takes every NaN for the same value and tells -0 from 0', () => {
    const hashOf = (x: Float64Array): string => resultHash({ numericsVersion: 1, x, columns: { x } });
    const spellings = nanWithBits(0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff0000000000001n, 0xffffffffffffffffn);
    const hashes = new Set(Array.from(spellings, (_, i) => hashOf(spellings.subarray(i, i + 1))));
    expect(hashes.size).toBe(1);
    expect(hashOf(Float64Array.of(-0))).not.toBe(hashOf(Float64Array.of(0)));
  });

  test('it notices a change of any single bit of a number', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(63), (values, at, bit) => {
        const x = Float64Array.from(values);
        const changed = x.slice();
        new BigUint64Array(changed.buffer)[at % x.length]! ^= 1n << BigInt(bit);
        expect(resultHash({ numericsVersion: 1, x: changed, columns: {} })).not.toBe(resultHash({ numericsVersion: 1, x, columns: {} }));
      }),
    );
  });
});

describe('canonicalJson', () => {
  test('it sorts keys by code unit, at every depth, and writes no spaces', () => {
    expect(canonicalJson({ b: [{ z: 1, Z: 2 }], a: null, '\u{1F600}': true, '\uFFFD': 'x' })).toBe(
      '{"a":null,"b":[{"Z":2,"z":1}],"\u{1F600}":true,"\uFFFD":"x"}',
    );
  });

  test('it writes numbers as JSON.stringify does', () => {
    expect(canonicalJson([1, -0, 1e21, 5e-324, 0.1])).toBe('[1,0,1e+21,5e-324,0.1]');
  });

  test('it reads back as the same value, and so spells equal values alike', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  test.each([
    ['undefined', { a: undefined }],
    ['NaN', { a: [1, Number.NaN] }],
    ['an infinity', -Infinity],
    ['a function', { a: () => 1 }],
    ['a bigint', 1n],
    ['a hole', Array(1)],
    ['a class instance', new Date(0)],
    ['a typed array', { a: new Float64Array(1) }],
  ])('it refuses %s and says where', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(/MARINADE_INVARIANT_BROKEN.* at \$/);
  });
});
