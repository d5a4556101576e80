/** All that may happen in a schedule, one thing at a time: what always does, and faults. */
import { LOCK_MS } from './fleet.ts';
import type { World } from './world.ts';

export interface Happening {
  readonly name: string;
  /** How often it is drawn, among the others. */
  readonly weight: number;
  /** False when there is no occasion for it. */
  happen(world: World): boolean;
}

export const HOUR_MS = 3_600_000;
const MOST_WORKERS = 3;

type Times = 'never' | 'once' | 'twice';

/** A job on its way gets to the queue, in any order. The same job a second time is no second job. */
const arrives =
  (times: Times) =>
  (world: World): boolean => {
    const { adds, queue } = world.fleet;
    if (adds.length === 0) return false;
    const i = world.below(adds.length);
    const { queued, arrive } = adds.splice(i, 1)[0]!;
    if (i > 0) world.count('job overtook another');
    if (times === 'twice') adds.push({ queued: { ...queued }, arrive: () => {} });
    if (times !== 'never' && !queue.has(queued.id)) queue.set(queued.id, queued);
    world.say(() => `job ${queued.id} arrives ${times}`);
    arrive();
    return true;
  };

/** A message of the stream of results is heard, in any order. */
const isHeard =
  (times: Times) =>
  (world: World): boolean => {
    const { messages } = world.fleet;
    if (messages.length === 0) return false;
    const i = world.below(messages.length);
    const message = messages.splice(i, 1)[0]!;
    if (i > 0) world.count('message overtook another');
    if (times === 'twice') messages.push(message);
    world.say(() => `${message.kind} of ${message.id} is heard ${times}`);
    if (times !== 'never') world.hear(message);
    return true;
  };

export const usual: readonly Happening[] = [
  {
    name: 'ledger works',
    weight: 6,
    happen({ ledger, say, diskFull }) {
      if (ledger.sent.length === 0) return false;
      say(() => `ledger: ${callText(ledger.sent[0]!)}`);
      ledger.carryOutNext(diskFull);
      return true;
    },
  },
  {
    name: 'ledger answers',
    weight: 6,
    happen({ ledger }) {
      const answer = ledger.answers.shift();
      answer?.();
      return answer !== undefined;
    },
  },
  { name: 'job arrives', weight: 4, happen: arrives('once') },
  { name: 'job is taken', weight: 4, happen: ({ fleet }) => fleet.take() },
  { name: 'worker proceeds', weight: 6, happen: ({ fleet }) => fleet.proceed(false) },
  { name: 'message is heard', weight: 4, happen: isHeard('once') },
  {
    name: 'second delivery is judged',
    weight: 2,
    happen({ dispatcher, below }) {
      if (dispatcher.judgements.length === 0) return false;
      dispatcher.judge(below(dispatcher.judgements.length));
      return true;
    },
  },
  {
    name: 'time passes',
    weight: 0.5,
    happen({ fleet, below }) {
      fleet.pass(below(2 * LOCK_MS));
      return true;
    },
  },
  { name: 'locks run out', weight: 1, happen: ({ fleet }) => fleet.expire() },
  { name: 'timer fires', weight: 1, happen: (world) => world.fireTimer() },
  { name: 'queue reconciled', weight: 1, happen: ({ dispatcher }) => dispatcher.reconcile() },
  { name: 'stop takes back', weight: 1, happen: ({ dispatcher, below }) => dispatcher.takeBack(below(8) === 0) },
  {
    name: 'worker joins',
    weight: 0.5,
    happen({ fleet }) {
      if (fleet.workers.filter(({ skewed }) => !skewed).length >= MOST_WORKERS) return false;
      fleet.join();
      return true;
    },
  },
];

/** What users do; they go on when faults are over. */
const asked: readonly Happening[] = [
  {
    name: 'user asks',
    weight: 2,
    happen({ isServing, operator, orchestrator }) {
      if (isServing) operator.act(orchestrator);
      return isServing;
    },
  },
  {
    name: 'user waits for a study',
    weight: 0.5,
    happen({ isServing, operator, orchestrator, ledger, below }) {
      const studies = [...ledger.submitted.keys()];
      if (!isServing || studies.length === 0) return false;
      operator.watch(orchestrator, studies[below(studies.length)]!);
      return true;
    },
  },
];

export const faults: readonly Happening[] = [
  ...asked,
  { name: 'job lost', weight: 1.5, happen: arrives('never') },
  { name: 'job duplicated', weight: 1.5, happen: arrives('twice') },
  { name: 'message lost', weight: 1.5, happen: isHeard('never') },
  { name: 'message duplicated', weight: 1.5, happen: isHeard('twice') },
  { name: 'broken surrounding', weight: 1, happen: ({ fleet }) => fleet.proceed(true) },
  {
    name: 'worker killed',
    weight: 0.3,
    happen({ anyWorker, fleet }) {
      if (anyWorker !== undefined) fleet.die(anyWorker);
      return anyWorker !== undefined;
    },
  },
  {
    name: 'worker stands still',
    weight: 0.3,
    happen({ anyWorker }) {
      if (anyWorker === undefined || anyWorker.stalled) return false;
      anyWorker.stalled = true;
      return true;
    },
  },
  {
    name: 'worker goes on',
    weight: 0.5,
    happen({ anyWorker }) {
      if (!anyWorker?.stalled) return false;
      anyWorker.stalled = false;
      return true;
    },
  },
  {
    name: 'worker of another version joins',
    weight: 0.1,
    happen({ fleet }) {
      if (fleet.workers.some(({ skewed }) => skewed)) return false;
      fleet.join(true);
      return true;
    },
  },
  {
    name: 'Redis wiped',
    weight: 0.1,
    happen({ fleet }) {
      fleet.wipe();
      return true;
    },
  },
  {
    name: 'clock of Redis jumps an hour',
    weight: 0.1,
    happen({ fleet, below }) {
      if (fleet.ahead !== 0) return false;
      fleet.ahead = (below(2) === 0 ? 1 : -1) * HOUR_MS;
      return true;
    },
  },
  {
    name: 'orchestrator killed',
    weight: 0.15,
    happen(world) {
      if (world.ledger.answers.length > 0) world.count('orchestrator killed between a write and its answer');
      if (world.fleet.adds.length > 0) world.count('orchestrator killed before its jobs were in the queue');
      if (world.ledger.sent.some(({ method }) => method === 'commitRoundJob')) world.count('orchestrator killed before its commit');
      world.restart(true);
      return true;
    },
  },
  {
    name: 'orchestrator stopped',
    weight: 0.1,
    happen(world) {
      const { isServing } = world;
      if (isServing) world.stop();
      return isServing;
    },
  },
  {
    name: 'disk of the ledger full',
    weight: 0.05,
    happen(world) {
      if (world.diskFull) return false;
      world.diskFull = true;
      return true;
    },
  },
  {
    name: 'checkpoint damaged',
    weight: 0.2,
    happen({ ledger, below }) {
      const runs = [...ledger.runs.values()].filter(({ checkpoints }) => checkpoints.length > 0);
      if (runs.length === 0) return false;
      runs[below(runs.length)]!.checkpoints.pop();
      return true;
    },
  },
  {
    name: 'late call of a dead orchestrator',
    weight: 1,
    happen({ ledger, late, say }) {
      const call = late.shift();
      if (call === undefined) return false;
      say(() => `ledger, late: ${callText(call)}`);
      ledger.carryOut({ ...call, resolve: () => {}, reject: () => {} });
      return true;
    },
  },
];

function callText({ method, parameters }: { readonly method: string; readonly parameters: readonly unknown[] }): string {
  const short = parameters.map((parameter) => {
    if (typeof parameter !== 'object' || parameter === null) return String(parameter);
    const { studyKey, runKey, fromRound, toRound, paused, priority } = parameter as Record<string, unknown>;
    return JSON.stringify({ studyKey, runKey, fromRound, toRound, paused, priority });
  });
  return `${method}(${short.join(', ')})`;
}
