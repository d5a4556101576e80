/** Reads the IDX format of the MNIST family: big-endian magic, dimensions, then unsigned bytes. Pixels become byte / 255. */
import { malformed, tooLarge } from './malformed.ts';
import type { ParsedRows } from './parsed-rows.ts';

const IMAGES = 0x00000803;
const LABELS = 0x00000801;
/** Bytes of pixels that are accepted; columns and entries are 32-bit integers. */
const MAX_PIXELS = 2 ** 31 - 1;

/** @throws MARINADE_DATA_MALFORMED, MARINADE_DATA_TOO_LARGE; dimensions are checked against the length before anything is allocated */
export function parseIdx(images: Uint8Array, imagesFile: string, labels: Uint8Array, labelsFile: string): ParsedRows {
  const [rows, height, width] = header(images, imagesFile, IMAGES, 3) as [number, number, number];
  const columns = height * width;
  if (rows === 0 || columns === 0) malformed(imagesFile, 4, `dimensions must be positive; got ${rows} x ${height} x ${width}`);
  const [count] = header(labels, labelsFile, LABELS, 1) as [number];
  if (count !== rows) malformed(labelsFile, 4, `expected ${rows} labels, one for each image; got ${count}`);

  const pixels = images.subarray(16);
  let stored = 0;
  for (let p = 0; p < pixels.length; p++) if (pixels[p] !== 0) stored++;
  const scaled = Float64Array.from({ length: 256 }, (_, pixel) => pixel / 255);
  const rowStart = new Int32Array(rows + 1);
  const columnOf = new Int32Array(stored);
  const values = new Float64Array(stored);
  let entries = 0;
  for (let row = 0; row < rows; row++) {
    entries = storeImage(pixels, row * columns, columns, scaled, entries, columnOf, values);
    rowStart[row + 1] = entries;
  }
  return { rows, columns, rowStart, columnOf, values, rowValue: undefined, labels: Float64Array.from(labels.subarray(8)) };
}

function storeImage(
  pixels: Uint8Array,
  from: number,
  columns: number,
  scaled: Float64Array,
  entries: number,
  columnOf: Int32Array,
  values: Float64Array,
): number {
  let p = entries;
  for (let j = 0; j < columns; j++) {
    const pixel = pixels[from + j]!;
    if (pixel === 0) continue;
    columnOf[p] = j;
    values[p++] = scaled[pixel]!;
  }
  return p;
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
    if (product > MAX_PIXELS) tooLarge(file, 4, `dimensions ${sizes.join(' x ')} exceed ${MAX_PIXELS} bytes`);
  }
  if (bytes.length !== length + product) {
    const end = Math.min(bytes.length, length + product);
    malformed(file, end, `expected ${length + product} bytes for ${sizes.join(' x ')}; got ${bytes.length}`);
  }
  return sizes;
}
