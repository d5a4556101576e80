/**
 * Gather: the only seam to execution. It answers one request for a list of clients; who computes them, and on how many
 * threads, changes no bit. `gatherInline` is the reference: in order, on this thread.
 */
import type { Ask, Asking } from '../../shared/contracts/method.ts';
import type { Messages, Vector } from '../../shared/vector.ts';
import type { ClientSide, Request } from './client-side.ts';

/** The answers one request needs: for each, the client, the row it is written to, and how it is computed. */
export interface Tasks {
  count: number;
  readonly client: Int32Array;
  readonly row: Int32Array;
  /** One of `answerKinds`. */
  readonly kind: Int32Array;
  readonly peek: Uint8Array;
  readonly encode: Uint8Array;
}

export type Gather = (request: Request, tasks: Tasks, rows: readonly Vector[]) => void;

/** Answers task `t` of a request. */
export function answerTask(clientSide: ClientSide, request: Request, tasks: Tasks, t: number, rows: readonly Vector[]): void {
  clientSide.answer(request, tasks.client[t]!, tasks.kind[t]!, tasks.peek[t] === 1, tasks.encode[t] === 1, rows[tasks.row[t]!]!);
}

/** All clients in order, on this thread. */
export function gatherInline(clientSide: ClientSide): Gather {
  return (request, tasks, rows) => {
    for (let t = 0; t < tasks.count; t++) answerTask(clientSide, request, tasks, t, rows);
  };
}

/** The only loop between a method's generator and the answers. */
export function driveRound(round: Asking, answer: (asked: Ask) => Messages): void {
  let step = round.next(undefined as never);
  while (!step.done) step = round.next(answer(step.value));
}
