/** What must hold: judged from what the ledger carried out, what was dispatched, and what users were told. */
import { SUSPECT_AFTER } from '../../../src/orchestrator/core.ts';
import type { RoundJob, RoundJobResult } from '../../../src/shared/messages/round-job.ts';
import type { LedgerCall, LedgerRun, SimulatedLedger } from './ledger.ts';
import type { SimulatedRun } from './runs.ts';

export class Violation extends Error {}

export function must(holds: boolean, what: () => string): void {
  if (!holds) throw new Violation(what());
}

/** Failures in a row for a reason a retry may cure, after which a run may be given up. */
const MAX_FAILURES = 6;
const endings: Readonly<Record<SimulatedRun['nature'], string>> = {
  healthy: 'completed',
  failing: 'failed',
  poisonous: 'quarantined',
  troubled: 'completed',
};

interface Before extends Pick<LedgerRun, 'state' | 'outcome' | 'epoch' | 'fence' | 'committedRound'> {
  /** The highest fence there was. */
  highest: number;
}

export class Witness {
  readonly #ledger: SimulatedLedger;
  readonly #before = new Map<string, Before>();
  /** Runs a user has asked to cancel; those a user was told are cancelled. */
  readonly cancellable = new Set<string>();
  readonly ended = new Set<string>();
  /** Studies a user was told are paused, or cancelled. */
  readonly paused = new Set<string>();
  readonly withdrawn = new Set<string>();
  /** Times a run failed for a reason a retry may cure, since it last got further. */
  readonly #troubles = new Map<string, number>();
  /** The first thing that did not hold. */
  violation: unknown;
  readonly #count: (what: string) => void;

  constructor(ledger: SimulatedLedger, count: (what: string) => void) {
    this.#ledger = ledger;
    this.#count = count;
    ledger.onCall = (call, value) => this.hold(() => this.#heard(call, value));
  }

  /** Keeps the first violation where throwing would be swallowed by a promise. */
  hold(look: () => void): void {
    try {
      look();
    } catch (thrown) {
      this.violation ??= thrown;
    }
  }

  trouble(runKey: string): void {
    this.#troubles.set(runKey, (this.#troubles.get(runKey) ?? 0) + 1);
  }

  #heard(call: LedgerCall, value: unknown): void {
    if (call.method === 'commitRoundJob') this.#count(`commit ${(value as { readonly kind: string }).kind}`);
    for (const run of this.#ledger.runs.values()) this.#compare(run, call);
  }

  #compare(run: LedgerRun, { method, parameters }: LedgerCall): void {
    const { spec, state, outcome, epoch, fence, committedRound } = run;
    const { runKey } = spec;
    let before = this.#before.get(runKey);
    if (before === undefined) {
      before = { state: 'queued', outcome: null, epoch: 1, fence: null, committedRound: -1, highest: 0 };
      this.#before.set(runKey, before);
    }
    if (before.state === 'finished' && (state !== before.state || outcome !== before.outcome)) {
      const mayGoOn = (method === 'retry' || method === 'submit') && before.outcome !== 'completed' && epoch === before.epoch + 1;
      must(mayGoOn, () => `${runKey} had ended ${before.outcome}; ${method} made it ${state} ${outcome}`);
    }
    if (committedRound !== before.committedRound) this.#checkCommit(run, before, method, parameters);
    if (before.state !== 'finished' && state === 'finished') this.#checkEnd(run);
    must(run.points.length === committedRound + 1, () => `${runKey} at round ${committedRound} has ${run.points.length} points`);
    must(epoch >= before.epoch, () => `the epoch of ${runKey} went back`);
    if (fence !== null && fence !== before.fence) {
      must(fence > before.highest, () => `fence ${fence} of ${runKey} after ${before.highest}`);
      before.highest = fence;
    }
    must(fence === null || state === 'running', () => `${runKey} is ${state} and has an open attempt`);
    Object.assign(before, { state, outcome, epoch, fence, committedRound });
  }

  #checkCommit(run: LedgerRun, before: Before, method: string, parameters: readonly unknown[]): void {
    const { spec, committedRound, points } = run;
    const [fence, result] = parameters as [number, RoundJobResult];
    must(
      method === 'commitRoundJob' && committedRound > before.committedRound,
      () => `${method} moved ${spec.runKey} to ${committedRound}`,
    );
    const owned = fence === before.fence && result.epoch === before.epoch;
    must(owned, () => `fence ${fence} committed ${spec.runKey}, whose open attempt is ${before.fence}`);
    for (let i = before.committedRound + 1; i < points.length; i++)
      must(points[i] === spec.values[i], () => `point ${i} of ${spec.runKey} is not what an undisturbed run has`);
    must(run.deaths === 0, () => `${spec.runKey} got further and is still under suspicion`);
    this.#troubles.delete(spec.runKey);
  }

  #checkEnd({ spec, outcome, resultHash, committedRound, deaths }: LedgerRun): void {
    const { runKey, nature } = spec;
    const troubles = this.#troubles.get(runKey) ?? 0;
    if (outcome === 'cancelled') must(this.cancellable.has(runKey), () => `nobody cancelled ${runKey}`);
    else if (outcome === 'failed' && nature !== 'failing')
      must(troubles >= MAX_FAILURES, () => `${runKey} was given up after ${troubles} failures that a retry may cure`);
    else must(outcome === endings[nature], () => `${runKey}, which is ${nature}, ended ${outcome}`);
    if (outcome === 'quarantined') {
      must(deaths > SUSPECT_AFTER, () => `${runKey} was quarantined at its death ${deaths}`);
      this.#count(`quarantined at death ${deaths}`);
    }
    if (outcome !== 'completed') return;
    must(committedRound === spec.rounds && resultHash === spec.hash, () => `${runKey} completed with another hash than undisturbed`);
  }

  /** A job is handed to the dispatcher. */
  dispatched({ runKey, epoch, fromRound, rounds }: RoundJob, isolated: boolean): void {
    const run = this.#ledger.runs.get(runKey)!;
    must(!this.ended.has(runKey), () => `${runKey} was dispatched after its cancellation was acknowledged`);
    // One of an epoch before is about to be recalled: the ledger has not answered yet that the run ended and goes on.
    if (epoch === run.epoch)
      must(isolated === run.deaths >= SUSPECT_AFTER, () => `${runKey} with ${run.deaths} deaths was dispatched isolated: ${isolated}`);
    must(fromRound <= run.committedRound, () => `${runKey} was dispatched from ${fromRound}, beyond what is committed`);
    must(Math.max(0, fromRound) + rounds <= run.spec.rounds, () => `${runKey} was dispatched beyond its last round`);
    const studies = [...this.#ledger.submitted.values()].filter(({ runs }) => runs.includes(run));
    const held = studies.every(({ studyKey }) => this.paused.has(studyKey) || this.withdrawn.has(studyKey));
    must(!held, () => `${runKey} was dispatched while every study that has it is paused or cancelled`);
  }

  /** Whether a user was told of every study that has the run that it is cancelled. */
  isWithdrawn(run: LedgerRun): boolean {
    return [...this.#ledger.submitted.values()].every(({ studyKey, runs }) => this.withdrawn.has(studyKey) || !runs.includes(run));
  }

  /** At the end, when everybody was asked to go on: every run has ended as its nature says. */
  allEnded(): void {
    for (const { spec, state, outcome } of this.#ledger.runs.values()) {
      const gaveUp = outcome === 'failed' && spec.nature === 'troubled';
      must(
        state === 'finished' && (outcome === endings[spec.nature] || gaveUp),
        () => `${spec.runKey}, which is ${spec.nature}, is ${state} ${outcome}`,
      );
    }
  }
}
