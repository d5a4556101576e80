/** Bugs put in on purpose, each of which the simulation must find. */
import type { Command, CoreEvent, CoreState } from '../../../src/orchestrator/core.ts';
import type { Plant } from './schedules.ts';
import type { Decide } from './seam.ts';

/** A core that does not hear some events. */
const deafTo = (isUnheard: (event: CoreEvent) => boolean): Plant => ({
  decide: (decide) => (state, event) => (isUnheard(event) ? [] : decide(state, event)),
});

/** A core whose commands are changed. */
const saying = (change: (commands: Command[], state: CoreState, event: CoreEvent) => Command[]): Plant => ({
  decide: (decide) => (state, event) => change(decide(state, event), state, event),
});

/** A core that decides something else about an event. */
const taking = (change: (event: CoreEvent, state: CoreState) => CoreEvent): Plant => ({
  decide: (decide) => (state, event) => decide(state, change(event, state)),
});

/** A core whose state is changed after each event. */
const leaving = (change: (state: CoreState, event: CoreEvent, before: { readonly out: number }) => void): Plant => ({
  decide: (decide: Decide) => (state, event) => {
    const before = { out: state.out };
    const commands = decide(state, event);
    change(state, event, before);
    return commands;
  },
});

export const plants: Readonly<Record<string, Plant>> = {
  'the core: progress clears no suspicion': taking((event) => (event.type === 'committed' ? { ...event, repeated: true } : event)),
  'the core: what is only repeated clears suspicion': taking((event) =>
    event.type === 'committed' ? { ...event, repeated: false } : event,
  ),
  'the core: a job that came back is still counted as out': leaving((state, event, { out }) => {
    if (event.type === 'committed' && event.finished && state.out < out) state.out++;
  }),
  'the core: one job too many is out': taking((event, state) => {
    state.outstanding++;
    return event;
  }),
  'the core: a pause is not heard': deafTo((event) => event.type === 'pause' && event.paused),
  'the core: a study that is cancelled is gone on with': deafTo((event) => event.type === 'drop'),
  'the core: the end of a run is not heard': deafTo((event) => event.type === 'gone'),
  'the core: a delayed retry is forgotten': saying((commands) => commands.filter(({ type }) => type !== 'cool')),
  'the core: a delayed retry ends nothing': deafTo((event) => event.type === 'cooled'),
  'the core: a job that came back undone is lost': deafTo((event) => event.type === 'returned'),
  'the core: every death alone is a verdict': taking((event) =>
    event.type === 'died' ? { ...event, failure: { ...event.failure, details: { witnessed: true } } } : event,
  ),
  'the core: suspects share a process with others': saying((commands) =>
    commands.map((command) => (command.type === 'dispatch' ? { ...command, isolated: false } : command)),
  ),
  'the core: it gives up what a retry may cure': taking((event) =>
    event.type === 'failed' ? { ...event, failure: { ...event.failure, code: 'MARINADE_EXECUTION_FAILED' } } : event,
  ),
  'the core: it does not stop': deafTo((event) => event.type === 'stop'),
  'the core: runs beyond the first page of a study are forgotten': taking((event) =>
    event.type === 'loaded' ? { ...event, last: true } : event,
  ),
  'the core: a job asks for more rounds than are left': saying((commands) =>
    commands.map((command) => (command.type === 'dispatch' ? { ...command, rounds: command.rounds + 1 } : command)),
  ),
  'the ledger: the fence is ignored': {
    world: ({ ledger }) => {
      ledger.owns = () => true;
    },
  },
  'the ledger: a chunk is stored twice': {
    world: ({ ledger }) => {
      const { agree } = ledger;
      ledger.agree = (run, result) => {
        agree(run, result);
        if (result.toRound <= run.committedRound) run.points.push(...result.points.columns['value']!);
      };
    },
  },
  'the ledger: what a retry starts from is not what is committed': {
    world: ({ ledger }) => {
      const { checkpoint } = ledger;
      ledger.checkpoint = (runKey) => {
        const found = checkpoint.call(ledger, runKey);
        return found && { ...found, round: found.round - 1 };
      };
    },
  },
  'the ledger: a restart forgets that a study is paused': {
    world: ({ ledger }) => {
      const { reopen } = ledger;
      ledger.reopen = (died) => {
        reopen.call(ledger, died);
        for (const study of ledger.submitted.values()) study.paused = false;
      };
    },
  },
  'the ledger: a cancellation ends the first of its runs alone': {
    world: ({ ledger }) => {
      const { cancelStudy } = ledger;
      ledger.cancelStudy = (studyKey) => {
        ledger.submitted.get(studyKey)!.withdrawn = true;
        const wanted = cancelStudy.call(ledger, studyKey);
        for (const runKey of wanted.slice(1)) Object.assign(ledger.runs.get(runKey)!, { state: 'queued', outcome: null });
        return wanted;
      };
    },
  },
  'the dispatcher: results of an epoch before are taken': {
    world: (world) => {
      const { begin } = world;
      world.begin = () => {
        begin.call(world);
        world.dispatcher.keyOf = ({ runKey, fromRound }) => `${runKey}/1/${fromRound}`;
      };
    },
  },
  'the dispatcher: what the queue lost is not added again': {
    world: (world) => {
      const { begin } = world;
      world.begin = () => {
        begin.call(world);
        world.dispatcher.reconcile = () => false;
      };
    },
  },
};
