/**
 * `reference/sparse.ts` in WebAssembly: the same additions in the same order. What full passes and batches share.
 *
 * Margins of a block of rows come first, then all sigmoids of the block, then what is done with them. Pointers are bytes
 * into the memory; `values` and `weights` are 0 where the data have none, `rows` is 0 for the identity. `scratch` points
 * to memory that holds nothing between calls, `constants` to the table of scalar.ts.
 */

export const BLOCK: i32 = 256;

/** The parts of `scratch`: two doubles a row, three more, then room to put coordinates of x and xPrevious side by side. */
export const MARGINS: usize = 0;
export const RECORDS: usize = <usize>BLOCK * 16;
export const PAIRS: usize = <usize>BLOCK * 40;

export const LOGISTIC: i32 = 0;

@inline
export function int(base: usize, index: i32): i32 {
  return load<i32>(base + (<usize>index << 2));
}

@inline
export function double(base: usize, index: i32): f64 {
  return load<f64>(base + (<usize>index << 3));
}

/** The coordinate of x that a stored column number names. */
@inline
function coordinate(x: usize, column: usize): f64 {
  return load<f64>(x + (<usize>load<i32>(column) << 3));
}

/** a_row . x, times the row's value where rows have one. */
@inline
export function margin(rowStart: usize, columnOf: usize, values: usize, rowValue: usize, row: i32, x: usize): f64 {
  const from = int(rowStart, row);
  const to = int(rowStart, row + 1);
  let p = columnOf + (<usize>from << 2);
  const end = columnOf + (<usize>to << 2);
  let even: f64 = 0;
  let odd: f64 = 0;
  if (values == 0) {
    for (; p + 16 <= end; p += 16) {
      even += coordinate(x, p);
      odd += coordinate(x, p + 4);
      even += coordinate(x, p + 8);
      odd += coordinate(x, p + 12);
    }
    if (p + 8 <= end) {
      even += coordinate(x, p);
      odd += coordinate(x, p + 4);
      p += 8;
    }
    if (p < end) even += coordinate(x, p);
    return (even + odd) * double(rowValue, row);
  }
  let value = values + (<usize>from << 3);
  for (; p + 8 <= end; p += 8) {
    even += load<f64>(value) * coordinate(x, p);
    odd += load<f64>(value, 8) * coordinate(x, p + 4);
    value += 16;
  }
  if (p < end) even += load<f64>(value) * coordinate(x, p);
  return even + odd;
}
