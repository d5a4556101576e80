/** A thread that takes and gives back blocks of a shared heap, and looks whether anybody else wrote into them. */
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap } from '../../src/worker/shared-heap.ts';
import { randomFrom } from '../orchestrator/ledger/runs.ts';

const { memory, seed, steps } = workerData as { memory: WebAssembly.Memory; seed: number; steps: number };
const heap = new SharedHeap(memory);
const uniform = randomFrom(seed);
const blocks: Uint8Array[] = [];
let answer = 'intact';
for (let i = 0; i < steps; i++) {
  if (blocks.length > 20 || (blocks.length > 0 && uniform() < 0.5)) {
    const block = blocks.splice(Math.floor(uniform() * blocks.length), 1)[0]!;
    if (block[0] !== seed || block.at(-1) !== seed) answer = 'overwritten';
    heap.free(block.byteOffset);
  } else {
    const bytes = 1 + Math.floor(uniform() * 500);
    const block = new Uint8Array(memory.buffer, heap.allocate(bytes), bytes);
    if (block[0] !== 0 || block.at(-1) !== 0) answer = 'given twice, or not zeroed';
    block.fill(seed);
    blocks.push(block);
  }
}
for (const block of blocks) heap.free(block.byteOffset);
parentPort!.postMessage(answer);
