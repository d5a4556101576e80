/** The world around the orchestrator's core under a seeded shuffle of events, and what must hold after every one of them. */
import { expect } from 'vitest';
import {
  type Command,
  type CoreEvent,
  type CoreState,
  createCore,
  decide,
  isIdle,
  type RunView,
  SUSPECT_AFTER,
} from '../../src/orchestrator/core.ts';
import type { ErrorCode, PlainFailure } from '../../src/shared/errors.ts';
import { randomFrom } from './ledger/runs.ts';

export const failure = (code: ErrorCode, details: Record<string, unknown> = {}): PlainFailure => ({
  code,
  message: 'as the test says',
  details,
});
export const death = failure('MARINADE_EXECUTION_WORKER_LOST');
export const witnessed = failure('MARINADE_EXECUTION_WORKER_LOST', { witnessed: true });
export const view = (runKey: string, changes: Partial<RunView> = {}): RunView => ({
  runKey,
  rounds: 100,
  committedRound: -1,
  deaths: 0,
  ...changes,
});

/** The world around the core: what the ledger would know, and what is out. */
export class World {
  readonly #uniform: () => number;
  readonly state: CoreState;
  /** Every run's truth, and how often it ended. */
  readonly truth = new Map<string, { committed: number; deaths: number; rounds: number; ends: number; studies: Set<string> }>();
  readonly out = new Map<string, Extract<Command, { type: 'dispatch' }>>();
  readonly cooling = new Set<string>();
  readonly ending = new Set<string>();
  readonly loading: string[] = [];
  readonly paused = new Set<string>();
  readonly past: CoreEvent[] = [];
  readonly log: string[] = [];
  stopped = false;
  #loadedTo = new Map<string, number>();

  constructor(seed: number) {
    this.#uniform = randomFrom(seed);
    this.state = createCore(1 + this.#below(4), this.#below(2) === 0 ? 'auto' : 1 + this.#below(9));
    for (const studyKey of ['s', 't', 'u'].slice(0, 1 + this.#below(3))) {
      for (let i = 0; i < 12; i++) {
        const runKey = `r${this.#below(20)}`;
        const known = this.truth.get(runKey);
        if (known !== undefined) known.studies.add(studyKey);
        else {
          const truth = {
            committed: this.#below(3) - 1,
            deaths: this.#below(4),
            rounds: this.#below(20),
            ends: 0,
            studies: new Set([studyKey]),
          };
          this.truth.set(runKey, { ...truth, committed: Math.min(truth.committed, truth.rounds) });
        }
      }
      this.#loadedTo.set(studyKey, 0);
      this.send({ type: 'study', studyKey, priority: this.#below(3), paused: false });
    }
  }

  #below(m: number): number {
    return Math.floor(this.#uniform() * m);
  }

  #any<Item>(items: Iterable<Item>): Item | undefined {
    const list = [...items];
    return list[this.#below(list.length)];
  }

  send(event: CoreEvent): void {
    this.past.push(event);
    const before = structuredClone({ out: this.state.out, runs: this.state.runs.size });
    const commands = decide(this.state, event);
    this.log.push(`${JSON.stringify(event)} -> ${JSON.stringify(commands)} (${JSON.stringify(before)})`);
    for (const command of commands) this.#obey(command);
    this.check();
  }

  #obey(command: Command): void {
    if (this.stopped && command.type !== 'give-up' && command.type !== 'cool') throw new Error(`${command.type} after the stop`);
    if (command.type === 'load') {
      this.loading.push(command.studyKey);
      return;
    }
    const truth = this.truth.get(command.runKey)!;
    expect(truth.ends).toBe(0);
    expect(this.ending.has(command.runKey)).toBe(false);
    if (command.type === 'cool') this.cooling.add(command.runKey);
    else if (command.type === 'give-up') this.ending.add(command.runKey);
    else {
      expect(this.out.has(command.runKey)).toBe(false);
      expect(this.cooling.has(command.runKey)).toBe(false);
      expect(command.fromRound).toBe(truth.committed);
      expect(command.rounds).toBeLessThanOrEqual(truth.rounds - Math.max(0, truth.committed));
      expect(command.isolated).toBe(truth.deaths >= SUSPECT_AFTER);
      expect([...this.state.studies.keys()].some((studyKey) => truth.studies.has(studyKey) && !this.paused.has(studyKey))).toBe(true);
      this.out.set(command.runKey, command);
    }
  }

  /** What must hold after every step. */
  check(): void {
    const { state } = this;
    expect(this.out.size).toBeLessThanOrEqual(state.outstanding);
    expect(state.out).toBe(this.out.size);
    expect([...this.out.values()].filter(({ isolated }) => isolated).length).toBeLessThanOrEqual(1);
    expect(state.ending).toBe(this.ending.size);
    for (const study of state.studies.values()) {
      const known = [...state.runs.values()].filter(({ studies }) => studies.has(study.studyKey));
      expect(study.known).toBe(known.length);
      expect(study.out).toBe(known.filter((run) => run.state === 'out').length);
    }
    for (const [runKey, run] of state.runs) {
      expect(run.state === 'out').toBe(this.out.has(runKey));
      expect(run.state === 'cooling').toBe(this.cooling.has(runKey));
      expect(run.state === 'ending').toBe(this.ending.has(runKey));
    }
    // Nothing that could compute waits while there is room for it.
    const ready = [...state.runs.values()].filter(
      (run) => run.state === 'waiting' && [...run.studies].some((studyKey) => !state.studies.get(studyKey)!.paused),
    );
    const healthy = ready.filter(({ deaths }) => deaths < SUSPECT_AFTER);
    if (!state.stopping && state.out < state.outstanding) {
      expect(healthy).toEqual([]);
      expect(ready.length > 0 && !state.suspectOut).toBe(false);
    }
  }

  /** One thing that may happen in the world. */
  step(): void {
    const roll = this.#uniform();
    if (roll < 0.3) {
      if (this.loading.length > 0) this.#load();
    } else if (roll < 0.55) this.#answer();
    else if (roll < 0.65) {
      const runKey = this.#any(this.cooling);
      if (runKey === undefined) return;
      this.cooling.delete(runKey);
      this.send({ type: 'cooled', runKey });
    } else if (roll < 0.75) {
      const runKey = this.#any(this.ending);
      if (runKey === undefined) return;
      this.ending.delete(runKey);
      this.truth.get(runKey)!.ends++;
      this.send({ type: 'gone', runKey });
    } else if (roll < 0.85) {
      // Late and repeated messages: about runs that are not out any more, or never were.
      const old = this.#any(this.past);
      if (old !== undefined && 'runKey' in old && old.type !== 'cooled' && old.type !== 'gone' && !this.out.has(old.runKey)) this.send(old);
    } else this.#meddle(roll);
  }

  /** Somebody at the controls. */
  #meddle(roll: number): void {
    const studyKey = this.#any(this.state.studies.keys());
    if (studyKey === undefined) return;
    if (roll < 0.89) {
      const paused = this.#uniform() < 0.5;
      if (paused) this.paused.add(studyKey);
      else this.paused.delete(studyKey);
      this.send({ type: 'pause', studyKey, paused });
    } else if (roll < 0.92) this.send({ type: 'prioritise', studyKey, priority: this.#below(5) });
    else if (roll < 0.925 && this.state.studies.size > 1) this.#drop(studyKey);
  }

  /** Lets everything come to its end. */
  settle(): void {
    for (const studyKey of [...this.paused]) {
      this.paused.delete(studyKey);
      this.send({ type: 'pause', studyKey, paused: false });
    }
    for (let i = 0; i < 20_000 && !isIdle(this.state); i++) {
      if (this.loading.length > 0 && !this.stopped) this.#load();
      this.step();
      for (const studyKey of [...this.paused]) {
        this.paused.delete(studyKey);
        this.send({ type: 'pause', studyKey, paused: false });
      }
    }
  }

  stop(): void {
    this.send({ type: 'stop' });
    this.stopped = true;
  }

  #load(): void {
    const studyKey = this.loading.shift()!;
    if (!this.state.studies.has(studyKey)) return;
    const mine = [...this.truth].filter(([, { studies }]) => studies.has(studyKey));
    const from = this.#loadedTo.get(studyKey)!;
    const to = from + 1 + this.#below(8);
    this.#loadedTo.set(studyKey, to);
    const runs = mine
      .slice(from, to)
      .filter(([runKey, { ends }]) => ends === 0 && !this.ending.has(runKey))
      .map(([runKey, { committed, deaths, rounds }]) => view(runKey, { committedRound: committed, deaths, rounds }));
    this.send({ type: 'loaded', studyKey, runs, last: to >= mine.length });
  }

  #answer(): void {
    const runKey = this.#any(this.out.keys());
    if (runKey === undefined) return;
    const job = this.out.get(runKey)!;
    const truth = this.truth.get(runKey)!;
    this.out.delete(runKey);
    const roll = this.#uniform();
    if (roll < 0.15) {
      truth.deaths++;
      this.send({ type: 'died', runKey, deaths: truth.deaths, failure: job.isolated && this.#uniform() < 0.5 ? witnessed : death });
    } else if (roll < 0.2) this.send({ type: 'failed', runKey, failure: failure('MARINADE_EXECUTION_FAILED'), spread: this.#uniform() });
    else if (roll < 0.3) this.send({ type: 'failed', runKey, failure: failure('MARINADE_EXECUTION_QUEUE'), spread: this.#uniform() });
    else if (roll < 0.35) this.send({ type: 'returned', runKey });
    else {
      const from = Math.max(0, truth.committed);
      truth.committed = from + Math.min(job.rounds, 1 + this.#below(6));
      truth.deaths = 0;
      const finished = truth.committed >= truth.rounds;
      if (finished) truth.ends++;
      this.send({ type: 'committed', runKey, round: truth.committed, finished });
    }
  }

  /** The ledger cancels what no other study wants; the core hears of the study first, then of each such run. */
  #drop(studyKey: string): void {
    this.paused.delete(studyKey);
    const cancelled: string[] = [];
    for (const [runKey, truth] of this.truth) {
      if (!truth.studies.delete(studyKey) || truth.ends > 0) continue;
      if (truth.studies.size === 0) cancelled.push(runKey);
      const known = this.state.runs.get(runKey)?.studies;
      if (known?.size === 1 && known.has(studyKey)) this.cooling.delete(runKey);
    }
    this.send({ type: 'drop', studyKey });
    for (const runKey of cancelled) {
      this.truth.get(runKey)!.ends++;
      for (const place of [this.out, this.cooling, this.ending]) place.delete(runKey);
      this.send({ type: 'gone', runKey });
    }
  }
}
