/** What a user may ask of a running orchestrator, over HTTP or in the same process. */
import type { SubmitReport } from './ledger.ts';

export interface SubmittedStudy extends SubmitReport {
  readonly studyKey: string;
  readonly study: string;
  readonly runs: number;
  readonly warnings: readonly string[];
}

/** What a study's text would make, before it is submitted. */
export interface PlannedOutline {
  readonly studyKey: string;
  readonly study: string;
  readonly cells: number;
  readonly runs: number;
  readonly rounds: number;
  /** Runs that are known here already: nothing is computed twice. */
  readonly known: number;
  readonly parameters: readonly { readonly path: string; readonly values: number }[];
  readonly seeds: number;
  readonly dropped: readonly { readonly parameters: Readonly<Record<string, unknown>>; readonly why: string }[];
  readonly warnings: readonly string[];
}

/** What came of computing a run again. */
export interface VerifyReport {
  readonly equal: boolean;
  readonly points: number;
  readonly rounds: number;
  /** Where the first difference is, in words; null where everything is equal. */
  readonly difference: string | null;
}

/** How far a study taken up by the orchestrator is. */
export interface StudyAdvance {
  readonly studyKey: string;
  readonly total: number;
  readonly finished: number;
  readonly failed: number;
  readonly roundsDone: number;
  readonly roundsLeft: number;
  /** Learned from what was committed; null before. */
  readonly secondsLeft: number | null;
  readonly computeSecondsLeft: number | null;
}

/** A worker as it describes itself. */
export interface WorkerInfo {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly numericsVersion: number;
  readonly node: string;
  readonly threads: number;
  readonly startedAt: string;
  readonly state: 'working' | 'draining';
  /** Keys of the runs whose jobs are under way. */
  readonly running: readonly string[];
  readonly jobs: number;
  readonly rounds: number;
  readonly rssBytes: number;
  /** Longest time the process' own thread was busy lately, in milliseconds. */
  readonly loopLagMs: number;
  /** Since the worker last said that it lives. */
  readonly silentSeconds: number;
}

export interface OrchestratorCommands {
  /**
   * Plans and submits the text of a study.
   *
   * @throws what planning throws; MARINADE_CONFIG_INVALID for a study that names files of this machine
   */
  submit(text: string, options: { readonly priority?: number | undefined }): Promise<SubmittedStudy>;
  /** What a submission of the same text would do. @throws as submit */
  plan(text: string): Promise<PlannedOutline>;
  setStudy(studyKey: string, change: { readonly paused?: boolean; readonly priority?: number }): Promise<void>;
  /** Returns how many runs were cancelled. */
  cancelStudy(studyKey: string): Promise<number>;
  cancelRun(runKey: string): Promise<void>;
  /** Returns how many runs go on. */
  retry(studyKey: string, runKey?: string): Promise<number>;
  /** Computes a recorded run again in this process and compares every bit. */
  verify(runKey: string): Promise<VerifyReport>;
  /** Asks a worker of the queue to hand back its jobs and leave. MARINADE_STORAGE_NOT_FOUND when none has that id. */
  drainWorker(id: string): Promise<void>;
  /** Sends every outstanding job again. Returns how many; MARINADE_PRECONDITION_UNSUPPORTED without a queue. */
  rebuildQueue(): Promise<number>;
  workers(): Promise<readonly WorkerInfo[]>;
  /** This process as a worker, where it computes itself. */
  here(): WorkerInfo | undefined;
  advance(): readonly StudyAdvance[];
}
