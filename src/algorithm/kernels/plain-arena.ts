import type { Arena } from '../../shared/contracts/memory.ts';
import { referenceKernels } from './reference/index.ts';

/** Arena over ordinary memory with the reference kernels: for the library, for tests, for anything small. */
export function plainArena(): Arena {
  return {
    kernels: referenceKernels,
    doubles: (length) => new Float64Array(length),
    ints: (length) => new Int32Array(length),
    release: () => {},
  };
}
