/**
 * The story of a study: submit the plan to the ledger, carry out what is unfinished, job by job, until nothing is left
 * or it is asked to stop. Decisions are `core.ts`'s; here they meet the ledger and the dispatcher.
 *
 * Ledger first: an attempt is open before its first job is dispatched, and what a job computed counts once committed.
 */
import type { Dispatcher } from '../shared/contracts/dispatcher.ts';
import type { Ledger, StudyRun, SubmitReport } from '../shared/contracts/ledger.ts';
import { codeOf, MarinadeError, type PlainFailure, toPlain } from '../shared/errors.ts';
import type { RoundJob, RoundJobResult } from '../shared/messages/round-job.ts';
import { type Command, type CoreEvent, createCore, decide, isDeath, isDone } from './core.ts';
import type { Plan } from './plan/plan-study.ts';

/** Compute time of an `auto` round job: the queue's cost stays in the noise, a crash loses seconds. */
const BUDGET_MS = 2000;

export interface Progress {
  readonly total: number;
  readonly finished: number;
  readonly failed: number;
  readonly running: number;
  /** Rounds computed since the start of this command, and rounds left. */
  readonly roundsDone: number;
  readonly roundsLeft: number;
}

export interface RunStudyOptions {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly plan: Plan;
  /** Who works, for the attempts of the ledger. */
  readonly worker: string;
  readonly roundsPerJob: number | 'auto';
  /** f* of an experiment's objective, solved somewhere with threads. */
  solveOptimum(
    experiment: string,
    objectiveKey: string,
  ): Promise<{ readonly value: number; readonly certificate: Readonly<Record<string, unknown>> }>;
  readonly signal: AbortSignal;
  onProgress(progress: Progress): void;
  onWarning(message: string): void;
}

export interface StudySummary {
  readonly submitted: SubmitReport;
  readonly interrupted: boolean;
}

/** Carries out a study. Rejects only when the ledger fails: everything else is recorded in it. */
export async function runStudy(options: RunStudyOptions): Promise<StudySummary> {
  const { ledger, plan, signal } = options;
  const submitted = await ledger.submit(plan);
  const unfinished = await ledger.unfinished(plan.studyKey);
  const study = new StudyInProgress(options, unfinished);
  await study.carryOut();
  return { submitted, interrupted: signal.aborted && !study.complete };
}

interface ActiveRun {
  readonly run: StudyRun;
  readonly objectiveKey: string | null;
  fence: number | undefined;
  /** Bytes of the newest committed checkpoint, kept so that the next job need not read them back. */
  checkpoint: { readonly round: number; readonly bytes: Uint8Array } | undefined;
}

class StudyInProgress {
  readonly #options: RunStudyOptions;
  readonly #runs: Map<string, ActiveRun>;
  readonly #core: ReturnType<typeof createCore>;
  readonly #optima = new Map<string, Promise<number>>();
  readonly #total: number;
  #finished: number;
  #failed = 0;
  #roundsDone = 0;
  #roundsLeft: number;
  /** Commands being carried out. */
  #pending = 0;
  #resolve!: () => void;
  #reject!: (reason: unknown) => void;

  constructor(options: RunStudyOptions, unfinished: readonly StudyRun[]) {
    this.#options = options;
    const objectives = new Map(options.plan.runs.map(({ runKey, objectiveKey }) => [runKey, objectiveKey]));
    this.#runs = new Map(
      unfinished.map((run) => [
        run.runKey,
        { run, objectiveKey: objectives.get(run.runKey) ?? null, fence: undefined, checkpoint: undefined },
      ]),
    );
    this.#core = createCore(unfinished, options.dispatcher.outstanding, options.roundsPerJob);
    this.#total = options.plan.runs.length;
    this.#finished = this.#total - unfinished.length;
    this.#roundsLeft = unfinished.reduce((sum, run) => sum + run.rounds - Math.max(0, run.committedRound), 0);
  }

  get complete(): boolean {
    return this.#finished === this.#total;
  }

  /** Resolves when nothing is out and nothing may be dispatched any more. */
  async carryOut(): Promise<void> {
    const { signal, dispatcher } = this.#options;
    const done = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const stop = (): void => {
      dispatcher.requestStop();
      this.#on({ type: 'stop' });
    };
    if (signal.aborted) this.#core.stopping = true;
    signal.addEventListener('abort', stop, { once: true });
    this.#on({ type: 'start' });
    try {
      await done;
    } finally {
      signal.removeEventListener('abort', stop);
      if (this.#core.stopping) await this.#closeAttempts();
    }
  }

  #on(event: CoreEvent): void {
    for (const command of decide(this.#core, event)) {
      this.#pending++;
      const carriedOut = command.type === 'dispatch' ? this.#dispatch(command) : this.#giveUp(command);
      carriedOut.catch(this.#reject).finally(() => {
        this.#pending--;
        this.#resolveWhenDone();
      });
    }
    this.#report();
    this.#resolveWhenDone();
  }

  #resolveWhenDone(): void {
    if (isDone(this.#core) && this.#pending === 0) this.#resolve();
  }

  async #dispatch({ runKey, fromRound, rounds, isolated }: Extract<Command, { type: 'dispatch' }>): Promise<void> {
    const { ledger, dispatcher, worker } = this.#options;
    const active = this.#runs.get(runKey)!;
    active.fence ??= (await ledger.beginAttempt(runKey, isolated ? `${worker} (isolated)` : worker)).fence;
    let result: RoundJobResult;
    try {
      const job = await this.#jobFor(active, fromRound, rounds);
      result = await dispatcher.dispatch(job, { isolated });
    } catch (thrown) {
      await this.#onFailure(active, toPlain(thrown));
      return;
    }
    const report = await ledger.commitRoundJob(active.fence, result);
    if (report.kind === 'fenced')
      throw new MarinadeError('MARINADE_STORAGE_OWNED', `run ${runKey.slice(0, 12)} was taken over by another attempt`);
    active.checkpoint = { round: result.toRound, bytes: result.checkpoint };
    const from = Math.max(0, result.fromRound);
    this.#roundsDone += result.toRound - from;
    this.#roundsLeft -= report.finished ? active.run.rounds - from : result.toRound - from;
    if (report.finished) this.#finish(runKey);
    this.#on({ type: 'committed', runKey, round: result.toRound, finished: report.finished });
  }

  /** The job that goes on from the newest intact checkpoint, which may be older than the last commit. */
  async #jobFor(active: ActiveRun, fromRound: number, rounds: number): Promise<RoundJob> {
    const { run, objectiveKey } = active;
    let checkpoint = active.checkpoint;
    if (checkpoint?.round !== fromRound && fromRound >= 0) {
      const found = await this.#options.ledger.checkpoint(run.runKey);
      for (const message of found?.damaged ?? []) this.#options.onWarning(message);
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
      optimum: objectiveKey === null ? null : await this.#optimum(objectiveKey, run.experiment),
      checkpoint: checkpoint?.bytes ?? null,
    };
  }

  /** f*, once per objective: from the ledger, or solved and stored. */
  #optimum(objectiveKey: string, experiment: string): Promise<number> {
    let found = this.#optima.get(objectiveKey);
    if (found === undefined) {
      found = (async () => {
        const stored = await this.#options.ledger.optimum(objectiveKey);
        if (stored !== undefined) return stored.value;
        const solved = await this.#options.solveOptimum(experiment, objectiveKey);
        await this.#options.ledger.storeOptimum(objectiveKey, solved);
        return solved.value;
      })();
      this.#optima.set(objectiveKey, found);
    }
    return found;
  }

  async #onFailure(active: ActiveRun, failure: PlainFailure): Promise<void> {
    const { runKey } = active.run;
    const fence = active.fence!;
    active.checkpoint = undefined;
    if (this.#core.stopping && (isDeath(failure.code) || codeOf(failure) === 'MARINADE_EXECUTION_INTERRUPTED')) {
      this.#on({ type: 'died', runKey, deaths: 0, failure });
      return;
    }
    if (isDeath(failure.code)) {
      const deaths = await this.#options.ledger.recordDeath(runKey, fence, failure.message);
      active.fence = undefined;
      this.#on({ type: 'died', runKey, deaths, failure });
    } else this.#on({ type: 'failed', runKey, failure });
  }

  async #giveUp({ runKey, outcome, failure }: Extract<Command, { type: 'give-up' }>): Promise<void> {
    const active = this.#runs.get(runKey)!;
    await this.#options.ledger.finishWithout(runKey, active.fence ?? null, outcome, failure);
    this.#failed++;
    this.#roundsLeft -= active.run.rounds - Math.max(0, active.run.committedRound);
    this.#finish(runKey);
    this.#report();
  }

  #finish(runKey: string): void {
    this.#finished++;
    this.#runs.delete(runKey);
  }

  /** Interrupted runs are queued again, without a death on their account. */
  async #closeAttempts(): Promise<void> {
    for (const { run, fence } of this.#runs.values()) {
      if (fence !== undefined) await this.#options.ledger.endAttempt(run.runKey, fence, 'interrupted');
    }
  }

  #report(): void {
    this.#options.onProgress({
      total: this.#total,
      finished: this.#finished,
      failed: this.#failed,
      running: this.#core.out.size,
      roundsDone: this.#roundsDone,
      roundsLeft: Math.max(0, this.#roundsLeft),
    });
  }
}
