/**
 * Views that came from another thread are views of this thread's memory in all but name: their buffer is another object
 * over the same bytes. Kernels know their memory by its object, so what is received is looked at through this thread's.
 */
import type { Dataset } from '../../shared/contracts/problem.ts';
import type { LoadedData } from './load.ts';

/** The same data as views of `buffer`. */
export function adopted(loaded: LoadedData, buffer: SharedArrayBuffer): LoadedData {
  return {
    ...loaded,
    data: seenThrough(buffer, loaded.data),
    test: loaded.test === undefined ? undefined : seenThrough(buffer, loaded.test),
  };
}

function seenThrough(buffer: SharedArrayBuffer, data: Dataset): Dataset {
  const seen = (value: unknown): unknown => {
    if (value instanceof Float64Array) return new Float64Array(buffer, value.byteOffset, value.length);
    return value instanceof Int32Array ? new Int32Array(buffer, value.byteOffset, value.length) : value;
  };
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, seen(value)])) as unknown as Dataset;
}
