/**
 * The process's one shared memory: data sets, run state and message rows of all threads live in it, so nothing is ever
 * cloned between threads and wasm kernels can address everything.
 *
 * A `WebAssembly.Memory` of (almost) 4 GiB is reserved up front (pages cost nothing until touched; growing would leave threads
 * with stale views). It is cut into blocks of 64-byte units, each with a one-unit header [units, owner]; allocation is
 * first fit under a lock and merges free neighbours on its way. It happens when runs begin and end, never in a round.
 *
 * A block belongs to the process or to one thread: what a thread held when it died is taken back by `reclaim`. Nothing
 * that can fail happens under the lock, so no thread dies holding it.
 */
import { referenceKernels } from '../algorithm/kernels/reference/index.ts';
import { createWasmKernels, type KernelMemory } from '../algorithm/kernels/wasm.ts';
import type { Kernels, KernelsName } from '../shared/contracts/kernels.ts';
import { type Arena, sharedMemoryBytes } from '../shared/contracts/memory.ts';
import { MarinadeError } from '../shared/errors.ts';

const UNIT = 64;
const WORDS_PER_UNIT = UNIT / 4;
/** V8 keeps the length of a buffer in 32 bits when it clones a view, and 4 GiB would be 0 there: hence one page less. */
const PAGES = sharedMemoryBytes / 65536;
/** Units of the whole memory; the first unit holds the lock. */
const UNITS = sharedMemoryBytes / UNIT;
const FIRST = 1;
/** The owner of a free block; the process owns as thread 0, the main thread. */
const FREE = 0;

export class SharedHeap {
  readonly memory: WebAssembly.Memory;
  readonly #words: Int32Array;
  readonly #kernelsName: KernelsName;
  readonly #thread: number;
  #kernels: Kernels | undefined;

  /** Attaches a thread to a memory made by another one, or makes one. */
  constructor(memory?: WebAssembly.Memory, kernels: KernelsName = 'wasm', thread = 0) {
    this.#kernelsName = kernels;
    this.#thread = thread;
    this.memory = memory ?? reserve();
    this.#words = new Int32Array(this.memory.buffer);
    if (memory === undefined) this.#setHeader(FIRST, UNITS - FIRST, FREE);
  }

  /** The kernels of this thread on this memory, made when they are first needed. */
  get kernels(): Kernels {
    this.#kernels ??= this.#kernelsName === 'reference' ? referenceKernels : createWasmKernels(this.#ofThread());
    return this.#kernels;
  }

  /** A zeroed block of so many bytes for a thread, as an offset into the memory. */
  allocate(bytes: number, thread = 0): number {
    const wanted = Math.ceil(Math.max(bytes, 1) / UNIT) + 1;
    this.#lock();
    const unit = this.#take(wanted, thread + 1);
    this.#unlock();
    if (unit !== undefined) {
      const offset = (unit + 1) * UNIT;
      new Uint8Array(this.memory.buffer, offset, (wanted - 1) * UNIT).fill(0);
      return offset;
    }
    throw new MarinadeError(
      'MARINADE_PRECONDITION_MEMORY',
      `${(bytes / 2 ** 20).toFixed(1)} MiB more do not fit into the ${((UNITS * UNIT) / 2 ** 30).toFixed(0)} GiB of shared memory, of which ${(this.used() / 2 ** 20).toFixed(1)} MiB are in use; use fewer threads or smaller data`,
      { bytes },
    );
  }

  /** Gives a block back. */
  free(offset: number): void {
    this.#lock();
    this.#words[(offset / UNIT - 1) * WORDS_PER_UNIT + 1] = FREE;
    this.#unlock();
  }

  /** Frees what belongs to threads that are no more. */
  reclaim(living: ReadonlySet<number>): void {
    this.#lock();
    for (let unit = FIRST; unit < UNITS; unit += this.#words[unit * WORDS_PER_UNIT]!) {
      const owner = this.#words[unit * WORDS_PER_UNIT + 1]!;
      if (owner !== FREE && owner !== 1 && !living.has(owner - 1)) this.#words[unit * WORDS_PER_UNIT + 1] = FREE;
    }
    this.#unlock();
  }

  /** Bytes in use, headers included. */
  used(): number {
    let used = 0;
    this.#lock();
    for (let unit = FIRST; unit < UNITS; ) {
      const word = unit * WORDS_PER_UNIT;
      if (this.#words[word + 1] !== FREE) used += this.#words[word]!;
      unit += this.#words[word]!;
    }
    this.#unlock();
    return used * UNIT;
  }

  /** An arena over this heap for a thread: everything taken from it is given back at once. */
  arena(thread = 0): Arena {
    const taken: number[] = [];
    const take = (bytes: number): number => {
      const offset = this.allocate(bytes, thread);
      taken.push(offset);
      return offset;
    };
    const heap = this;
    return {
      get kernels() {
        return heap.kernels;
      },
      doubles: (length) => new Float64Array(this.memory.buffer, take(8 * length), length),
      ints: (length) => new Int32Array(this.memory.buffer, take(4 * length), length),
      release: () => {
        for (const offset of taken.splice(0)) this.free(offset);
      },
    };
  }

  /** What the kernels take for themselves, for as long as the thread lives. */
  #ofThread(): KernelMemory {
    const { memory } = this;
    return {
      memory,
      doubles: (length) => new Float64Array(memory.buffer, this.allocate(8 * length, this.#thread), length),
      ints: (length) => new Int32Array(memory.buffer, this.allocate(4 * length, this.#thread), length),
    };
  }

  /** The first free block of so many units, cut to size; free neighbours are merged on the way. */
  #take(wanted: number, owner: number): number | undefined {
    for (let unit = FIRST; unit < UNITS; ) {
      const word = unit * WORDS_PER_UNIT;
      let units = this.#words[word]!;
      if (this.#words[word + 1] === FREE) {
        for (let next = unit + units; next < UNITS && this.#words[next * WORDS_PER_UNIT + 1] === FREE; next = unit + units) {
          units += this.#words[next * WORDS_PER_UNIT]!;
        }
        if (units >= wanted) {
          if (units > wanted) this.#setHeader(unit + wanted, units - wanted, FREE);
          this.#setHeader(unit, wanted, owner);
          return unit;
        }
        this.#setHeader(unit, units, FREE);
      }
      unit += units;
    }
    return undefined;
  }

  #setHeader(unit: number, units: number, owner: number): void {
    this.#words[unit * WORDS_PER_UNIT] = units;
    this.#words[unit * WORDS_PER_UNIT + 1] = owner;
  }

  /** The lock is word 0: 0 free, 1 held. Held for microseconds, so waiting is short. */
  #lock(): void {
    while (Atomics.compareExchange(this.#words, 0, 0, 1) !== 0) Atomics.wait(this.#words, 0, 1, 1);
  }

  #unlock(): void {
    Atomics.store(this.#words, 0, 0);
    Atomics.notify(this.#words, 0, 1);
  }
}

function reserve(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  } catch (cause) {
    throw new MarinadeError(
      'MARINADE_PRECONDITION_MEMORY',
      'the system refuses to reserve 4 GiB of address space for shared memory; raise the limit (ulimit -v) or the container quota',
      {},
      cause,
    );
  }
}
