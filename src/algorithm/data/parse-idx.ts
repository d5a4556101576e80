/** Reads the IDX format of the MNIST family: big-endian magic, dimensions, then unsigned bytes. Pixels become byte / 255. */
import { malformed } from './malformed.ts';
import type { ParsedRows } from './parse-libsvm.ts';

const IMAGES = 0x00000803;
const LABELS = 0x00000801;

/** @throws MARINADE_DATA_MALFORMED; dimensions are checked against the length before anything is allocated */
export function parseIdx(images: Uint8Array, imagesFile: string, labels: Uint8Array, labelsFile: string): ParsedRows {
  const [rows, height, width] = header(images, imagesFile, IMAGES, 3) as [number, number, number];
  const columns = height * width;
  if (rows === 0 || columns === 0) malformed(imagesFile, 4, `dimensions must be positive; got ${rows} x ${height} x ${width}`);
  const [count] = header(labels, labelsFile, LABELS, 1) as [number];
  if (count !== rows) malformed(labelsFile, 4, `expected ${rows} labels, one for each image; got ${count}`);

  const pixels = images.subarray(16);
  let stored = 0;
  for (const pixel of pixels) if (pixel !== 0) stored++;
  const rowStart = new Int32Array(rows + 1);
  const columnOf = new Int32Array(stored);
  const values = new Float64Array(stored);
  let p = 0;
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) {
      const pixel = pixels[row * columns + j]!;
      if (pixel === 0) continue;
      columnOf[p] = j;
      values[p++] = pixel / 255;
    }
    rowStart[row + 1] = p;
  }
  return { rows, columns, rowStart, columnOf, values, labels: Float64Array.from(labels.subarray(8)) };
}

/** The dimensions of a file with the expected magic number, whose length is exactly what they say. */
function header(bytes: Uint8Array, file: string, magic: number, dimensions: number): number[] {
  const length = 4 + 4 * dimensions;
  if (bytes.length < length) malformed(file, bytes.length, `the header has ${length} bytes; the file ends before`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== magic) malformed(file, 0, `expected the magic number ${magic}; got ${view.getUint32(0)}`);
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  // At most 2^32 each, so the product is checked step by step against what a file can hold.
  let product = 1;
  for (const size of sizes) {
    product *= size;
    if (product > 2 ** 31) malformed(file, 4, `dimensions ${sizes.join(' x ')} are too large`);
  }
  if (bytes.length !== length + product)
    malformed(
      file,
      Math.min(bytes.length, length + product),
      `expected ${length + product} bytes for ${sizes.join(' x ')}; got ${bytes.length}`,
    );
  return sizes;
}
