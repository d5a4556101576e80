/** A helper at a barrier: claims tasks and counts each, now and then late, until the leader closes or it is told to fail. */
import { parentPort, workerData } from 'node:worker_threads';
import { Barrier } from '../../src/worker/barrier.ts';
import { randomFrom } from '../orchestrator/ledger/runs.ts';

interface Told {
  readonly ints: Int32Array;
  /** Per task and round, how often it was done. */
  readonly done: Int32Array;
  readonly tasks: number;
  readonly seed: number;
  /** Claims after which this helper fails; 0 for never. */
  readonly failAfter: number;
  /** Sleeps now and then, so that the leader has to. */
  readonly sleepy: boolean;
}

const { ints, done, tasks, seed, failAfter, sleepy } = workerData as Told;
const barrier = new Barrier(ints);
const uniform = randomFrom(seed);
const nothing = new Int32Array(new SharedArrayBuffer(4));
let claims = 0;

function helpUntilClosed(): string {
  for (let seen: number | undefined = 0; ; ) {
    seen = barrier.awaitRound(seen);
    if (seen === undefined) return 'closed';
    for (let task = barrier.claim(); task >= 0; task = barrier.claim()) {
      if (++claims === failAfter) {
        barrier.fail();
        return 'failed';
      }
      if (sleepy && uniform() < 0.05) Atomics.wait(nothing, 0, 0, 2);
      // The round that is in place, not the one that woke this thread, is the one the task belongs to.
      Atomics.add(done, ints[15]! * tasks + task, 1);
      barrier.complete();
    }
  }
}

parentPort!.postMessage({ end: helpUntilClosed(), claims });
