/**
 * The ledger as its contract says, in memory: calls are carried out one after another, each at once and for good, and
 * answered in that order, later. What was carried out survives its caller; what was not, and all answers, die with it.
 */
import type {
  CommitReport,
  Ledger,
  PlannedStudy,
  StudyRollup,
  StudyRow,
  StudyRun,
  SubmitReport,
} from '../../../src/shared/contracts/ledger.ts';
import { MarinadeError, type PlainFailure } from '../../../src/shared/errors.ts';
import type { RoundJobResult } from '../../../src/shared/messages/round-job.ts';
import { isResumable, type Outcome } from '../../../src/shared/outcome.ts';
import { hashOf, type SimulatedRun } from './runs.ts';

export interface LedgerRun {
  readonly spec: SimulatedRun;
  readonly facts: Omit<StudyRun, 'state' | 'outcome' | 'epoch' | 'committedRound' | 'deaths' | 'resultHash' | 'position'>;
  state: 'queued' | 'running' | 'finished';
  outcome: Outcome | null;
  epoch: number;
  /** Number of the open attempt, and where the run stood when it began. */
  fence: number | null;
  attemptFrom: number;
  committedRound: number;
  points: number[];
  /** Newest last, two at most. */
  checkpoints: { readonly round: number; readonly bytes: Uint8Array }[];
  deaths: number;
  resultHash: string | null;
}

export interface LedgerStudy {
  readonly studyKey: string;
  readonly runs: readonly LedgerRun[];
  priority: number;
  paused: boolean;
  withdrawn: boolean;
}

export interface LedgerCall {
  readonly method: string;
  readonly parameters: readonly unknown[];
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

const methods = [
  ...['submit', 'study', 'studies', 'rollup', 'unfinished', 'setStudy', 'cancelStudy', 'retry', 'beginAttempt', 'endAttempt'],
  ...['commitRoundJob', 'finishWithout', 'recordDeath', 'checkpoint', 'optimum', 'storeOptimum'],
];
/** Calls that write: those a full disk refuses. */
const writing = new Set(methods.filter((name) => !['study', 'studies', 'rollup', 'unfinished', 'checkpoint', 'optimum'].includes(name)));

const factsOf = ({ planned }: SimulatedRun): LedgerRun['facts'] => ({
  ...planned,
  parameters: {},
  summaries: {},
  warnings: [],
  notes: {},
  failure: null,
  computeSeconds: 0,
});

export class SimulatedLedger {
  readonly runs = new Map<string, LedgerRun>();
  readonly submitted = new Map<string, LedgerStudy>();
  readonly #specs: ReadonlyMap<string, SimulatedRun>;
  #fences = 0;
  #optimum = false;
  sent: LedgerCall[] = [];
  answers: (() => void)[] = [];
  /** Hears of every call that was carried out. */
  onCall: (call: LedgerCall, value: unknown) => void = () => {};

  constructor(specs: ReadonlyMap<string, SimulatedRun>) {
    this.#specs = specs;
  }

  /** The ledger as its owner sees it. The owner before it is cut off. */
  connect(): Ledger {
    this.sent = [];
    this.answers = [];
    const call =
      (method: string) =>
      (...parameters: unknown[]): Promise<unknown> =>
        new Promise((resolve, reject) => this.sent.push({ method, parameters, resolve, reject }));
    return Object.fromEntries(methods.map((method) => [method, call(method)])) as unknown as Ledger;
  }

  /** Carries out the oldest call; `full`: there is no room to write. */
  carryOutNext(full: boolean): void {
    const call = this.sent.shift()!;
    if (full && writing.has(call.method)) {
      this.answers.push(() => call.reject(new MarinadeError('MARINADE_STORAGE_FULL', 'no space is left')));
      return;
    }
    try {
      const value = this.carryOut(call);
      this.answers.push(() => call.resolve(value));
    } catch (thrown) {
      this.answers.push(() => call.reject(thrown));
    }
  }

  carryOut(call: LedgerCall): unknown {
    const method = (this as unknown as Record<string, (...parameters: unknown[]) => unknown>)[call.method]!;
    const value = method.apply(this, [...call.parameters]);
    this.onCall(call, value);
    return value;
  }

  /** Opens after its owner died (`died`), or left in order. */
  reopen(died: boolean): void {
    for (const run of this.runs.values()) {
      if (run.fence === null) continue;
      this.#requeue(run);
      if (died) run.deaths = run.committedRound > run.attemptFrom ? 0 : run.deaths + 1;
    }
  }

  submit({ studyKey, runs }: PlannedStudy): SubmitReport {
    const report = { added: 0, finished: 0, resumed: 0 };
    const mine = runs.map(({ runKey }) => {
      const known = this.runs.get(runKey);
      if (known === undefined) {
        report.added++;
        return this.#add(this.#specs.get(runKey)!);
      }
      const goesOn = known.outcome === null || isResumable(known.outcome);
      if (known.outcome !== null && goesOn) this.#goOn(known);
      report[goesOn ? 'resumed' : 'finished']++;
      return known;
    });
    const known = this.submitted.get(studyKey);
    if (known === undefined) this.submitted.set(studyKey, { studyKey, runs: mine, priority: 0, paused: false, withdrawn: false });
    else known.withdrawn = false;
    return report;
  }

  study(studyKey: string): StudyRow | undefined {
    const study = this.submitted.get(studyKey);
    return study && { ...study, name: studyKey, source: '', submittedAt: '' };
  }

  studies(): StudyRow[] {
    return [...this.submitted.keys()].map((studyKey) => this.study(studyKey)!);
  }

  rollup(studyKey: string): StudyRollup {
    const rollup = { total: 0, finished: 0, failed: 0, roundsLeft: 0 };
    for (const { state, outcome, spec, committedRound } of this.submitted.get(studyKey)!.runs) {
      rollup.total++;
      if (state === 'finished') rollup.finished++;
      else rollup.roundsLeft += spec.rounds - Math.max(0, committedRound);
      if (outcome === 'failed' || outcome === 'quarantined') rollup.failed++;
    }
    return rollup;
  }

  unfinished(studyKey: string, { after = -1, count = -1 }: { readonly after?: number; readonly count?: number } = {}): StudyRun[] {
    const found = this.submitted
      .get(studyKey)!
      .runs.map((run, position) => ({ run, position }))
      .filter(({ run, position }) => run.state !== 'finished' && position > after)
      .map(({ run: { facts, state, outcome, epoch, committedRound, deaths, resultHash }, position }) => {
        return { ...facts, state, outcome, epoch, committedRound, deaths, resultHash, position };
      });
    return count < 0 ? found : found.slice(0, count);
  }

  setStudy(studyKey: string, change: { readonly paused?: boolean; readonly priority?: number }): void {
    Object.assign(this.submitted.get(studyKey)!, change);
  }

  cancelStudy(studyKey: string): string[] {
    const study = this.submitted.get(studyKey)!;
    study.withdrawn = true;
    const alone = study.runs.filter((run) => run.state !== 'finished' && !this.isWanted(run.spec.runKey));
    for (const run of alone) this.#finish(run, 'cancelled', null);
    return alone.map(({ spec }) => spec.runKey);
  }

  retry(studyKey: string, runKey: string | null): number {
    const study = this.submitted.get(studyKey)!;
    study.withdrawn = false;
    const repeatable: readonly (Outcome | null)[] = ['cancelled', 'budget', 'failed', 'quarantined'];
    const ended = study.runs.filter(({ outcome, spec }) => repeatable.includes(outcome) && (runKey === null || spec.runKey === runKey));
    for (const run of ended) this.#goOn(run);
    return ended.length;
  }

  beginAttempt(runKey: string): { readonly fence: number } {
    const run = this.runs.get(runKey)!;
    if (run.state === 'finished')
      throw new MarinadeError('MARINADE_INVARIANT_BROKEN', `run ${runKey} is ${run.outcome}; nothing is left to attempt`);
    run.state = 'running';
    run.fence = ++this.#fences;
    run.attemptFrom = run.committedRound;
    return { fence: run.fence };
  }

  endAttempt(runKey: string, fence: number): void {
    const run = this.runs.get(runKey)!;
    if (run.fence === fence) this.#requeue(run);
  }

  recordDeath(runKey: string, fence: number): number {
    const run = this.runs.get(runKey)!;
    if (run.fence !== fence) return run.deaths;
    this.#requeue(run);
    return ++run.deaths;
  }

  finishWithout(
    runKey: string,
    fence: number | null,
    outcome: Outcome,
    _failure: PlainFailure | null,
    epoch = Number.POSITIVE_INFINITY,
  ): void {
    const run = this.runs.get(runKey)!;
    if (run.state === 'finished' || (fence !== null && run.fence !== fence) || run.epoch > epoch) return;
    this.#finish(run, outcome, null);
  }

  commitRoundJob(fence: number, result: RoundJobResult): CommitReport {
    const run = this.runs.get(result.runKey)!;
    const owns = this.owns(run, fence, result);
    if (result.toRound <= run.committedRound) {
      this.agree(run, result);
      if (owns) this.#keepCheckpoint(run, result);
      return { kind: 'repeated', finished: run.state === 'finished', resultHash: run.resultHash };
    }
    if (!owns || result.fromRound > run.committedRound)
      return { kind: 'fenced', finished: run.state === 'finished', resultHash: run.resultHash };
    this.agree(run, result);
    this.store(run, result);
    run.committedRound = result.toRound;
    this.#keepCheckpoint(run, result);
    run.deaths = 0;
    if (result.outcome !== null) this.#finish(run, result.outcome, hashOf(run.points));
    return { kind: 'applied', finished: result.outcome !== null, resultHash: run.resultHash };
  }

  checkpoint(runKey: string): { readonly round: number; readonly bytes: Uint8Array; readonly damaged: readonly string[] } | undefined {
    const newest = this.runs.get(runKey)!.checkpoints.at(-1);
    return newest && { ...newest, damaged: [] };
  }

  optimum(): { readonly value: number; readonly certificate: Record<string, unknown> } | undefined {
    return this.#optimum ? { value: 0, certificate: {} } : undefined;
  }

  storeOptimum(): void {
    this.#optimum = true;
  }

  /** Whether a study that is not withdrawn has the run. */
  isWanted(runKey: string): boolean {
    for (const { withdrawn, runs } of this.submitted.values())
      if (!withdrawn && runs.some(({ spec }) => spec.runKey === runKey)) return true;
    return false;
  }

  /** Whether the result comes from the open attempt. */
  owns(run: LedgerRun, fence: number, result: RoundJobResult): boolean {
    return run.fence === fence && run.epoch === result.epoch;
  }

  /** What was stored before has the same bits. */
  agree(run: LedgerRun, { points }: RoundJobResult): void {
    points.columns['value']!.forEach((value, i) => {
      const stored = run.points[points.first + i];
      if (stored !== undefined && stored !== value)
        throw new MarinadeError('MARINADE_STORAGE_DETERMINISM', `point ${points.first + i} of run ${run.spec.runKey} is stored otherwise`);
    });
  }

  /** The points beyond the stored ones. */
  store(run: LedgerRun, { points }: RoundJobResult): void {
    run.points.push(...points.columns['value']!.subarray(run.points.length - points.first));
  }

  #keepCheckpoint(run: LedgerRun, { toRound, checkpoint }: RoundJobResult): void {
    if (toRound <= (run.checkpoints.at(-1)?.round ?? -1)) return;
    run.checkpoints = [...run.checkpoints, { round: toRound, bytes: checkpoint }].slice(-2);
  }

  #add(spec: SimulatedRun): LedgerRun {
    const nothing = { outcome: null, fence: null, attemptFrom: -1, committedRound: -1, deaths: 0, resultHash: null } as const;
    const run: LedgerRun = { spec, facts: factsOf(spec), state: 'queued', epoch: 1, points: [], checkpoints: [], ...nothing };
    this.runs.set(spec.runKey, run);
    return run;
  }

  #requeue(run: LedgerRun): void {
    run.fence = null;
    run.state = 'queued';
  }

  #finish(run: LedgerRun, outcome: Outcome, resultHash: string | null): void {
    Object.assign(run, { state: 'finished', fence: null, outcome, resultHash });
  }

  #goOn(run: LedgerRun): void {
    Object.assign(run, { state: 'queued', outcome: null, resultHash: null, deaths: 0, epoch: run.epoch + 1 });
  }
}
