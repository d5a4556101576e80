/**
 * The orchestrator's decisions as a pure state machine: (state, event) -> commands, no clock, no promise, no I/O.
 *
 * A run is `waiting` (runnable, no job out), `out` (one round job outstanding), or gone (finished or given up). At most
 * `outstanding` jobs are out. A run whose executing process died twice in a row without progress is a suspect: its
 * next job is isolated, and nothing else is out meanwhile; a death there condemns it when what started the isolated
 * process lived to see it end: random kills of whole workers condemn nobody.
 */
import type { ErrorCode, PlainFailure } from '../shared/errors.ts';

export interface RunView {
  readonly runKey: string;
  readonly rounds: number;
  /** Round of the newest committed checkpoint, -1 without one. */
  committedRound: number;
  /** Deaths in a row without progress. */
  deaths: number;
}

export interface CoreState {
  /** In order: the head goes next. */
  readonly waiting: RunView[];
  readonly out: Map<string, { readonly run: RunView; readonly isolated: boolean }>;
  readonly outstanding: number;
  /** A fixed number of rounds per job, or `auto`: all that are left, under the job's time budget. */
  readonly roundsPerJob: number | 'auto';
  stopping: boolean;
}

export type CoreEvent =
  | { readonly type: 'start' }
  /** The ledger has committed a round job. */
  | { readonly type: 'committed'; readonly runKey: string; readonly round: number; readonly finished: boolean }
  /** What executed the job died; `deaths` as the ledger counts them. */
  | { readonly type: 'died'; readonly runKey: string; readonly deaths: number; readonly failure: PlainFailure }
  /** The job threw. */
  | { readonly type: 'failed'; readonly runKey: string; readonly failure: PlainFailure }
  | { readonly type: 'stop' };

export type Command =
  | { readonly type: 'dispatch'; readonly runKey: string; readonly fromRound: number; readonly rounds: number; readonly isolated: boolean }
  | { readonly type: 'give-up'; readonly runKey: string; readonly outcome: 'failed' | 'quarantined'; readonly failure: PlainFailure };

/** Deaths in a row after which a run is a suspect. */
export const SUSPECT_AFTER = 2;

/** Codes that say the executor died rather than the job failed. */
export function isDeath(code: ErrorCode): boolean {
  return code === 'MARINADE_EXECUTION_WORKER_LOST' || code === 'MARINADE_EXECUTION_OUT_OF_MEMORY';
}

export function createCore(runs: readonly RunView[], outstanding: number, roundsPerJob: number | 'auto'): CoreState {
  return { waiting: runs.map((run) => ({ ...run })), out: new Map(), outstanding, roundsPerJob, stopping: false };
}

/** Applies an event to the state, which it owns, and says what to do. */
export function decide(state: CoreState, event: CoreEvent): Command[] {
  const commands: Command[] = [];
  switch (event.type) {
    case 'start':
      break;
    case 'stop':
      state.stopping = true;
      break;
    case 'committed': {
      const entry = take(state, event.runKey);
      if (entry === undefined) return [];
      entry.run.committedRound = event.round;
      entry.run.deaths = 0;
      // A run that is under way keeps its place: it is warm where it ran.
      if (!event.finished) state.waiting.unshift(entry.run);
      break;
    }
    case 'died': {
      const entry = take(state, event.runKey);
      if (entry === undefined) return [];
      entry.run.deaths = event.deaths;
      if (entry.isolated && event.failure.details['witnessed'] === true)
        commands.push({ type: 'give-up', runKey: event.runKey, outcome: 'quarantined', failure: event.failure });
      else state.waiting.push(entry.run);
      break;
    }
    case 'failed':
      if (take(state, event.runKey) === undefined) return [];
      commands.push({ type: 'give-up', runKey: event.runKey, outcome: 'failed', failure: event.failure });
      break;
  }
  return [...commands, ...dispatches(state)];
}

/** Whether nothing is left to do. */
export function isDone(state: CoreState): boolean {
  return state.out.size === 0 && (state.stopping || state.waiting.length === 0);
}

function take(state: CoreState, runKey: string): { run: RunView; isolated: boolean } | undefined {
  const entry = state.out.get(runKey);
  state.out.delete(runKey);
  return entry;
}

function dispatches(state: CoreState): Command[] {
  const commands: Command[] = [];
  while (
    !state.stopping &&
    state.waiting.length > 0 &&
    state.out.size < state.outstanding &&
    ![...state.out.values()].some(({ isolated }) => isolated)
  ) {
    const healthy = state.waiting.findIndex(({ deaths }) => deaths < SUSPECT_AFTER);
    // Suspects go last, each alone.
    if (healthy < 0 && state.out.size > 0) break;
    const [run] = state.waiting.splice(Math.max(healthy, 0), 1);
    const isolated = run!.deaths >= SUSPECT_AFTER;
    state.out.set(run!.runKey, { run: run!, isolated });
    const left = Math.max(0, run!.rounds - Math.max(0, run!.committedRound));
    commands.push({
      type: 'dispatch',
      runKey: run!.runKey,
      fromRound: run!.committedRound,
      rounds: state.roundsPerJob === 'auto' ? left : Math.min(left, state.roundsPerJob),
      isolated,
    });
    if (isolated) break;
  }
  return commands;
}
