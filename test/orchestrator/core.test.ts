import { describe, expect, test } from 'vitest';
import {
  type Command,
  type CoreState,
  createCore,
  decide,
  isIdle,
  isStudyDone,
  type RunView,
  SUSPECT_AFTER,
} from '../../src/orchestrator/core.ts';
import type { ErrorCode } from '../../src/shared/errors.ts';
import { death, failure, view, World, witnessed } from './core-world.ts';

/** A core with one study whose runs are loaded. */
function started(
  runs: readonly RunView[],
  outstanding = 2,
  roundsPerJob: number | 'auto' = 'auto',
): { state: CoreState; first: Command[] } {
  const state = createCore(outstanding, roundsPerJob);
  expect(decide(state, { type: 'study', studyKey: 's', priority: 0, paused: false })).toEqual([
    { type: 'load', studyKey: 's', count: 1024 },
  ]);
  return { state, first: decide(state, { type: 'loaded', studyKey: 's', runs, last: true }) };
}

const dispatched = (commands: readonly Command[]): (string | number | boolean)[][] =>
  commands.flatMap((command) =>
    command.type === 'dispatch' ? [[command.runKey, command.fromRound, command.rounds, command.isolated]] : [],
  );

describe('the decisions about one study', () => {
  test('it keeps so many jobs out, in the order of the study, and goes on with a run where it is warm', () => {
    const { state, first } = started([view('a'), view('b'), view('c')], 2, 7);
    expect(dispatched(first)).toEqual([
      ['a', -1, 7, false],
      ['b', -1, 7, false],
    ]);
    expect(dispatched(decide(state, { type: 'committed', runKey: 'b', round: 7, finished: false }))).toEqual([['b', 7, 7, false]]);
    expect(dispatched(decide(state, { type: 'committed', runKey: 'a', round: 7, finished: true }))).toEqual([['c', -1, 7, false]]);
  });

  test('it asks for what is left of a run, and no more', () => {
    expect(dispatched(started([view('a', { committedRound: 98 })], 1, 7).first)).toEqual([['a', 98, 2, false]]);
    expect(dispatched(started([view('a', { committedRound: 98 })], 1).first)).toEqual([['a', 98, 2, false]]);
    expect(dispatched(started([view('a', { rounds: 0 })], 1).first)).toEqual([['a', -1, 0, false]]);
  });

  test('it runs a suspect last, alone of its kind, in a process of its own', () => {
    const { state, first } = started([view('x', { deaths: SUSPECT_AFTER }), view('y', { deaths: 3 }), view('a')], 3);
    expect(dispatched(first)).toEqual([
      ['a', -1, 100, false],
      ['x', -1, 100, true],
    ]);
    // Cleared by progress, it is like any other.
    expect(dispatched(decide(state, { type: 'committed', runKey: 'x', round: 5, finished: false }))).toEqual([
      ['x', 5, 95, false],
      ['y', -1, 100, true],
    ]);
  });

  test('it keeps a run under suspicion that only repeats what was stored before', () => {
    const { state } = started([view('x', { deaths: SUSPECT_AFTER, committedRound: 5 })], 1);
    const repeated = decide(state, { type: 'committed', runKey: 'x', round: 5, finished: false, repeated: true });
    expect(dispatched(repeated)).toEqual([['x', 5, 95, true]]);
    expect(dispatched(decide(state, { type: 'committed', runKey: 'x', round: 6, finished: false }))).toEqual([['x', 6, 94, false]]);
  });

  test('it quarantines a run whose death alone was witnessed, and no other', () => {
    const { state } = started([view('x', { deaths: SUSPECT_AFTER })]);
    expect(dispatched(decide(state, { type: 'died', runKey: 'x', deaths: 3, failure: death }))).toEqual([['x', -1, 100, true]]);
    expect(decide(state, { type: 'died', runKey: 'x', deaths: 4, failure: witnessed })).toEqual([
      { type: 'give-up', runKey: 'x', outcome: 'quarantined', failure: witnessed },
    ]);
    expect(isIdle(state)).toBe(false);
    decide(state, { type: 'gone', runKey: 'x' });
    expect(isIdle(state)).toBe(true);
    expect(isStudyDone(state, 's')).toBe(true);
  });

  test('it sees no witness to a death in the common process: the run goes on until it is a suspect', () => {
    const { state } = started([view('x')]);
    expect(dispatched(decide(state, { type: 'died', runKey: 'x', deaths: 1, failure: witnessed }))).toEqual([['x', -1, 100, false]]);
    expect(dispatched(decide(state, { type: 'died', runKey: 'x', deaths: 2, failure: witnessed }))).toEqual([['x', -1, 100, true]]);
  });

  test('it gives up a job that threw at once, or after five retries where a retry may help', () => {
    const { state } = started([view('a')]);
    const failed = (code: ErrorCode): Command[] => decide(state, { type: 'failed', runKey: 'a', failure: failure(code), spread: 0.5 });
    for (let retry = 0; retry < 5; retry++) {
      expect(failed('MARINADE_EXECUTION_QUEUE')).toEqual([{ type: 'cool', runKey: 'a', forMs: 1000 * 2 ** retry }]);
      expect(decide(state, { type: 'returned', runKey: 'a' })).toEqual([]);
      expect(dispatched(decide(state, { type: 'cooled', runKey: 'a' }))).toHaveLength(1);
    }
    expect(failed('MARINADE_EXECUTION_QUEUE')).toMatchObject([{ type: 'give-up', outcome: 'failed' }]);
    expect(started([view('a')]).state.runs.get('a')!.retries).toBe(0);
    const { state: other } = started([view('a')]);
    expect(decide(other, { type: 'failed', runKey: 'a', failure: failure('MARINADE_EXECUTION_FAILED'), spread: 0 })).toMatchObject([
      { type: 'give-up', outcome: 'failed' },
    ]);
  });

  test('it dispatches nothing once it is asked to stop, and is idle when what was out is back', () => {
    const { state } = started([view('a'), view('b'), view('c')]);
    expect(decide(state, { type: 'stop' })).toEqual([]);
    expect(decide(state, { type: 'committed', runKey: 'a', round: 3, finished: false })).toEqual([]);
    expect(isIdle(state)).toBe(false);
    expect(decide(state, { type: 'returned', runKey: 'b' })).toEqual([]);
    expect(isIdle(state)).toBe(true);
    expect(isStudyDone(state, 's')).toBe(false);
  });
});

/** Runs a world; a failure prints its seed and what happened last. */
function world(seed: number, live: (world: World) => void): World {
  const made = new World(seed);
  try {
    live(made);
  } catch (thrown) {
    throw new Error(`seed ${seed}: ${(thrown as Error).message}\n${made.log.slice(-8).join('\n')}`, { cause: thrown });
  }
  return made;
}

describe('the core under shuffled events: deaths, failures, late and repeated messages, pauses, drops', () => {
  test('it brings every run to exactly one end, 150 seeds', () => {
    for (let seed = 1; seed <= 150; seed++) {
      world(seed, (made) => {
        for (let i = 0; i < 150; i++) made.step();
        made.settle();
        expect(isIdle(made.state)).toBe(true);
        expect([...made.truth].filter(([, { ends }]) => ends !== 1)).toEqual([]);
        expect(made.state.runs.size).toBe(0);
        for (const studyKey of made.state.studies.keys()) expect(isStudyDone(made.state, studyKey)).toBe(true);
      });
    }
  });

  test('it comes to rest after a stop at any moment, and nothing has ended twice, 150 seeds', () => {
    for (let seed = 1; seed <= 150; seed++) {
      world(seed, (made) => {
        for (let i = 0; i < seed % 120; i++) made.step();
        made.stop();
        made.settle();
        expect(isIdle(made.state)).toBe(true);
        expect(made.out.size + made.ending.size).toBe(0);
        expect([...made.truth].filter(([, { ends }]) => ends > 1)).toEqual([]);
      });
    }
  });

  test('it decides the same for the same events', () => {
    const logs = [1, 2].map(() => {
      const made = world(77, (one) => {
        for (let i = 0; i < 300; i++) one.step();
      });
      return made.log;
    });
    expect(logs[0]).toEqual(logs[1]);
  });
});
