/**
 * The world of a schedule: the real orchestrator with its core, among a simulated ledger, queue, fleet, clock and user.
 * Orchestrators come one after another over the same ledger, as processes do.
 */
import { Orchestrator } from '../../../src/orchestrator/orchestrator.ts';
import { randomFrom } from '../ledger/runs.ts';
import { SimulatedDispatcher } from './dispatcher.ts';
import { Fleet, type Message, type SimulatedWorker } from './fleet.ts';
import { type LedgerCall, SimulatedLedger } from './ledger.ts';
import { Operator } from './operator.ts';
import { type Nature, type SimulatedRun, simulatedRun } from './runs.ts';
import { must, Violation, Witness } from './witness.ts';

export interface Observer {
  /** Hears what happens, in words. */
  readonly say?: (line: string) => void;
  readonly counts?: Map<string, number>;
}

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

const natures: readonly Nature[] = ['healthy', 'healthy', 'healthy', 'healthy', 'failing', 'poisonous', 'troubled'];
/** Calls under a fence: those of a dead orchestrator that may still reach a ledger, and must then change nothing. */
const fenced: ReadonlySet<string> = new Set(['commitRoundJob', 'recordDeath', 'endAttempt']);

export class World {
  readonly specs = new Map<string, SimulatedRun>();
  readonly plans = new Map<string, SimulatedRun[]>();
  readonly ledger: SimulatedLedger;
  readonly fleet: Fleet;
  readonly witness: Witness;
  readonly operator: Operator;
  /** Runs of a study that the core is given at once. */
  readonly window: number;
  readonly random: () => number;
  readonly below = (m: number): number => Math.floor(this.random() * m);
  readonly #observer: Observer;
  readonly #outstanding: number;
  readonly #roundsPerJob: number | 'auto';
  dispatcher!: SimulatedDispatcher;
  orchestrator!: Orchestrator;
  diskFull = false;
  /** Calls of dead orchestrators on their way. */
  late: Pick<LedgerCall, 'method' | 'parameters'>[] = [];
  timers = new Map<number, Timer>();
  #timerId = 0;
  #generation = 0;
  #adopted = false;
  #stopping: 'no' | 'asked' | 'done' = 'no';

  constructor(seed: number, observer: Observer) {
    this.#observer = observer;
    this.random = randomFrom(seed);
    const { below, count, say } = this;
    this.#outstanding = 1 + below(4);
    this.#roundsPerJob = below(2) === 0 ? 'auto' : 1 + below(4);
    this.window = below(3) === 0 ? 1024 : 1 + below(4);
    for (let i = 0, runs = 2 + below(6); i < runs; i++) {
      const rounds = below(9);
      this.specs.set(`r${i}`, simulatedRun(`r${i}`, below(1e6), rounds, natures[below(natures.length)]!, below(rounds + 1)));
    }
    const all = [...this.specs.values()];
    for (const studyKey of ['s', 't', 'u'].slice(0, 1 + below(3))) {
      const mine = all.filter(() => below(2) === 0);
      this.plans.set(studyKey, mine.length > 0 ? mine : [all[0]!]);
    }
    this.ledger = new SimulatedLedger(this.specs);
    this.witness = new Witness(this.ledger, count);
    this.fleet = new Fleet(this.specs, below, { count, say });
    for (const { runKey, nature } of all) if (nature === 'troubled') this.fleet.troubles.set(runKey, 1 + below(5));
    for (let i = 1 + below(3); i > 0; i--) this.fleet.join();
    this.operator = new Operator({ ledger: this.ledger, witness: this.witness, plans: this.plans, below, count, say });
  }

  readonly count = (what: string): void => {
    const { counts } = this.#observer;
    counts?.set(what, (counts.get(what) ?? 0) + 1);
  };

  readonly say = (what: () => string): void => {
    this.#observer.say?.(what());
  };

  get anyWorker(): SimulatedWorker | undefined {
    const { workers } = this.fleet;
    return workers[this.below(workers.length)];
  }

  /** Whether users are heard. */
  get isServing(): boolean {
    return this.#adopted && this.#stopping === 'no';
  }

  setTimer(fire: () => void, ms: number): number {
    this.timers.set(++this.#timerId, { at: this.fleet.now + ms, fire });
    return this.#timerId;
  }

  /** The next timer's time comes. */
  fireTimer(): boolean {
    let first: [number, Timer] | undefined;
    for (const entry of this.timers) if (first === undefined || entry[1].at < first[1].at) first = entry;
    if (first === undefined) return false;
    this.timers.delete(first[0]);
    this.fleet.pass(Math.max(0, first[1].at - this.fleet.now));
    first[1].fire();
    return true;
  }

  hear(message: Message): void {
    if (message.kind === 'failure' && message.failure.code === 'MARINADE_EXECUTION_QUEUE') this.witness.trouble(message.key.split('/')[0]!);
    this.dispatcher.hear(message);
  }

  /** What must hold after every step. */
  check(): void {
    if (this.witness.violation !== undefined) throw this.witness.violation;
    // A process that cannot write dies; one that was asked to stop leaves in order.
    if (this.#stopping === 'done') this.restart(this.diskFull);
    const { pending, outstanding } = this.dispatcher;
    const out = this.orchestrator.outstanding;
    must(pending.size <= outstanding && out <= outstanding, () => `${pending.size} jobs are pending, ${out} out, of ${outstanding}`);
  }

  /** A request to stop in order; the process leaves when it was heeded. */
  stop(): void {
    this.#stopping = 'asked';
    const mine = this.#generation;
    const leave = (reason?: unknown): void => {
      if (mine !== this.#generation) return;
      this.#stopping = 'done';
      this.witness.hold(() => must(reason === undefined || this.diskFull, () => `the stop failed: ${String(reason)}`));
    };
    this.orchestrator.stop().then(() => leave(), leave);
  }

  /** The orchestrator is gone, killed or in order; its successor opens the ledger. */
  restart(killed: boolean): void {
    if (killed) this.late.push(...this.ledger.sent.filter(({ method }) => fenced.has(method)));
    this.diskFull = false;
    // What was on its way to the queue may still get there.
    this.fleet.adds = this.fleet.adds.filter(() => this.below(2) === 0).map(({ queued }) => ({ queued, arrive: () => {} }));
    this.ledger.reopen(killed);
    this.operator.forget();
    this.begin();
  }

  /** A new orchestrator, as `serve` makes it. */
  begin(): void {
    const mine = ++this.#generation;
    this.timers = new Map();
    this.#adopted = false;
    this.#stopping = 'no';
    const ledger = this.ledger.connect();
    const { witness } = this;
    this.dispatcher = new SimulatedDispatcher(this.fleet, this.#outstanding, (job, isolated) => {
      const { runKey, epoch, fromRound, rounds } = job;
      this.say(() => `dispatch ${runKey} of epoch ${epoch} from ${fromRound}, ${rounds} rounds${isolated ? ', isolated' : ''}`);
      witness.hold(() => {
        must(mine === this.#generation, () => 'a dead orchestrator dispatched');
        witness.dispatched(job, isolated);
      });
    });
    this.orchestrator = new Orchestrator({
      ledger,
      dispatcher: this.dispatcher,
      worker: 'simulated',
      roundsPerJob: this.#roundsPerJob,
      solveOptimum: async () => ({ value: 0, certificate: {} }),
      onWarning: (message) => {
        if (message.startsWith('ALARM')) witness.violation ??= new Violation(message);
      },
    });
    void this.orchestrator.failure.then((reason) => {
      if (mine !== this.#generation) return;
      if (this.diskFull) this.#stopping = 'done';
      else witness.violation ??= new Violation(`the orchestrator gave up: ${String(reason)}`);
    });
    const adopt = async (orchestrator: Orchestrator): Promise<void> => {
      for (const { studyKey, withdrawn } of await ledger.studies()) if (!withdrawn) await orchestrator.adopt(studyKey);
      if (mine === this.#generation) this.#adopted = true;
    };
    // Refused by a full disk alone, which `failure` says as well.
    adopt(this.orchestrator).catch(() => {});
  }
}
