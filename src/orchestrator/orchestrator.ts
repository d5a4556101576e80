/**
 * The orchestrator: carries out studies, job by job, until nothing is left or it is asked to stop. Decisions are
 * `core.ts`'s; here they meet the ledger and the dispatcher.
 *
 * Ledger first: an attempt is open before its first job is dispatched, and what a job computed counts once committed.
 */
import type { Dispatcher } from '../shared/contracts/dispatcher.ts';
import type { Ledger, StoredOptimum, StudyRun, SubmitReport } from '../shared/contracts/ledger.ts';
import { codeOf, type ErrorCode, isDeath, MarinadeError, type PlainFailure, toPlain } from '../shared/errors.ts';
import type { Tell } from '../shared/log.ts';
import type { RoundJob, RoundJobResult } from '../shared/messages/round-job.ts';
import { type Command, type CoreEvent, type CoreState, createCore, decide, isHeld, isIdle, isStudyDone } from './core.ts';
import { Optima } from './optima.ts';
import type { Plan } from './plan/plan-study.ts';
import { StudyProgress } from './study-progress.ts';

/** Compute time of an `auto` round job: the queue's cost stays in the noise, a crash loses seconds. */
const BUDGET_MS = 2000;

export interface OrchestratorOptions {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  /** Who works, for the attempts of the ledger. */
  readonly worker: string;
  readonly roundsPerJob: number | 'auto';
  /** f* of an experiment's objective, solved somewhere with threads. */
  solveOptimum(experiment: string): Promise<StoredOptimum>;
  /** The numbers of a study have changed. */
  onProgress?(progress: StudyProgress): void;
  readonly onWarning: Tell;
}

/** What ends the orchestrator rather than a run: nothing can be recorded any more. */
const ledgerFailures: ReadonlySet<ErrorCode> = new Set(['MARINADE_STORAGE_LEDGER', 'MARINADE_STORAGE_FULL', 'MARINADE_STORAGE_OWNED']);

/** What is wrong with a result rather than with the ledger: it concerns its run alone. */
const resultFailures: ReadonlySet<ErrorCode> = new Set([
  'MARINADE_STORAGE_DETERMINISM',
  'MARINADE_STORAGE_CHECKPOINT',
  'MARINADE_INVARIANT_BROKEN',
]);

/** A run that is known here: what a job needs of it. */
interface ActiveRun {
  readonly run: StudyRun;
  fence: number | undefined;
  /** Bytes of the newest committed checkpoint, kept so that the next job need not read them back. */
  checkpoint: { readonly round: number; readonly bytes: Uint8Array } | undefined;
}

interface ActiveStudy {
  readonly progress: StudyProgress;
  /** Position of the last run loaded. */
  cursor: number;
  readonly done: PromiseWithResolvers<void>;
}

export class Orchestrator {
  readonly #options: OrchestratorOptions;
  readonly #core: CoreState;
  readonly #runs = new Map<string, ActiveRun>();
  readonly #studies = new Map<string, ActiveStudy>();
  readonly #optima: Optima;
  readonly #cooling = new Map<string, NodeJS.Timeout>();
  readonly #failed = Promise.withResolvers<never>();
  #roundsCommitted = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: OrchestratorOptions) {
    this.#options = options;
    this.#core = createCore(options.dispatcher.outstanding, options.roundsPerJob);
    this.#optima = new Optima(options);
    this.#failed.promise.catch(() => {});
    void options.dispatcher.lost?.then((reason) => this.#fail(reason));
  }

  /** Takes up a planned study: what the ledger does not have yet is added, what is unfinished goes on. */
  async submit(plan: Plan): Promise<SubmitReport> {
    const report = await this.#options.ledger.submit(plan);
    await this.adopt(plan.studyKey);
    if (report.resumed > 0) await this.#tellOthers(plan.studyKey);
    return report;
  }

  /** Goes on with a study of the ledger. */
  async adopt(studyKey: string): Promise<void> {
    const { ledger } = this.#options;
    // Asked for together, answered as of one moment: a pause or a cancellation comes before it, and is in it, or after it.
    const [study, rollup] = await Promise.all([ledger.study(studyKey), ledger.rollup(studyKey)]);
    if (study === undefined) throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no study '${studyKey}' in this results folder`);
    if (study.withdrawn) return;
    const known = this.#studies.get(studyKey);
    known?.progress.recount(rollup);
    const progress = known?.progress ?? new StudyProgress(study, rollup);
    const done = known === undefined || isStudyDone(this.#core, studyKey) ? Promise.withResolvers<void>() : known.done;
    this.#studies.set(studyKey, { progress, cursor: -1, done });
    this.#on({ type: 'study', studyKey, priority: study.priority, paused: study.paused });
  }

  /** Resolves when nothing of the study is left to do, at once if it is not under way; rejects only when the ledger fails. */
  finished(studyKey: string): Promise<void> {
    return Promise.race([this.#studies.get(studyKey)?.done.promise, this.#failed.promise]);
  }

  /** Resolves with why nothing can be recorded any more, if that ever happens. */
  get failure(): Promise<unknown> {
    return this.#failed.promise.catch((reason: unknown) => reason);
  }

  /** Progress of the studies taken up here. */
  get progress(): readonly StudyProgress[] {
    return [...this.#studies.values()].map(({ progress }) => progress);
  }

  /** Rounds committed since this process began. */
  get roundsCommitted(): number {
    return this.#roundsCommitted;
  }

  /** Round jobs dispatched whose results are not here yet: waiting in the queue, or being computed. */
  get outstanding(): number {
    return this.#core.out;
  }

  async setStudy(studyKey: string, change: { readonly paused?: boolean; readonly priority?: number }): Promise<void> {
    await this.#options.ledger.setStudy(studyKey, change);
    if (change.paused !== undefined) this.#on({ type: 'pause', studyKey, paused: change.paused });
    if (change.priority !== undefined) this.#on({ type: 'prioritise', studyKey, priority: change.priority });
  }

  /** Cancels what is unfinished of a study and no other study wants. Returns how many runs that are. */
  async cancelStudy(studyKey: string): Promise<number> {
    // The ledger knows who else wants a run. What is asked of it after this is answered after this, and then not heard.
    const cancelled = await this.#options.ledger.cancelStudy(studyKey);
    this.#on({ type: 'drop', studyKey });
    for (const runKey of cancelled) {
      this.#leave(runKey);
      this.#on({ type: 'gone', runKey });
    }
    const study = this.#studies.get(studyKey);
    this.#studies.delete(studyKey);
    study?.done.resolve();
    return cancelled.length;
  }

  async cancelRun(runKey: string): Promise<void> {
    await this.#options.ledger.finishWithout(runKey, null, 'cancelled', null);
    const active = this.#leave(runKey);
    if (active !== undefined) this.#account(active, (progress) => progress.ended(active.run, active.checkpoint?.round));
    this.#on({ type: 'gone', runKey });
  }

  /** Goes on with runs that ended cancelled, failed or quarantined. Returns how many. */
  async retry(target: { readonly studyKey: string; readonly runKey?: string }): Promise<number> {
    const count = await this.#options.ledger.retry(target.studyKey, target.runKey ?? null);
    await this.adopt(target.studyKey);
    if (count > 0) await this.#tellOthers(target.studyKey);
    return count;
  }

  /** Runs that go on for one study go on for every study that wants them. */
  async #tellOthers(studyKey: string): Promise<void> {
    await Promise.all([...this.#studies.keys()].filter((other) => other !== studyKey).map((other) => this.adopt(other)));
  }

  /** Ends when nothing is out any more; what was under way is queued again. */
  async stop(): Promise<void> {
    this.#options.dispatcher.requestStop();
    for (const timer of this.#cooling.values()) clearTimeout(timer);
    this.#cooling.clear();
    this.#idle = Promise.withResolvers<void>();
    this.#on({ type: 'stop' });
    await Promise.race([this.#idle.promise, this.#failed.promise.catch(() => {})]);
    // Interrupted runs are queued again, without a death on their account.
    for (const { run, fence } of this.#runs.values()) {
      if (fence !== undefined) await this.#options.ledger.endAttempt(run.runKey, fence, 'interrupted');
    }
    this.#runs.clear();
  }

  #on(event: CoreEvent): void {
    this.#core.outstanding = this.#options.dispatcher.outstanding;
    for (const command of decide(this.#core, event)) this.#carryOut(command).catch((reason) => this.#fail(reason));
    if (isIdle(this.#core)) this.#idle?.resolve();
    if (this.#core.stopping) return;
    for (const [studyKey, { done }] of this.#studies) if (isStudyDone(this.#core, studyKey)) done.resolve();
  }

  /** The ledger takes nothing any more: nothing is dispatched either, whatever comes back. */
  #fail(reason: unknown): void {
    this.#failed.reject(reason);
    if (this.#core.stopping) return;
    this.#options.dispatcher.requestStop();
    this.#on({ type: 'stop' });
  }

  #carryOut(command: Command): Promise<void> {
    switch (command.type) {
      case 'load':
        return this.#load(command.studyKey, command.count);
      case 'dispatch':
        return this.#dispatch(command);
      case 'cool':
        return this.#cool(command.runKey, command.forMs);
      case 'give-up':
        return this.#giveUp(command);
    }
  }

  async #load(studyKey: string, count: number): Promise<void> {
    const study = this.#studies.get(studyKey);
    if (study === undefined) return;
    const runs = await this.#options.ledger.unfinished(studyKey, { after: study.cursor, count });
    // Submitted again meanwhile: what is new may lie before the cursor.
    if (this.#studies.get(studyKey) !== study) return this.#load(studyKey, count);
    study.cursor = runs.at(-1)?.position ?? study.cursor;
    for (const run of runs) if (!this.#runs.has(run.runKey)) this.#runs.set(run.runKey, { run, fence: undefined, checkpoint: undefined });
    const last = runs.length < count;
    this.#on({ type: 'loaded', studyKey, runs, last });
    if (!last) return;
    // From here on every run left is known to be this study's: what others did with its runs before is in the ledger alone.
    study.progress.recount(await this.#options.ledger.rollup(studyKey));
    this.#options.onProgress?.(study.progress);
  }

  async #dispatch({ runKey, fromRound, rounds, isolated }: Extract<Command, { type: 'dispatch' }>): Promise<void> {
    const { ledger, dispatcher, worker } = this.#options;
    const active = this.#runs.get(runKey);
    if (active === undefined) return;
    let result: RoundJobResult;
    try {
      active.fence ??= (await ledger.beginAttempt(runKey, isolated ? `${worker} (isolated)` : worker)).fence;
      const job = await this.#jobFor(active, fromRound, rounds);
      if (this.#runs.get(runKey) !== active) return;
      // Asked to stop meanwhile: the request concerned the jobs that were under way. Paused or dropped: it was acknowledged.
      if (this.#core.stopping || isHeld(this.#core, runKey)) return this.#on({ type: 'returned', runKey });
      result = await dispatcher.dispatch(job, { isolated });
    } catch (thrown) {
      if (ledgerFailures.has(codeOf(thrown))) throw thrown;
      if (this.#runs.get(runKey) === active) await this.#onFailure(active, toPlain(thrown));
      return;
    }
    // Cancelled meanwhile: what came back has no use.
    if (this.#runs.get(runKey) !== active) return;
    await this.#commit(active, active.fence, result);
  }

  async #commit(active: ActiveRun, fence: number, result: RoundJobResult): Promise<void> {
    const { runKey } = active.run;
    let report: Awaited<ReturnType<Ledger['commitRoundJob']>>;
    try {
      report = await this.#options.ledger.commitRoundJob(fence, result);
    } catch (thrown) {
      if (!resultFailures.has(codeOf(thrown))) throw thrown;
      this.#options.onWarning(`ALARM: ${(thrown as Error).message}`, { run: runKey, round: result.toRound, fence, alarm: true });
      await this.#onFailure(active, toPlain(thrown));
      return;
    }
    // Cancelled while it was being committed: the ledger says so by refusing it.
    if (this.#runs.get(runKey) !== active) return;
    if (report.kind === 'fenced') {
      throw new MarinadeError('MARINADE_STORAGE_OWNED', `run ${runKey.slice(0, 12)} was taken over by another attempt`);
    }
    active.checkpoint = { round: result.toRound, bytes: result.checkpoint };
    // What was stored before was counted before.
    if (report.kind === 'applied') {
      this.#roundsCommitted += result.toRound - Math.max(0, result.fromRound);
      this.#account(active, (progress) => progress.committed(result, report.finished, active.run.rounds));
    }
    if (report.finished) this.#runs.delete(runKey);
    const repeated = report.kind === 'repeated';
    this.#on({ type: 'committed', runKey, round: result.toRound, finished: report.finished, repeated });
  }

  /** The job that goes on from the newest intact checkpoint, which may be older than the last commit. */
  async #jobFor(active: ActiveRun, fromRound: number, rounds: number): Promise<RoundJob> {
    const { run } = active;
    let checkpoint = active.checkpoint;
    if (checkpoint?.round !== fromRound && fromRound >= 0) {
      const found = await this.#options.ledger.checkpoint(run.runKey);
      for (const message of found?.damaged ?? []) this.#options.onWarning(message, { run: run.runKey });
      if (found === undefined)
        this.#options.onWarning(`no checkpoint of run ${run.runKey.slice(0, 12)} is intact: it begins again at round 0`, {
          run: run.runKey,
        });
      checkpoint = found;
    }
    return {
      runKey: run.runKey,
      epoch: run.epoch,
      fromRound: checkpoint?.round ?? -1,
      rounds,
      budgetMs: this.#options.roundsPerJob === 'auto' ? BUDGET_MS : null,
      experiment: run.experiment,
      dataSha256: run.dataSha256,
      optimum: run.objectiveKey === null ? null : await this.#optima.of(run.objectiveKey, run.experiment),
      checkpoint: checkpoint?.bytes ?? null,
    };
  }

  async #onFailure(active: ActiveRun, failure: PlainFailure): Promise<void> {
    const { runKey } = active.run;
    active.checkpoint = undefined;
    if (codeOf(failure) === 'MARINADE_EXECUTION_INTERRUPTED' || (this.#core.stopping && isDeath(failure.code))) {
      this.#on({ type: 'returned', runKey });
    } else if (isDeath(failure.code) && active.fence !== undefined) {
      const deaths = await this.#options.ledger.recordDeath(runKey, active.fence, failure.message);
      active.fence = undefined;
      this.#on({ type: 'died', runKey, deaths, failure });
    } else this.#on({ type: 'failed', runKey, failure, spread: Math.random() });
  }

  async #cool(runKey: string, forMs: number): Promise<void> {
    const timer = setTimeout(() => {
      this.#cooling.delete(runKey);
      this.#on({ type: 'cooled', runKey });
    }, forMs);
    this.#cooling.set(runKey, timer);
  }

  async #giveUp({ runKey, outcome, failure }: Extract<Command, { type: 'give-up' }>): Promise<void> {
    const active = this.#runs.get(runKey);
    await this.#options.ledger.finishWithout(runKey, active?.fence ?? null, outcome, failure, active?.run.epoch);
    // Cancelled meanwhile, and perhaps gone on with since.
    if (this.#runs.get(runKey) !== active) return;
    if (active !== undefined) this.#account(active, (progress) => progress.ended(active.run, active.checkpoint?.round, 'failed'));
    this.#leave(runKey);
    this.#on({ type: 'gone', runKey });
  }

  /** A cancelled run: its job is called back, whatever it still sends is not heard. */
  #leave(runKey: string): ActiveRun | undefined {
    const active = this.#runs.get(runKey);
    this.#runs.delete(runKey);
    clearTimeout(this.#cooling.get(runKey));
    this.#cooling.delete(runKey);
    if (active !== undefined) this.#options.dispatcher.recall(runKey);
    return active;
  }

  /** Tells every study that wants the run. */
  #account({ run }: ActiveRun, tell: (progress: StudyProgress) => void): void {
    for (const studyKey of this.#core.runs.get(run.runKey)?.studies ?? []) {
      const study = this.#studies.get(studyKey);
      if (study === undefined) continue;
      tell(study.progress);
      this.#options.onProgress?.(study.progress);
    }
  }
}
