/** `reference/geometry.ts` in WebAssembly. */
import { squaredDistanceBlock } from './vectors';

const BLOCK: i32 = 4096;

@inline
function row(table: usize, i: i32): usize {
  return load<usize>(table + (<usize>i << 2));
}

export function pairwiseSquaredDistances(table: usize, n: i32, d: i32, squared: usize): void {
  memory.fill(squared, 0, <usize>(n * n) << 3);
  for (let from = 0; from < d; from += BLOCK) {
    const to = min(d, from + BLOCK);
    for (let i = 0; i < n; i++) {
      const one = row(table, i);
      for (let l = i + 1; l < n; l++) {
        const at = squared + (<usize>(i * n + l) << 3);
        store<f64>(at, load<f64>(at) + squaredDistanceBlock(one, row(table, l), from, to));
      }
    }
  }
  for (let i = 0; i < n; i++) {
    for (let l = i + 1; l < n; l++) {
      const at = squared + (<usize>(i * n + l) << 3);
      const value = load<f64>(at);
      const ordered = value == value ? value : Infinity;
      store<f64>(at, ordered);
      store<f64>(squared + (<usize>(l * n + i) << 3), ordered);
    }
  }
}
