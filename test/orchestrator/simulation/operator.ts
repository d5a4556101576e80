/** A user at the controls of the orchestrator: asks at any moment, and holds it to what it acknowledged. */
import type { Orchestrator } from '../../../src/orchestrator/orchestrator.ts';
import type { Plan } from '../../../src/orchestrator/plan/plan-study.ts';
import type { SimulatedLedger } from './ledger.ts';
import type { SimulatedRun } from './runs.ts';
import { must, type Witness } from './witness.ts';

export interface OperatorParts {
  readonly ledger: SimulatedLedger;
  readonly witness: Witness;
  /** Studies there are to submit, and their runs in order. */
  readonly plans: ReadonlyMap<string, readonly SimulatedRun[]>;
  readonly below: (m: number) => number;
  count(what: string): void;
  say(what: () => string): void;
}

export const planOf = (studyKey: string, runs: readonly SimulatedRun[]): Plan =>
  ({ studyKey, name: studyKey, source: '', runs: runs.map(({ planned }) => planned) }) as unknown as Plan;

export class Operator {
  readonly #parts: OperatorParts;
  #asked = 0;
  /** Requests of the orchestrator that lives, not answered yet; and how many of them make runs go on. */
  inFlight = new Set<number>();
  reviving = 0;
  /** The newest request that paused or resumed a study. */
  readonly #lastPause = new Map<string, number>();
  /** The newest request that makes a study, or a run, go on. */
  readonly #lastRevival = new Map<string, number>();

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  /** The orchestrator died: nobody answers. */
  forget(): void {
    this.inFlight = new Set();
    this.reviving = 0;
  }

  /** Asks for something. */
  act(orchestrator: Orchestrator): void {
    const { below, ledger, plans } = this.#parts;
    const known = [...ledger.submitted.keys()];
    const studyKey = known[below(known.length)];
    const fresh = [...plans.keys()].find((key) => !ledger.submitted.has(key));
    if (studyKey === undefined || (fresh !== undefined && below(4) === 0)) {
      this.submit(orchestrator, fresh!);
      return;
    }
    const runs = plans.get(studyKey)!;
    const { runKey } = runs[below(runs.length)]!;
    const requests = [
      () => this.pause(orchestrator, studyKey, true),
      () => this.pause(orchestrator, studyKey, true),
      () => this.pause(orchestrator, studyKey, false),
      () => this.pause(orchestrator, studyKey, false),
      () => this.#ask('priority changed', () => orchestrator.setStudy(studyKey, { priority: below(3) })),
      () => this.#cancelStudy(orchestrator, studyKey),
      () => this.#cancelRun(orchestrator, runKey),
      () => this.submit(orchestrator, studyKey),
      () => this.retry(orchestrator, studyKey),
      () => this.retry(orchestrator, studyKey, runKey),
    ];
    requests[below(requests.length)]!();
  }

  submit(orchestrator: Orchestrator, studyKey: string): void {
    const runs = this.#parts.plans.get(studyKey)!;
    this.#revive('study submitted', studyKey, runs, () => orchestrator.submit(planOf(studyKey, runs)));
  }

  retry(orchestrator: Orchestrator, studyKey: string, runKey?: string): void {
    const runs = this.#parts.plans.get(studyKey)!.filter((run) => runKey === undefined || run.runKey === runKey);
    const target = { studyKey, ...(runKey === undefined ? {} : { runKey }) };
    this.#revive(`${runKey === undefined ? 'study' : 'run'} retried`, studyKey, runs, () => orchestrator.retry(target));
  }

  pause(orchestrator: Orchestrator, studyKey: string, paused: boolean): void {
    const { witness } = this.#parts;
    const mine = this.#asked;
    this.#lastPause.set(studyKey, mine);
    witness.paused.delete(studyKey);
    this.#ask(
      paused ? 'study paused' : 'study resumed',
      () => orchestrator.setStudy(studyKey, { paused }),
      () => {
        if (paused && this.#lastPause.get(studyKey) === mine) witness.paused.add(studyKey);
      },
    );
  }

  /** Waits for the end of a study as `run` does, and sees that it is one. */
  watch(orchestrator: Orchestrator, studyKey: string): void {
    const { ledger } = this.#parts;
    orchestrator.finished(studyKey).then(
      () => {
        const { withdrawn, runs } = ledger.submitted.get(studyKey)!;
        const open = runs.filter(({ state }) => state !== 'finished').map(({ spec }) => spec.runKey);
        this.#must(withdrawn || open.length === 0 || this.reviving > 0, () => `${studyKey} was called finished; open: ${open.join()}`);
      },
      () => {},
    );
  }

  #revive(what: string, studyKey: string, runs: readonly SimulatedRun[], ask: () => Promise<unknown>): void {
    const { witness } = this.#parts;
    witness.withdrawn.delete(studyKey);
    this.#lastRevival.set(studyKey, this.#asked);
    for (const { runKey } of runs) {
      witness.ended.delete(runKey);
      this.#lastRevival.set(runKey, this.#asked);
    }
    this.reviving++;
    this.#ask(what, ask, () => this.reviving--);
  }

  #cancelStudy(orchestrator: Orchestrator, studyKey: string): void {
    const { witness, ledger, plans } = this.#parts;
    const mine = this.#asked;
    const runs = plans.get(studyKey)!;
    for (const { runKey } of runs) witness.cancellable.add(runKey);
    this.#ask(
      'study cancelled',
      () => orchestrator.cancelStudy(studyKey),
      () => {
        if (this.#isCancelled(studyKey, mine)) witness.withdrawn.add(studyKey);
        for (const { runKey } of runs) if (witness.isWithdrawn(ledger.runs.get(runKey)!)) this.#seeCancelled(runKey, mine);
      },
    );
  }

  #cancelRun(orchestrator: Orchestrator, runKey: string): void {
    const mine = this.#asked;
    this.#parts.witness.cancellable.add(runKey);
    this.#ask(
      'run cancelled',
      () => orchestrator.cancelRun(runKey),
      () => this.#seeCancelled(runKey, mine),
    );
  }

  /** Whether nobody has asked for it to go on since. */
  #isCancelled(key: string, asked: number): boolean {
    return (this.#lastRevival.get(key) ?? -1) < asked;
  }

  #seeCancelled(runKey: string, asked: number): void {
    if (!this.#isCancelled(runKey, asked)) return;
    const { ledger, witness } = this.#parts;
    this.#must(ledger.runs.get(runKey)!.state === 'finished', () => `${runKey} was called cancelled and goes on`);
    witness.ended.add(runKey);
  }

  #ask(what: string, ask: () => Promise<unknown>, answered: () => void = () => {}): void {
    const { count, say } = this.#parts;
    const mine = this.#asked++;
    const { inFlight } = this;
    inFlight.add(mine);
    count(what);
    say(() => `asked (${mine}): ${what}`);
    ask().then(
      () => {
        if (this.inFlight !== inFlight) return;
        inFlight.delete(mine);
        say(() => `answered (${mine})`);
        answered();
      },
      (reason: unknown) => {
        if (this.inFlight !== inFlight) return;
        inFlight.delete(mine);
        // A full disk refuses requests too; the orchestrator ends then.
        this.#must(String(reason).includes('MARINADE_STORAGE_FULL'), () => `${what} was refused: ${String(reason)}`);
      },
    );
  }

  #must(holds: boolean, what: () => string): void {
    this.#parts.witness.hold(() => must(holds, what));
  }
}
