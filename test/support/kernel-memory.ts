/** A memory for wasm kernels, cut from front to back, and numbers of every kind to put into it. */
import type { KernelMemory } from '../../src/algorithm/kernels/wasm.ts';
import { KeyedStream } from '../../src/algorithm/random/streams.ts';

/** 64-byte aligned pieces of so many pages of 64 KiB; `again` gives back all, beside what the kernels took for themselves. */
export function kernelMemory(pages = 512): { readonly kernels: KernelMemory; again(): void } & Omit<KernelMemory, 'memory'> {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const pieces = (from: number) => {
    let next = from;
    const take = (bytes: number): number => {
      const offset = next;
      next += Math.ceil(bytes / 64) * 64;
      return offset;
    };
    return {
      doubles: (length: number) => new Float64Array(memory.buffer, take(8 * length), length),
      ints: (length: number) => new Int32Array(memory.buffer, take(4 * length), length),
      again() {
        next = from;
      },
    };
  };
  const ofKernels = 4;
  return { ...pieces(ofKernels * 65536), kernels: { memory, ...pieces(64) } };
}

/** What arrays of a test hold: each makes one number from a stream. */
export const kindsOfNumbers = {
  usual: (stream) => stream.normal(),
  denormal: (stream) => stream.normal() * 3e-310,
  huge: (stream) => stream.normal() * 10 ** (290 + 18 * stream.uniform()),
  'of all sizes': (stream) => stream.normal() * 10 ** (40 * stream.normal()),
  'with zeros of both signs and ties': (stream) => [0, -0, 1, -1, 2, 0.5][stream.below(6)]!,
  'partly not finite': (stream) =>
    stream.below(5) > 0 ? stream.normal() : [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0][stream.below(4)]!,
  'mostly not finite': (stream) => [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1][stream.below(4)]!,
} as const satisfies Record<string, (stream: KeyedStream) => number>;

export type KindOfNumbers = keyof typeof kindsOfNumbers;

export function numbers(kind: KindOfNumbers, length: number, salt: number): Float64Array {
  const stream = new KeyedStream(salt, 'measurement').at(length);
  return Float64Array.from({ length }, () => kindsOfNumbers[kind](stream));
}
