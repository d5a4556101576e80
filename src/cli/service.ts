/** An orchestrator as a service: the commands of its HTTP face over the orchestrator, the planner and the queue. */
import type { Catalog } from '../algorithm/catalog.ts';
import type { BullmqDispatcher } from '../orchestrator/dispatchers/bullmq.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import { type DataSource, type Plan, planStudyFile } from '../orchestrator/plan/plan-study.ts';
import { readStudy, type StudyFile } from '../orchestrator/plan/read-study.ts';
import type { OrchestratorCommands, StudyAdvance, VerifyReport, WorkerInfo } from '../shared/contracts/commands.ts';
import type { LedgerReader } from '../shared/contracts/ledger.ts';
import { MarinadeError } from '../shared/errors.ts';
import { untoldWarnings } from './wire.ts';

interface OwnPool {
  /** Computes a recorded run again. */
  verify(runKey: string): Promise<VerifyReport>;
  /** This process as a worker; undefined where a queue has others. */
  here(): WorkerInfo | undefined;
}

export interface ServiceParts extends OwnPool {
  readonly ledger: LedgerReader;
  readonly orchestrator: Orchestrator;
  readonly catalog: Catalog;
  readonly strategyHashes: readonly string[];
  readonly data: DataSource;
  /** Undefined when this process computes itself. */
  readonly queue: BullmqDispatcher | undefined;
  /** Asks a worker of the queue to leave. */
  drainWorker(id: string): Promise<void>;
}

/** Runs of a planned study that are looked up: more would hold up the answer. */
const MOST_LOOKED_UP = 5000;

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

export function createCommands({
  ledger,
  orchestrator,
  catalog,
  strategyHashes,
  data,
  queue,
  drainWorker,
  verify,
  here,
}: ServiceParts): OrchestratorCommands {
  const planOf = (text: string): Promise<Plan> => {
    const file = readStudy(text, 'study', []);
    refuseFiles(file);
    return planStudyFile(file, { catalog, data, strategies: strategyHashes });
  };
  return {
    async plan(text) {
      const plan = await planOf(text);
      const known = await Promise.all(plan.runs.slice(0, MOST_LOOKED_UP).map(({ runKey }) => ledger.studyOf(runKey)));
      return {
        studyKey: plan.studyKey,
        study: plan.name,
        cells: plan.cells.length,
        runs: plan.runs.length,
        rounds: plan.runs.reduce((sum, { rounds }) => sum + rounds, 0),
        known: known.filter((study) => study !== undefined).length,
        parameters: plan.parameters.map(({ path, values }) => ({ path, values: values.length })),
        seeds: plan.seeds.length,
        dropped: plan.dropped.slice(0, 100),
        warnings: untoldWarnings(plan, []),
      };
    },
    async submit(text, { priority }) {
      const plan = await planOf(text);
      const report = await orchestrator.submit(plan);
      if (priority !== undefined) await orchestrator.setStudy(plan.studyKey, { priority });
      const warnings = untoldWarnings(plan, []);
      return { ...report, studyKey: plan.studyKey, study: plan.name, runs: plan.runs.length, warnings };
    },
    setStudy: (studyKey, change) => orchestrator.setStudy(studyKey, change),
    cancelStudy: (studyKey) => orchestrator.cancelStudy(studyKey),
    cancelRun: (runKey) => orchestrator.cancelRun(runKey),
    retry: (studyKey, runKey) => orchestrator.retry({ studyKey, ...(runKey === undefined ? {} : { runKey }) }),
    verify,
    here,
    async drainWorker(id) {
      if (queue === undefined || !(await queue.workers()).some((worker) => worker.id === id))
        throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `no worker of the queue is called ${id}`);
      await drainWorker(id);
    },
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
