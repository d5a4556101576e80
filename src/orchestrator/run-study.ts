/** The story of a study in one command: submit its plan, carry out what is unfinished, stop when asked. */
import type { SubmitReport } from '../shared/contracts/ledger.ts';
import { Orchestrator, type OrchestratorOptions } from './orchestrator.ts';
import type { Plan } from './plan/plan-study.ts';

export type { StudyProgress as Progress } from './study-progress.ts';

export interface RunStudyOptions extends OrchestratorOptions {
  readonly plan: Plan;
  readonly signal: AbortSignal;
}

export interface StudySummary {
  readonly submitted: SubmitReport;
  readonly interrupted: boolean;
}

/** Carries out a study. Rejects only when the ledger fails: everything else is recorded in it. */
export async function runStudy({ plan, signal, ...options }: RunStudyOptions): Promise<StudySummary> {
  const orchestrator = new Orchestrator(options);
  // The request may come before anything was submitted: then nothing is begun.
  const stopped = new Promise<'stop'>((resolve, reject) => {
    const stop = (): void => void orchestrator.stop().then(() => resolve('stop'), reject);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  const submitted = await orchestrator.submit(plan);
  const done = orchestrator.finished(plan.studyKey).then(() => 'done' as const);
  const end = await Promise.race([done, stopped]);
  return { submitted, interrupted: end === 'stop' };
}
