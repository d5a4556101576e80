/** Rounds per second of one thread, against native C and vectorised NumPy in the same run. */

import { SharedHeap } from '../src/worker/shared-heap.ts';
import { type Missing, nativePeer, type Peer, pythonPeer } from './support/peer.ts';
import type { Question } from './support/question.ts';
import { dataFile, loadRegistered, referenceRun } from './support/setting.ts';
import { against, spread } from './support/spread.ts';

const REPEATS = 25;
const ROUNDS = 2000;
const NUMPY_ROUNDS = 400;

async function timed(peer: Peer | Missing, seed: number, rounds: number): Promise<{ rate: number; loss: number } | undefined> {
  if ('missing' in peer) return undefined;
  const [seconds, loss] = (await peer.ask(`${seed} ${rounds}`)).split(' ').map(Number);
  return { rate: (rounds + 1) / seconds!, loss: loss! };
}

export const rounds: Question = {
  name: 'rounds',
  asks: 'How many rounds per second does a thread compute in the reference setting (a9a, 15 + 5 clients, cohort 4, batch 32)?',
  async answer(print) {
    const heap = new SharedHeap();
    const data = await loadRegistered('a9a', heap.arena());
    const plain = new SharedHeap(undefined, 'reference');
    const plainData = await loadRegistered('a9a', plain.arena());
    const file = dataFile(data);
    const native = nativePeer('round', [file.path]);
    const numpy = await pythonPeer('round', [file.path]);
    try {
      const rates: number[] = [];
      const ofNative: number[] = [];
      const ofReference: number[] = [];
      const ofNumpy: number[] = [];
      let worst = 0;
      referenceRun(heap, data, 1, ROUNDS);
      referenceRun(plain, plainData, 1, ROUNDS);
      for (let seed = 1; seed <= REPEATS; seed++) {
        const { seconds, loss } = referenceRun(heap, data, seed, ROUNDS);
        const rate = (ROUNDS + 1) / seconds;
        rates.push(rate);
        ofReference.push((rate * referenceRun(plain, plainData, seed, ROUNDS).seconds) / (ROUNDS + 1));
        const inC = await timed(native, seed, ROUNDS);
        if (inC !== undefined) {
          ofNative.push(rate / inC.rate);
          worst = Math.max(worst, Math.abs(inC.loss - loss) / loss);
        }
        const inNumpy = await timed(numpy, seed, NUMPY_ROUNDS);
        if (inNumpy !== undefined) ofNumpy.push(rate / inNumpy.rate);
      }
      print(`rounds per second of thread time: ${spread(rates)}`);
      print(`times the reference kernels: ${spread(ofReference)}`);
      if ('missing' in native) print(`share of native C: skipped: ${native.missing}`);
      else {
        print(
          `share of native C: ${spread(ofNative)}; ${against(ofNative, { least: 0.65 })} [${native.description}; row by row, libm exp]`,
        );
        print(`  same draws, same messages; final losses agree to ${worst.toExponential(1)}`);
      }
      if ('missing' in numpy) print(`times NumPy: skipped: ${numpy.missing}`);
      else
        print(`times NumPy: ${spread(ofNumpy)}; ${against(ofNumpy, { least: 5 })} [${numpy.description}; a round's messages in one batch]`);
    } finally {
      for (const peer of [native, numpy]) if (!('missing' in peer)) peer.close();
      file.remove();
    }
  },
};
