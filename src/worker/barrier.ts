/**
 * The barrier between a leading thread and its helpers: tasks of one round are claimed, none twice, none lost.
 *
 * **States of a round.** The leader writes the request, stores `remaining` = number of tasks, and raises `generation`;
 * that publishes the round. Everybody, leader included, claims by decrementing `remaining`: a result above zero is a
 * task of this round, anything else means nothing is left. Each finished task raises `completed`; the leader goes on
 * when all are. A helper that wakes late finds `remaining` at or below zero and takes nothing: because the request was
 * written before `remaining` was stored, a successful claim always belongs to the request that is in place.
 *
 * Waiting spins for a bounded number of polls and then sleeps; sleepers are counted so that nobody is woken in vain.
 */

const GENERATION = 0;
const REMAINING = 1;
const COMPLETED = 2;
const SLEEPERS = 3;
const LEADER_SLEEPS = 4;
const CLOSED = 5;
const FAILED = 6;

/** Ints a barrier needs. */
export const BARRIER_INTS = 16;

const POLLS = 2000;

/** A claim counter and its waiting, over ints shared between threads. */
export class Barrier {
  readonly #ints: Int32Array;

  constructor(ints: Int32Array) {
    this.#ints = ints;
  }

  // --- the leader -----------------------------------------------------------------------------------------------

  /** Opens a round of `tasks` tasks; the request must be in place. */
  publish(tasks: number): void {
    Atomics.store(this.#ints, COMPLETED, 0);
    Atomics.store(this.#ints, REMAINING, tasks);
    Atomics.add(this.#ints, GENERATION, 1);
    if (Atomics.load(this.#ints, SLEEPERS) > 0) Atomics.notify(this.#ints, GENERATION);
  }

  /** Waits until all tasks of the round are finished. False when a helper failed. */
  awaitCompletion(tasks: number): boolean {
    for (;;) {
      for (let poll = 0; poll < POLLS; poll++) {
        if (Atomics.load(this.#ints, COMPLETED) === tasks) return Atomics.load(this.#ints, FAILED) === 0;
      }
      const seen = Atomics.load(this.#ints, COMPLETED);
      if (seen === tasks) continue;
      if (Atomics.load(this.#ints, FAILED) === 1) return false;
      Atomics.store(this.#ints, LEADER_SLEEPS, 1);
      Atomics.wait(this.#ints, COMPLETED, seen, 1000);
      Atomics.store(this.#ints, LEADER_SLEEPS, 0);
    }
  }

  /** Sends the helpers home. */
  close(): void {
    Atomics.store(this.#ints, CLOSED, 1);
    Atomics.store(this.#ints, REMAINING, 0);
    Atomics.add(this.#ints, GENERATION, 1);
    Atomics.notify(this.#ints, GENERATION);
  }

  // --- everybody ------------------------------------------------------------------------------------------------

  /** The index of a task to do, or -1 when none is left. */
  claim(): number {
    return Math.max(Atomics.sub(this.#ints, REMAINING, 1), 0) - 1;
  }

  /** Says that a claimed task is finished. */
  complete(): void {
    Atomics.add(this.#ints, COMPLETED, 1);
    if (Atomics.load(this.#ints, LEADER_SLEEPS) === 1) Atomics.notify(this.#ints, COMPLETED);
  }

  // --- helpers --------------------------------------------------------------------------------------------------

  /** The generation to wait beyond; read before taking a seat. */
  generation(): number {
    return Atomics.load(this.#ints, GENERATION);
  }

  /** Waits for a generation after `seen`; undefined when the leader has closed. */
  awaitRound(seen: number): number | undefined {
    for (;;) {
      for (let poll = 0; poll < POLLS; poll++) {
        const now = Atomics.load(this.#ints, GENERATION);
        if (now !== seen) return Atomics.load(this.#ints, CLOSED) === 1 ? undefined : now;
      }
      Atomics.add(this.#ints, SLEEPERS, 1);
      Atomics.wait(this.#ints, GENERATION, seen, 1000);
      Atomics.sub(this.#ints, SLEEPERS, 1);
    }
  }

  /** Says that a helper cannot go on; the leader's round fails. */
  fail(): void {
    Atomics.store(this.#ints, FAILED, 1);
    Atomics.notify(this.#ints, COMPLETED);
  }
}
