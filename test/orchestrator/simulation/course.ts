/**
 * The course of a schedule: first faults happen among what always does, then they stop and everything comes to its end.
 * Every step is one thing that may happen next, drawn from the seed; promises settle after it.
 */
import { faults, type Happening, HOUR_MS, usual } from './happenings.ts';
import { must } from './witness.ts';
import { type Observer, World } from './world.ts';

export interface CourseOptions extends Observer {
  /** Steps in which faults may happen; drawn from the seed otherwise. */
  readonly steps?: number;
  /** Names of faults that do not happen. */
  readonly without?: ReadonlySet<string>;
  /** Changes parts of the world before it begins. */
  readonly plant?: ((world: World) => void) | undefined;
}

/** Steps with faults, at least and at most. */
const STEPS = { least: 40, most: 240 };
/** Enough turns of the microtask queue for every chain of promises between two steps. */
const TURNS = 16;
/** Calm steps in which everything must end. */
const PATIENCE = 5000;

export class Course {
  readonly world: World;
  readonly #options: CourseOptions;
  steps = 0;

  constructor(seed: number, options: CourseOptions) {
    this.#options = options;
    this.world = new World(seed, options);
    options.plant?.(this.world);
    this.world.begin();
  }

  /** The whole schedule. Throws where something does not hold. */
  async run(): Promise<void> {
    const { world } = this;
    const { without = new Set(), steps } = this.#options;
    for (const studyKey of world.plans.keys()) if (world.below(2) === 0) world.operator.submit(world.orchestrator, studyKey);
    const drawn = STEPS.least + world.below(STEPS.most - STEPS.least);
    // A schedule has not all kinds of fault: each kind meets long stretches without the others.
    const mine = faults.filter(({ name }) => world.below(3) > 0 && !without.has(name));
    await this.#happen([...usual, ...mine], () => this.steps < (steps ?? drawn));
    await this.#calm();
  }

  async #happen(kinds: readonly Happening[], goOn: () => boolean): Promise<void> {
    const { world } = this;
    const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
    let idle = 0;
    while (goOn()) {
      let i = 0;
      for (let roll = world.random() * total - kinds[0]!.weight; roll >= 0 && i + 1 < kinds.length; roll -= kinds[i]!.weight) i++;
      const { name, happen } = kinds[i]!;
      if (!happen(world)) {
        must(++idle < PATIENCE, () => `nothing happens any more: ${this.#standing()}`);
        continue;
      }
      idle = 0;
      this.steps++;
      world.count(name);
      world.say(() => `- ${name}`);
      for (let turn = 0; turn < TURNS; turn++) await null;
      world.check();
    }
  }

  /** Faults are over: everything ends as it was left, then once more with everybody asked to go on. */
  async #calm(): Promise<void> {
    const { world } = this;
    const { fleet, operator, ledger, plans } = world;
    for (const worker of fleet.workers) worker.stalled = false;
    // A lock of a dead worker lives an hour longer when the clock of Redis went back by one.
    fleet.pass(2 * HOUR_MS);
    world.late = [];
    if (world.diskFull) world.restart(true);
    await this.#until(() => world.isServing && operator.inFlight.size === 0, 'the orchestrator serves and has answered');
    for (const studyKey of ledger.submitted.keys()) operator.pause(world.orchestrator, studyKey, false);
    await this.#until(() => this.#isAtRest(), 'everything that is wanted has ended');
    this.#seeRest();
    for (const { studyKey } of world.orchestrator.progress)
      must(!ledger.submitted.get(studyKey)!.withdrawn, () => `${studyKey} was cancelled and is under way`);
    for (const studyKey of plans.keys()) {
      if (ledger.submitted.has(studyKey)) operator.retry(world.orchestrator, studyKey);
      else operator.submit(world.orchestrator, studyKey);
    }
    await this.#until(() => this.#isAtRest(), 'everything has ended after it was asked to go on');
    this.#seeRest();
    this.#seeProgress();
    world.witness.allEnded();
  }

  #isAtRest(): boolean {
    const { ledger, operator } = this.world;
    if (ledger.sent.length > 0 || ledger.answers.length > 0 || operator.inFlight.size > 0) return false;
    for (const { withdrawn, runs } of ledger.submitted.values())
      if (!withdrawn && runs.some(({ state }) => state !== 'finished')) return false;
    return true;
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const end = this.steps + PATIENCE;
    await this.#happen(usual, () => {
      if (holds()) return false;
      must(this.steps < end, () => `waited in vain until ${what}: ${this.#standing()}`);
      return true;
    });
  }

  /** Nothing is out, no timer is set. */
  #seeRest(): void {
    const { orchestrator, dispatcher, timers } = this.world;
    const { outstanding } = orchestrator;
    must(
      outstanding === 0 && dispatcher.pending.size === 0,
      () => `${outstanding} jobs are out, ${dispatcher.pending.size} pending, at rest`,
    );
    must(timers.size === 0, () => 'a timer is set at rest');
  }

  /** The numbers shown are the ledger's. */
  #seeProgress(): void {
    const { orchestrator, ledger } = this.world;
    for (const { studyKey, total, finished, failed, roundsLeft } of orchestrator.progress) {
      const [shown, counted] = [{ total, finished, failed, roundsLeft }, ledger.rollup(studyKey)].map((numbers) => JSON.stringify(numbers));
      must(shown === counted, () => `progress of ${studyKey} says ${shown}; the ledger ${counted}`);
    }
  }

  #standing(): string {
    const { ledger, orchestrator, dispatcher, fleet } = this.world;
    const runs = [...ledger.runs.values()].map(({ spec, state, outcome, committedRound, deaths }) =>
      [spec.runKey, spec.nature, state, outcome, `${committedRound}/${spec.rounds}`, `${deaths} deaths`].join(' '),
    );
    return `${runs.join('; ')}; out ${orchestrator.outstanding}, pending ${dispatcher.pending.size}, queue ${fleet.queue.size}`;
  }
}
