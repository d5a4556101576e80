/**
 * The orchestrator's decisions as a pure state machine: (state, event) -> commands, no clock, no promise, no I/O.
 *
 * A run is `waiting` (runnable, no job out), `out` (one round job outstanding), `cooling` (failed for a reason a retry
 * may cure, until its time comes), `ending` (given up, not yet in the ledger), or gone. It belongs to every study that wants it and moves
 * on as long as one of them is not paused. At most `outstanding` jobs are out. The next job goes to the studies of the
 * highest priority that have something to do, among these to the one with the fewest jobs out.
 *
 * Only a window of a study's runs is known here: when few of them wait, `load` asks the ledger for more.
 *
 * A run whose executing process died twice in a row without progress is a suspect: it goes last, and its jobs run in a
 * process of their own, one suspect at a time; a death there condemns it when what started the isolated process lived
 * to see it end: random kills of whole workers condemn nobody.
 */
import { errorCodes, type PlainFailure } from '../shared/errors.ts';

export interface RunView {
  readonly runKey: string;
  readonly rounds: number;
  /** Round of the newest committed checkpoint, -1 without one. */
  committedRound: number;
  /** Deaths in a row without progress. */
  deaths: number;
}

interface KnownRun extends RunView {
  state: 'waiting' | 'out' | 'cooling' | 'ending';
  isolated: boolean;
  retries: number;
  readonly studies: Set<string>;
}

interface StudyView {
  readonly studyKey: string;
  priority: number;
  paused: boolean;
  /** Run keys in order, from `head` on; keys of runs that no longer wait are skipped. Runs under way come first. */
  warm: string[];
  waiting: string[];
  head: number;
  suspects: string[];
  out: number;
  /** Runs of this study that are known and not gone. */
  known: number;
  loading: boolean;
  /** Everything unfinished has been loaded. */
  exhausted: boolean;
}

export interface CoreState {
  readonly studies: Map<string, StudyView>;
  readonly runs: Map<string, KnownRun>;
  outstanding: number;
  /** A fixed number of rounds per job, or `auto`: all that are left, under the job's time budget. */
  readonly roundsPerJob: number | 'auto';
  out: number;
  suspectOut: boolean;
  /** Runs given up whose end is not in the ledger yet. */
  ending: number;
  stopping: boolean;
}

export type CoreEvent =
  | { readonly type: 'study'; readonly studyKey: string; readonly priority: number; readonly paused: boolean }
  /** Answers `load`: the next unfinished runs of the study, `last` when there are no more. */
  | { readonly type: 'loaded'; readonly studyKey: string; readonly runs: readonly RunView[]; readonly last: boolean }
  /** The ledger has committed a round job; `repeated`: it was stored before, the run got no further. */
  | { readonly type: 'committed'; readonly runKey: string; readonly round: number; readonly finished: boolean; readonly repeated?: boolean }
  /** What executed the job died; `deaths` as the ledger counts them. */
  | { readonly type: 'died'; readonly runKey: string; readonly deaths: number; readonly failure: PlainFailure }
  /** The job threw; `spread` in [0, 1) sets retries of different runs apart. */
  | { readonly type: 'failed'; readonly runKey: string; readonly failure: PlainFailure; readonly spread: number }
  /** The job came back undone: nobody is to blame. */
  | { readonly type: 'returned'; readonly runKey: string }
  | { readonly type: 'cooled'; readonly runKey: string }
  /** The end of the run is in the ledger: given up, or cancelled. */
  | { readonly type: 'gone'; readonly runKey: string }
  /** The study is cancelled. Runs of it that are under way stay: each is `gone` if no other study wants it. */
  | { readonly type: 'drop'; readonly studyKey: string }
  | { readonly type: 'prioritise'; readonly studyKey: string; readonly priority: number }
  | { readonly type: 'pause'; readonly studyKey: string; readonly paused: boolean }
  | { readonly type: 'stop' };

export type Command =
  | { readonly type: 'load'; readonly studyKey: string; readonly count: number }
  | {
      readonly type: 'dispatch';
      readonly runKey: string;
      readonly fromRound: number;
      readonly rounds: number;
      readonly isolated: boolean;
    }
  | { readonly type: 'cool'; readonly runKey: string; readonly forMs: number }
  | {
      readonly type: 'give-up';
      readonly runKey: string;
      readonly outcome: 'failed' | 'quarantined';
      readonly failure: PlainFailure;
    };

/** Deaths in a row after which a run is a suspect. */
export const SUSPECT_AFTER = 2;
/** Retries of a job that failed for a reason a retry may cure, and the first wait before one. */
const MAX_RETRIES = 5;
const FIRST_WAIT_MS = 1000;
/** Runs of a study known at once: enough never to wait for the ledger. */
const WINDOW = 1024;

export function createCore(outstanding: number, roundsPerJob: number | 'auto'): CoreState {
  return { studies: new Map(), runs: new Map(), outstanding, roundsPerJob, out: 0, suspectOut: false, ending: 0, stopping: false };
}

/** Applies an event to the state, which it owns, and says what to do. */
export function decide(state: CoreState, event: CoreEvent): Command[] {
  const commands: Command[] = [];
  switch (event.type) {
    case 'study':
      addStudy(state, event.studyKey, event.priority, event.paused);
      break;
    case 'loaded':
      addRuns(state, event.studyKey, event.runs, event.last);
      break;
    case 'committed': {
      const run = backIn(state, event.runKey);
      if (run === undefined) break;
      run.committedRound = event.round;
      if (event.repeated !== true) Object.assign(run, { deaths: 0, retries: 0 });
      // A run that is under way keeps its place: it is warm where it ran.
      if (event.finished) forget(state, run);
      else enqueue(state, run, run.deaths >= SUSPECT_AFTER ? 'suspects' : 'warm');
      break;
    }
    case 'died': {
      const run = backIn(state, event.runKey);
      if (run === undefined) break;
      const alone = run.isolated;
      run.deaths = event.deaths;
      if (alone && event.failure.details['witnessed'] === true) giveUp(state, run, 'quarantined', event.failure, commands);
      else enqueue(state, run, run.deaths >= SUSPECT_AFTER ? 'suspects' : 'waiting');
      break;
    }
    case 'failed': {
      const run = backIn(state, event.runKey);
      if (run === undefined) break;
      if (!errorCodes[event.failure.code].retry || run.retries >= MAX_RETRIES) giveUp(state, run, 'failed', event.failure, commands);
      else {
        run.state = 'cooling';
        commands.push({ type: 'cool', runKey: run.runKey, forMs: FIRST_WAIT_MS * 2 ** run.retries * (0.5 + event.spread) });
        run.retries++;
      }
      break;
    }
    case 'returned':
    case 'cooled': {
      const run = event.type === 'returned' ? backIn(state, event.runKey) : state.runs.get(event.runKey);
      if (run !== undefined && (run.state === 'waiting' || run.state === 'cooling'))
        enqueue(state, run, run.deaths >= SUSPECT_AFTER ? 'suspects' : 'warm');
      break;
    }
    case 'gone': {
      const run = backIn(state, event.runKey) ?? state.runs.get(event.runKey);
      if (run !== undefined) forget(state, run);
      break;
    }
    case 'drop':
      dropStudy(state, event.studyKey);
      break;
    case 'prioritise': {
      const study = state.studies.get(event.studyKey);
      if (study !== undefined) study.priority = event.priority;
      break;
    }
    case 'pause': {
      const study = state.studies.get(event.studyKey);
      if (study !== undefined) study.paused = event.paused;
      break;
    }
    case 'stop':
      state.stopping = true;
      break;
  }
  if (!state.stopping) commands.push(...loads(state), ...dispatches(state));
  return commands;
}

/** Whether nothing is out and nothing of this study is left to do. */
export function isStudyDone(state: CoreState, studyKey: string): boolean {
  const study = state.studies.get(studyKey);
  return study === undefined || (study.exhausted && study.known === 0);
}

/** Whether nothing is out and nothing will be. */
export function isIdle(state: CoreState): boolean {
  return (
    state.out === 0 &&
    state.ending === 0 &&
    (state.stopping || [...state.studies.values()].every(({ exhausted, known }) => exhausted && known === 0))
  );
}

/** Whether no study that is known here wants the run now. */
export function isHeld(state: CoreState, runKey: string): boolean {
  return [...(state.runs.get(runKey)?.studies ?? [])].every((studyKey) => state.studies.get(studyKey)!.paused);
}

function addStudy(state: CoreState, studyKey: string, priority: number, paused: boolean): void {
  const study = state.studies.get(studyKey);
  // Submitted again: what is new in the ledger is loaded, what is known is kept.
  if (study !== undefined) Object.assign(study, { priority, paused, exhausted: false });
  else {
    const fresh = { warm: [], waiting: [], head: 0, suspects: [], out: 0, known: 0, loading: false, exhausted: false };
    state.studies.set(studyKey, { studyKey, priority, paused, ...fresh });
  }
}

function addRuns(state: CoreState, studyKey: string, runs: readonly RunView[], last: boolean): void {
  const study = state.studies.get(studyKey);
  if (study === undefined) return;
  study.loading = false;
  study.exhausted = last;
  for (const { runKey, rounds, committedRound, deaths } of runs) {
    const known = state.runs.get(runKey);
    if (known?.studies.has(studyKey)) continue;
    study.known++;
    if (known !== undefined) {
      known.studies.add(studyKey);
      if (known.state === 'out') study.out++;
      else if (known.state === 'waiting') study[known.deaths >= SUSPECT_AFTER ? 'suspects' : 'waiting'].push(runKey);
      continue;
    }
    const fresh = { state: 'waiting', isolated: false, retries: 0, studies: new Set([studyKey]) } as const;
    const run: KnownRun = { runKey, rounds, committedRound, deaths, ...fresh };
    state.runs.set(runKey, run);
    enqueue(state, run, deaths >= SUSPECT_AFTER ? 'suspects' : 'waiting');
  }
}

function dropStudy(state: CoreState, studyKey: string): void {
  state.studies.delete(studyKey);
  for (const run of state.runs.values()) {
    if (!run.studies.delete(studyKey) || run.studies.size > 0) continue;
    // Another study may want it and not have loaded it yet: what is under way must not be dispatched a second time.
    if (run.state === 'waiting' || run.state === 'cooling') forget(state, run);
  }
}

/** Takes a run's outstanding job off the books; undefined when none is out. */
function backIn(state: CoreState, runKey: string): KnownRun | undefined {
  const run = state.runs.get(runKey);
  if (run?.state !== 'out') return undefined;
  run.state = 'waiting';
  state.out--;
  if (run.isolated) state.suspectOut = false;
  for (const studyKey of run.studies) state.studies.get(studyKey)!.out--;
  return run;
}

function enqueue(state: CoreState, run: KnownRun, place: 'warm' | 'waiting' | 'suspects'): void {
  run.state = 'waiting';
  // No study that is known here wants it: one that loads it later finds it in the ledger.
  if (run.studies.size === 0) forget(state, run);
  for (const studyKey of run.studies) state.studies.get(studyKey)![place].push(run.runKey);
}

function giveUp(state: CoreState, run: KnownRun, outcome: 'failed' | 'quarantined', failure: PlainFailure, commands: Command[]): void {
  run.state = 'ending';
  state.ending++;
  commands.push({ type: 'give-up', runKey: run.runKey, outcome, failure });
}

function forget(state: CoreState, run: KnownRun): void {
  if (run.state === 'ending') state.ending--;
  state.runs.delete(run.runKey);
  for (const studyKey of run.studies) state.studies.get(studyKey)!.known--;
}

/** Asks for more runs where fewer than half a window wait. */
function loads(state: CoreState): Command[] {
  const commands: Command[] = [];
  for (const study of state.studies.values()) {
    if (study.exhausted || study.loading || study.known >= WINDOW / 2) continue;
    study.loading = true;
    commands.push({ type: 'load', studyKey: study.studyKey, count: WINDOW });
  }
  return commands;
}

function dispatches(state: CoreState): Command[] {
  const commands: Command[] = [];
  while (state.out < state.outstanding) {
    const run = nextRun(state);
    if (run === undefined) break;
    run.isolated = run.deaths >= SUSPECT_AFTER;
    run.state = 'out';
    state.out++;
    if (run.isolated) state.suspectOut = true;
    for (const studyKey of run.studies) state.studies.get(studyKey)!.out++;
    const left = Math.max(0, run.rounds - Math.max(0, run.committedRound));
    const rounds = state.roundsPerJob === 'auto' ? left : Math.min(left, state.roundsPerJob);
    commands.push({ type: 'dispatch', runKey: run.runKey, fromRound: run.committedRound, rounds, isolated: run.isolated });
  }
  return commands;
}

/** Highest priority first, then fewest jobs out; suspects when nothing else waits, one at a time. */
function nextRun(state: CoreState): KnownRun | undefined {
  const studies = [...state.studies.values()].filter(({ paused }) => !paused).sort((a, b) => b.priority - a.priority || a.out - b.out);
  for (const study of studies) {
    const run = takeHealthy(state, study);
    if (run !== undefined) return run;
  }
  if (state.suspectOut) return undefined;
  for (const study of studies) {
    const run = takeFrom(state, study.suspects, true);
    if (run !== undefined) return run;
  }
  return undefined;
}

function takeHealthy(state: CoreState, study: StudyView): KnownRun | undefined {
  const warm = takeFrom(state, study.warm, false);
  if (warm !== undefined) return warm;
  for (; study.head < study.waiting.length; study.head++) {
    const run = state.runs.get(study.waiting[study.head]!);
    if (run?.state !== 'waiting' || run.deaths >= SUSPECT_AFTER) continue;
    study.head++;
    return run;
  }
  study.waiting.length = 0;
  study.head = 0;
  return undefined;
}

/** The first run of a short list that still waits, and is still what the list is for. */
function takeFrom(state: CoreState, keys: string[], suspect: boolean): KnownRun | undefined {
  for (let key = keys.shift(); key !== undefined; key = keys.shift()) {
    const run = state.runs.get(key);
    if (run?.state === 'waiting' && run.deaths >= SUSPECT_AFTER === suspect) return run;
  }
  return undefined;
}
