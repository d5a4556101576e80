/** An orchestrator as a service: the commands of its HTTP face over the orchestrator, the planner and the queue. */
import type { Catalog } from '../algorithm/catalog.ts';
import type { BullmqDispatcher } from '../orchestrator/dispatchers/bullmq.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import { type DataSource, planStudyFile } from '../orchestrator/plan/plan-study.ts';
import { readStudy, type StudyFile } from '../orchestrator/plan/read-study.ts';
import type { OrchestratorCommands, StudyAdvance } from '../shared/contracts/commands.ts';
import { MarinadeError } from '../shared/errors.ts';
import { untoldWarnings } from './wire.ts';

export interface ServiceParts {
  readonly orchestrator: Orchestrator;
  readonly catalog: Catalog;
  readonly strategyHashes: readonly string[];
  readonly data: DataSource;
  /** Undefined when this process computes itself. */
  readonly queue: BullmqDispatcher | undefined;
}

/** Over HTTP a study may not name files: they would be files of this machine. */
function refuseFiles({ study, source }: StudyFile): void {
  const names = (value: unknown): boolean => typeof value === 'object' && value !== null && 'file' in value;
  const inBase = names((study.experiment as { data?: unknown }).data);
  const varied = Object.entries(study.parameters).find(
    ([path, values]) => /^data\.(file|test|labels)$/.test(path) || (path === 'data' && values.some(names)),
  );
  if (!inBase && varied === undefined) return;
  throw source.error([
    {
      path: inBase ? ['experiment', 'data'] : ['parameters', varied![0]],
      message:
        'a submitted study names registered data only; a `file` would be one of the orchestrator’s machine. Run it with `marinade run`',
    },
  ]);
}

export function createCommands({ orchestrator, catalog, strategyHashes, data, queue }: ServiceParts): OrchestratorCommands {
  return {
    async submit(text, { priority }) {
      const file = readStudy(text, 'study', []);
      refuseFiles(file);
      const plan = await planStudyFile(file, { catalog, data, strategies: strategyHashes });
      const report = await orchestrator.submit(plan);
      if (priority !== undefined) await orchestrator.setStudy(plan.studyKey, { priority });
      const warnings = untoldWarnings(plan, []);
      return { ...report, studyKey: plan.studyKey, study: plan.name, runs: plan.runs.length, warnings };
    },
    setStudy: (studyKey, change) => orchestrator.setStudy(studyKey, change),
    cancelStudy: (studyKey) => orchestrator.cancelStudy(studyKey),
    cancelRun: (runKey) => orchestrator.cancelRun(runKey),
    retry: (studyKey, runKey) => orchestrator.retry({ studyKey, ...(runKey === undefined ? {} : { runKey }) }),
    async rebuildQueue() {
      if (queue === undefined)
        throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', 'this orchestrator computes in its own process and has no queue');
      return queue.rebuild();
    },
    workers: async () => (queue === undefined ? [] : queue.workers()),
    advance: () =>
      orchestrator.progress.map((progress): StudyAdvance => {
        const { studyKey, total, since, finished, failed, roundsDone, roundsLeft, computeSecondsLeft } = progress;
        const elapsed = (performance.now() - since) / 1000;
        return {
          studyKey,
          total,
          finished,
          failed,
          roundsDone,
          roundsLeft,
          secondsLeft: roundsLeft === 0 ? 0 : roundsDone > 0 ? (elapsed * roundsLeft) / roundsDone : null,
          computeSecondsLeft: computeSecondsLeft ?? null,
        };
      }),
  };
}
