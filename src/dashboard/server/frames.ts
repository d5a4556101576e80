/**
 * Columns of numbers as bytes, since JSON has no NaN and no Infinity and is slow to read:
 *
 *   u32 length of the head, the head as JSON (padded with spaces to a multiple of 8, the u32 and 4 zero bytes included),
 *   then the columns as little-endian f64, in the order the head names them
 */
export interface ColumnFrame {
  readonly about: object;
  readonly columns: Readonly<Record<string, Float64Array>>;
}

export function encodeFrames(about: object, frames: readonly ColumnFrame[]): Buffer {
  const head = JSON.stringify({
    schema: 1,
    ...about,
    frames: frames.map((frame) => ({
      ...frame.about,
      columns: Object.entries(frame.columns).map(([name, { length }]) => [name, length]),
    })),
  });
  const text = Buffer.from(head, 'utf8');
  const padded = Math.ceil(text.length / 8) * 8;
  const columns = frames.flatMap((frame) => Object.values(frame.columns));
  const bytes = Buffer.alloc(8 + padded + 8 * columns.reduce((sum, { length }) => sum + length, 0), ' ');
  bytes.writeUInt32LE(padded, 0);
  bytes.writeUInt32LE(0, 4);
  text.copy(bytes, 8);
  let at = 8 + padded;
  for (const column of columns) {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  }
  return bytes;
}
