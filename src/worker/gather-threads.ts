/**
 * The thread plan *clients*: a leading thread runs the round, helpers hold a seat for the whole round job, and the
 * clients of each request are claimed over the barrier. The bits are those of `gatherInline`: a message depends on
 * (round, client, request) alone, and rows are placed by client number.
 *
 * The control block, in shared memory: the barrier's ints, then the request [phase, position, k, number of vectors,
 * offsets of the vectors in doubles from the start of the run's memory], then the task arrays.
 */
import type { ClientSide, Request } from '../algorithm/engine/client-side.ts';
import { answerTask, type Gather } from '../algorithm/engine/gather.ts';
import type { Method } from '../shared/contracts/method.ts';
import { MarinadeError } from '../shared/errors.ts';
import type { Vector } from '../shared/vector.ts';
import { BARRIER_INTS, Barrier } from './barrier.ts';

const MAX_VECTORS = 8;
/** Slot of the request that says where the run's memory lies, in doubles from the start of the shared heap. */
const MEMORY_SLOT = 4 + MAX_VECTORS;
const REQUEST_INTS = 8 + 2 * MAX_VECTORS;
const TASK_FIELDS = 5;

/** Ints a control block needs for n clients. */
export function controlInts(n: number): number {
  return BARRIER_INTS + REQUEST_INTS + TASK_FIELDS * n;
}

/** Views of a control block. */
function viewsOf(control: Int32Array, n: number): { barrier: Barrier; request: Int32Array; tasks: readonly Int32Array[] } {
  const from = BARRIER_INTS + REQUEST_INTS;
  return {
    barrier: new Barrier(control.subarray(0, BARRIER_INTS)),
    request: control.subarray(BARRIER_INTS, from),
    tasks: Array.from({ length: TASK_FIELDS }, (_, field) => control.subarray(from + field * n, from + (field + 1) * n)),
  };
}

/** The leader's gather: publishes each request, works too, waits for all. `memory` is the run's memory in doubles. */
export function leadGather(control: Int32Array, n: number, method: Method, memory: Float64Array, clientSide: ClientSide): Gather {
  const { barrier, request: slots, tasks: shared } = viewsOf(control, n);
  return (request, tasks, rows) => {
    slots[MEMORY_SLOT] = memory.byteOffset / 8;
    const phase = method.phases.indexOf(request.phase);
    if (phase < 0)
      throw new MarinadeError('MARINADE_PROTOCOL_UNKNOWN_PHASE', `phase '${request.phase.name}' is not among the method's phases`);
    const names = request.phase.request;
    slots[0] = phase;
    slots[1] = request.position;
    slots[2] = request.k;
    slots[3] = names.length;
    names.forEach((name, v) => {
      slots[4 + v] = (request.vectors[name]!.byteOffset - memory.byteOffset) / 8;
    });
    for (let t = 0; t < tasks.count; t++) {
      shared[0]![t] = tasks.client[t]!;
      shared[1]![t] = tasks.row[t]!;
      shared[2]![t] = tasks.kind[t]!;
      shared[3]![t] = tasks.peek[t]!;
      shared[4]![t] = tasks.encode[t]!;
    }
    barrier.publish(tasks.count);
    for (let t = barrier.claim(); t >= 0; t = barrier.claim()) {
      answerTask(clientSide, request, tasks, t, rows);
      barrier.complete();
    }
    if (!barrier.awaitCompletion(tasks.count)) {
      throw new MarinadeError('MARINADE_EXECUTION_FAILED', 'a helping thread failed while it computed clients of this run');
    }
  };
}

/** What a helper works on, once it knows where the leader laid the run's memory. */
export interface Seat {
  readonly memory: Float64Array;
  readonly clientSide: ClientSide;
  readonly rows: readonly Vector[];
}

/** A helper's stay at the barrier, until the leader closes it. `attach` is called once, with the place of the memory. */
export function takeSeat(control: Int32Array, n: number, method: Method, attach: (offsetInDoubles: number) => Seat): void {
  const { barrier, request: slots, tasks: shared } = viewsOf(control, n);
  const vectors = new Map<number, Vector>();
  let seat: Seat | undefined;
  const vectorAt = (offset: number): Vector => {
    let vector = vectors.get(offset);
    if (vector === undefined) {
      const { memory, rows } = seat!;
      vector = memory.subarray(offset, offset + rows[0]!.length);
      vectors.set(offset, vector);
    }
    return vector;
  };
  try {
    let seen = 0;
    for (;;) {
      const round = barrier.awaitRound(seen);
      if (round === undefined) return;
      seen = round;
      seat ??= attach(slots[MEMORY_SLOT]!);
      const { clientSide, rows } = seat;
      let request: Request | undefined;
      for (let t = barrier.claim(); t >= 0; t = barrier.claim()) {
        // A successful claim may belong to a later round than the one that woke this thread.
        if (request === undefined || request.k !== slots[2] || request.position !== slots[1])
          request = readRequest(slots, method, vectorAt);
        clientSide.answer(request, shared[0]![t]!, shared[2]![t]!, shared[3]![t] === 1, shared[4]![t] === 1, rows[shared[1]![t]!]!);
        barrier.complete();
      }
    }
  } catch (thrown) {
    barrier.fail();
    throw thrown;
  }
}

function readRequest(slots: Int32Array, method: Method, vectorAt: (offset: number) => Vector): Request {
  const phase = method.phases[slots[0]!]!;
  const entries = phase.request.map((name, v) => [name, vectorAt(slots[4 + v]!)] as const);
  return { phase, position: slots[1]!, k: slots[2]!, vectors: Object.fromEntries(entries) };
}

/** Ends a round job's barrier: helpers leave their seats. */
export function closeBarrier(control: Int32Array): void {
  new Barrier(control.subarray(0, BARRIER_INTS)).close();
}

/** Ends the leader's wait in place of a helper that cannot say itself that it is gone. */
export function failBarrier(control: Int32Array): void {
  new Barrier(control.subarray(0, BARRIER_INTS)).fail();
}
