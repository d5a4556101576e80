/** The IDX reader: headers are checked against the length of the file before anything is allocated. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIdx } from '../../../src/algorithm/data/parse-idx.ts';
import { MarinadeError } from '../../../src/shared/errors.ts';

/** A file with a magic number, dimensions and bytes. */
function idx(magic: number, sizes: readonly number[], content: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * sizes.length + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  sizes.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  bytes.set(content, 4 + 4 * sizes.length);
  return bytes;
}

const images = idx(2051, [2, 2, 3], [0, 255, 0, 51, 0, 1, 0, 0, 0, 0, 0, 0]);
const labels = idx(2049, [2], [7, 3]);

function refusal(imageBytes: Uint8Array, labelBytes: Uint8Array): MarinadeError {
  try {
    parseIdx(imageBytes, 'images', labelBytes, 'labels');
  } catch (thrown) {
    if (thrown instanceof MarinadeError) return thrown;
    throw thrown;
  }
  throw new Error('it was accepted');
}

describe('the IDX reader', () => {
  it('reads images as sparse rows of byte / 255, and labels', () => {
    const parsed = parseIdx(images, 'images', labels, 'labels');
    expect(parsed).toMatchObject({ rows: 2, columns: 6 });
    expect([...parsed.rowStart]).toEqual([0, 3, 3]);
    expect([...parsed.columnOf]).toEqual([1, 3, 5]);
    expect([...parsed.values!]).toEqual([1, 51 / 255, 1 / 255]);
    expect([...parsed.labels]).toEqual([7, 3]);
  });

  it.each([
    ['images where labels belong', labels, labels, 'images', 'the header has 16 bytes; the file ends before', 10],
    ['another magic number', idx(2050, [2, 2, 3], Array(12).fill(0)), labels, 'images', 'expected the magic number 2051; got 2050', 0],
    ['a little-endian magic number', idx(0x03080000, [2, 2, 3], Array(12).fill(0)), labels, 'images', 'expected the magic number', 0],
    ['an empty file', new Uint8Array(0), labels, 'images', 'the header has 16 bytes; the file ends before', 0],
    ['half a header', images.subarray(0, 9), labels, 'images', 'the header has 16 bytes; the file ends before', 9],
    ['missing pixels', images.subarray(0, 27), labels, 'images', 'expected 28 bytes for 2 x 2 x 3; got 27', 27],
    ['a byte too many', new Uint8Array([...images, 0]), labels, 'images', 'expected 28 bytes for 2 x 2 x 3; got 29', 28],
    ['no image', idx(2051, [0, 2, 3], []), labels, 'images', 'dimensions must be positive; got 0 x 2 x 3', 4],
    ['images of no pixel', idx(2051, [2, 0, 3], []), labels, 'images', 'dimensions must be positive; got 2 x 0 x 3', 4],
    ['a label missing', images, idx(2049, [1], [7]), 'labels', 'expected 2 labels, one for each image; got 1', 4],
    ['a truncated file of labels', images, labels.subarray(0, 9), 'labels', 'expected 10 bytes for 2; got 9', 9],
  ])('refuses %s with file and byte', (_what, imageBytes, labelBytes, file, what, offset) => {
    const error = refusal(imageBytes, labelBytes);
    expect(error.code).toBe('MARINADE_DATA_MALFORMED');
    expect(error.details).toEqual({ file, offset });
    expect(error.text).toContain(`${file}: byte ${offset}: ${what}`);
  });

  it.each([[[0xffffffff, 0xffffffff, 0xffffffff]], [[65536, 65536, 1]], [[1, 65536, 32768]], [[2 ** 31, 1, 1]]])(
    'refuses dimensions %j as too large without allocating them',
    (sizes) => {
      const error = refusal(idx(2051, sizes, []), labels);
      expect(error.code).toBe('MARINADE_DATA_TOO_LARGE');
      expect(error.text).toContain(`dimensions ${sizes.join(' x ')}`);
    },
  );

  it('reads or refuses with a place, whatever the bytes', () => {
    const changed = (good: Uint8Array) =>
      fc.tuple(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 3 }), fc.nat(good.length)).map(([changes, end]) => {
        const bytes = good.slice(0, end < 3 ? end : good.length);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        return bytes;
      });
    let accepted = 0;
    fc.assert(
      fc.property(changed(images), changed(labels), (imageBytes, labelBytes) => {
        try {
          const { rows, columns, columnOf, values } = parseIdx(imageBytes, 'images', labelBytes, 'labels');
          accepted++;
          expect(rows * columns).toBe(imageBytes.length - 16);
          expect(columnOf.length).toBe(imageBytes.subarray(16).filter((pixel) => pixel > 0).length);
          expect(values!.every((value) => value > 0 && value <= 1)).toBe(true);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MarinadeError);
          expect((thrown as MarinadeError).code).toMatch(/^MARINADE_DATA_(MALFORMED|TOO_LARGE)$/);
          expect((thrown as MarinadeError).details).toHaveProperty('offset');
        }
      }),
      { seed: 4, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });
});
