/**
 * How strategies get memory: they declare it, the engine lays it out once, a warm round allocates nothing.
 *
 * *State* is what a checkpoint keeps (a momentum, the previous output of a rule); *workspace* is scratch that holds
 * nothing between calls. Both are declared as named lengths in doubles and arrive as named arrays.
 */

import type { Kernels } from './kernels.ts';

/** Bytes of the one memory that the threads of a process share: a page short of the 4 GiB that wasm can address. */
export const sharedMemoryBytes = 65535 * 65536;

/** Named lengths in doubles. */
export type Layout<Names extends string = string> = Readonly<Record<Names, number>>;

/** The arrays of a layout. */
export type Arrays<Names extends string = string> = Readonly<Record<Names, Float64Array>>;

/** What layouts may depend on: the most rows a rule can be given, all clients, and the dimension. */
export interface Shape {
  readonly n: number;
  readonly d: number;
}

/** A place where arrays come from, the shared heap of a process or plain memory, and the kernels that compute on them. */
export interface Arena {
  readonly kernels: Kernels;
  /** `length` doubles, zeroed, aligned to 64 bytes. */
  doubles(length: number): Float64Array;
  /** `length` 32-bit integers, zeroed, aligned to 64 bytes. */
  ints(length: number): Int32Array;
  /** Gives back everything taken from this arena. */
  release(): void;
}

/** Arrays for a layout, cut out of one block so that a block is a checkpoint. */
export function arraysFor<Names extends string>(layout: Layout<Names>, take: (length: number) => Float64Array): Arrays<Names> {
  const arrays = Object.create(null) as Record<Names, Float64Array>;
  for (const name of Object.keys(layout) as Names[]) arrays[name] = take(layout[name]);
  return arrays;
}
