import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../src/shared/errors.ts';
import { sha256Hex } from '../../../src/shared/hash.ts';
import { type CheckpointContent, decodeCheckpoint, encodeCheckpoint } from '../../../src/shared/messages/codec.ts';

const content: CheckpointContent = {
  runKey: 'run-a',
  round: 41,
  numericsVersion: 3,
  sections: [
    ['x', Float64Array.of(1, -0, Number.NaN)],
    ['empty', new Float64Array(0)],
    ['g', Float64Array.of(Infinity, -Infinity)],
  ],
  meta: { warm: true, counters: [1, 2] },
};

const bitsOf = (values: Float64Array): bigint[] => [...new BigUint64Array(values.slice().buffer)];

const codeOfDecoding = (bytes: Uint8Array, runKey = 'run-a'): string => {
  try {
    decodeCheckpoint(bytes, { runKey });
  } catch (thrown) {
    return codeOf(thrown);
  }
  return 'none';
};

/** The same bytes under a trailer that fits them: damage that the hash cannot see. */
const resealed = (bytes: Uint8Array): Uint8Array => {
  const copy = bytes.slice();
  copy.set(Buffer.from(sha256Hex(copy.subarray(0, copy.length - 32)), 'hex'), copy.length - 32);
  return copy;
};

describe('the checkpoint codec', () => {
  test('it brings back names, order, header and meta', () => {
    const decoded = decodeCheckpoint(encodeCheckpoint(content), { runKey: 'run-a' });
    expect(decoded).toMatchObject({ runKey: 'run-a', round: 41, numericsVersion: 3, meta: content.meta });
    expect(Object.keys(decoded.sections)).toEqual(['x', 'empty', 'g']);
  });

  test('it keeps every bit of any doubles, NaN payloads included, wherever the bytes lie in memory', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 50 })), {
          selector: ([name]) => name,
          maxLength: 6,
        }),
        fc.nat(15),
        (sections, shift) => {
          const bytes = encodeCheckpoint({
            ...content,
            sections: sections.map(([name, bits]) => [name, new Float64Array(BigUint64Array.from(bits).buffer)] as const),
          });
          const elsewhere = new Uint8Array(new ArrayBuffer(bytes.length + 16), shift, bytes.length);
          elsewhere.set(bytes);
          const decoded = decodeCheckpoint(elsewhere, { runKey: 'run-a' });
          for (const [name, bits] of sections) expect(bitsOf(decoded.sections[name]!)).toEqual(bits);
          expect(Object.keys(decoded.sections)).toHaveLength(sections.length);
        },
      ),
    );
  });

  test('it encodes views of shared memory, and decodes shared bytes', () => {
    const heap = new Float64Array(new SharedArrayBuffer(80));
    heap.set([9, 8, 7], 2);
    const bytes = encodeCheckpoint({ ...content, sections: { x: heap.subarray(2, 5) } });
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    expect([...decodeCheckpoint(shared, { runKey: 'run-a' }).sections['x']!]).toEqual([9, 8, 7]);
  });

  test('it writes the same bytes for the same content', () => {
    expect(encodeCheckpoint(content)).toEqual(encodeCheckpoint({ ...content, meta: { counters: [1, 2], warm: true } }));
  });

  test('it notices any flipped bit', () => {
    const bytes = encodeCheckpoint(content);
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const flipped = bytes.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(codeOfDecoding(flipped)).toBe('MARINADE_STORAGE_CHECKPOINT');
      }),
    );
  });

  test('it notices every truncation and anything appended', () => {
    const bytes = encodeCheckpoint(content);
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOfDecoding(bytes.subarray(0, length))).toBe('MARINADE_STORAGE_CHECKPOINT');
    }
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(codeOfDecoding(longer)).toBe('MARINADE_STORAGE_CHECKPOINT');
  });

  test("it refuses another run's checkpoint", () => {
    expect(codeOfDecoding(encodeCheckpoint(content), 'run-b')).toBe('MARINADE_STORAGE_CHECKPOINT');
  });

  test('it tells another format version from damage', () => {
    const newer = encodeCheckpoint(content);
    newer[8] = 2;
    expect(codeOfDecoding(resealed(newer))).toBe('MARINADE_PROTOCOL_VERSION');
  });

  test('it refuses lengths that do not add up, even under a fitting hash', () => {
    const text = Buffer.from(encodeCheckpoint(content)).toString('latin1');
    const lying = (from: string, to: string): Uint8Array => resealed(new Uint8Array(Buffer.from(text.replace(from, to), 'latin1')));
    expect(codeOfDecoding(lying('["x",3]', '["x",4]'))).toBe('MARINADE_STORAGE_CHECKPOINT');
    expect(codeOfDecoding(lying('["x",3]', '["x",2]'))).toBe('MARINADE_STORAGE_CHECKPOINT');
    expect(codeOfDecoding(lying('["x",3]', '["x",}]'))).toBe('MARINADE_STORAGE_CHECKPOINT');
    const longHeader = encodeCheckpoint(content);
    new DataView(longHeader.buffer).setUint32(12, 0xffffffff, true);
    expect(codeOfDecoding(resealed(longHeader))).toBe('MARINADE_STORAGE_CHECKPOINT');
  });

  test('it refuses two sections of one name and meta that JSON would change', () => {
    const x = Float64Array.of(1);
    expect(() =>
      encodeCheckpoint({
        ...content,
        sections: [
          ['x', x],
          ['x', x],
        ],
      }),
    ).toThrow(/distinct names/);
    expect(() => encodeCheckpoint({ ...content, meta: { level: Number.NaN } })).toThrow(/finite/);
  });
});
