import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../src/shared/errors.ts';
import { SharedHeap } from '../../src/worker/shared-heap.ts';
import { randomFrom } from '../orchestrator/ledger/runs.ts';

const GIB = 2 ** 30;
/** A block takes whole units of 64 bytes and one for its header. */
const cost = (bytes: number): number => 64 * (Math.ceil(Math.max(bytes, 1) / 64) + 1);

describe('the shared heap', () => {
  test('it hands out zeroed, aligned blocks that do not overlap', () => {
    const heap = new SharedHeap();
    const arena = heap.arena();
    const doubles = [arena.doubles(3), arena.doubles(100), arena.doubles(0)];
    const ints = arena.ints(5);
    for (const view of [...doubles, ints]) {
      expect(view.byteOffset % 64).toBe(0);
      expect(view.every((value) => value === 0)).toBe(true);
    }
    for (const [i, view] of doubles.entries()) view.fill(i + 1);
    ints.fill(-1);
    expect(doubles.every((view, i) => view.every((value) => value === i + 1))).toBe(true);
    expect(heap.used()).toBe(cost(24) + cost(800) + cost(0) + cost(20));
  });

  test('it zeroes a block that is used again', () => {
    const heap = new SharedHeap();
    const first = heap.allocate(640);
    new Uint8Array(heap.memory.buffer, first, 640).fill(255);
    heap.free(first);
    const again = heap.allocate(640);
    expect(again).toBe(first);
    expect(new Uint8Array(heap.memory.buffer, again, 640).every((byte) => byte === 0)).toBe(true);
  });

  test('it merges freed neighbours, in whatever order they are freed', () => {
    const heap = new SharedHeap();
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ]) {
      const blocks = [heap.allocate(100), heap.allocate(1000), heap.allocate(10)];
      const behind = heap.allocate(1);
      for (const i of order) heap.free(blocks[i]!);
      // As large as all three with the two headers between them.
      expect(heap.allocate(cost(100) + cost(1000) + cost(10) - 64)).toBe(blocks[0]);
      heap.free(blocks[0]!);
      heap.free(behind);
    }
    expect(heap.used()).toBe(0);
  });

  test('it gives back all of an arena at once, and nothing else', () => {
    const heap = new SharedHeap();
    const [kept, released] = [heap.arena(), heap.arena()];
    kept.doubles(10);
    for (let i = 0; i < 50; i++) released.doubles(i);
    released.release();
    released.release();
    expect(heap.used()).toBe(cost(80));
    released.ints(1);
    released.release();
    expect(heap.used()).toBe(cost(80));
  });

  test('it refuses what does not fit, with the numbers, and goes on', () => {
    const heap = new SharedHeap();
    heap.allocate(2 ** 20);
    let thrown: unknown;
    try {
      heap.allocate(4 * GIB);
    } catch (caught) {
      thrown = caught;
    }
    expect(codeOf(thrown)).toBe('MARINADE_PRECONDITION_MEMORY');
    expect((thrown as Error).message).toContain('4096.0 MiB more do not fit into the 4 GiB of shared memory, of which 1.0 MiB are in use');
    expect(heap.allocate(64)).toBeGreaterThan(0);
  });

  test('it takes back what dead threads held, never what the process or a living thread holds', () => {
    const heap = new SharedHeap();
    heap.arena().doubles(1);
    for (const thread of [3, 4, 5]) heap.arena(thread).doubles(100 * thread);
    heap.reclaim(new Set([4, 6]));
    expect(heap.used()).toBe(cost(8) + cost(3200));
    heap.reclaim(new Set());
    expect(heap.used()).toBe(cost(8));
    // What was taken back is one piece again.
    const before = heap.allocate(1);
    heap.free(before);
    expect(heap.allocate(cost(2400) + cost(3200) + cost(4000) - 64)).toBe(before);
  });

  test('it stays consistent through 20,000 random allocations and frees', () => {
    const heap = new SharedHeap();
    const uniform = randomFrom(5);
    const blocks: { offset: number; bytes: number; mark: number }[] = [];
    for (let i = 0; i < 20_000; i++) {
      if (blocks.length > 60 || (blocks.length > 0 && uniform() < 0.45)) {
        const [block] = blocks.splice(Math.floor(uniform() * blocks.length), 1);
        const { offset, bytes, mark } = block!;
        const view = new Uint8Array(heap.memory.buffer, offset, bytes);
        if (view[0] !== mark || view[bytes - 1] !== mark) throw new Error(`block at ${offset} was overwritten`);
        heap.free(offset);
      } else {
        const bytes = 1 + Math.floor(uniform() * 3000);
        const mark = i % 251;
        const offset = heap.allocate(bytes);
        new Uint8Array(heap.memory.buffer, offset, bytes).fill(mark);
        blocks.push({ offset, bytes, mark });
      }
    }
    expect(heap.used()).toBe(blocks.reduce((sum, { bytes }) => sum + cost(bytes), 0));
    for (const { offset } of blocks) heap.free(offset);
    expect(heap.used()).toBe(0);
  });

  test('it serves several threads at once: no block is given twice, nothing is lost', async () => {
    const heap = new SharedHeap();
    const threads = [11, 22, 33].map(
      (seed) =>
        new Worker(new URL('./heap-thread.ts', import.meta.url), {
          workerData: { memory: heap.memory, seed, steps: 20_000 },
          execArgv: [],
        }),
    );
    const answers = await Promise.all(threads.map(async (thread) => (await once(thread, 'message'))[0] as string));
    await Promise.all(threads.map((thread) => thread.terminate()));
    expect(answers).toEqual(['intact', 'intact', 'intact']);
    expect(heap.used()).toBe(0);
  });
});
