/** What the dashboard asks of the pool of this very process: verify a run, and how it is as a worker. */
import { hostname } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Experiment } from '../algorithm/experiment.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import type { OrchestratorCommands } from '../shared/contracts/commands.ts';
import type { Dispatcher } from '../shared/contracts/dispatcher.ts';
import type { LedgerReader } from '../shared/contracts/ledger.ts';
import { MarinadeError } from '../shared/errors.ts';
import { numericsVersion } from '../shared/messages/round-job.ts';
import type { WorkerPool } from '../worker/pool.ts';
import { say } from './output.ts';
import { type DataChoice, dataOptionsOf, modulesOf } from './pool.ts';
import { recompute } from './recompute.ts';
import { settleData } from './settle-data.ts';
import { version } from './version.ts';

interface OwnPoolParts {
  readonly reader: LedgerReader;
  readonly pool: WorkerPool;
  readonly given: DataChoice & { readonly strategies: readonly string[] };
  readonly threads: number;
  readonly isQueue: boolean;
  readonly orchestrator: Orchestrator;
  /** Keys of the runs whose jobs are here. */
  readonly running: ReadonlySet<string>;
}

/** The same dispatcher; the keys of the runs whose jobs it has are kept in a set. */
export function remembering(dispatcher: Dispatcher, running: Set<string>): Dispatcher {
  return {
    get outstanding() {
      return dispatcher.outstanding;
    },
    dispatch(job, options) {
      running.add(job.runKey);
      return dispatcher.dispatch(job, options).finally(() => running.delete(job.runKey));
    },
    recall: (runKey) => dispatcher.recall(runKey),
    requestStop: () => dispatcher.requestStop(),
    close: () => dispatcher.close(),
  };
}

export function ownPool({
  reader,
  pool,
  given,
  threads,
  isQueue,
  orchestrator,
  running,
}: OwnPoolParts): Pick<OrchestratorCommands, 'verify' | 'here'> {
  const startedAt = new Date().toISOString();
  const lag = monitorEventLoopDelay();
  if (!isQueue) lag.enable();
  return {
    async verify(runKey) {
      const run = await reader.run(runKey);
      if (run === undefined || run.committedRound < 0)
        throw new MarinadeError('MARINADE_STORAGE_NOT_FOUND', `nothing of run ${runKey} is recorded yet`);
      const { data } = JSON.parse(run.experiment) as Experiment;
      if (data !== undefined) await settleData(data, dataOptionsOf(given), { say });
      const { difference, points, to } = await recompute(run, {
        ledger: reader,
        pool,
        modules: modulesOf(given),
        from: undefined,
        solve: async (_, experiment) => (await pool.solveOptimum(experiment)).value,
      });
      const words =
        difference &&
        `${difference.what}${difference.round === undefined ? '' : ` of round ${difference.round}`}: stored ${difference.stored}, computed ${difference.computed}`;
      return { equal: difference === undefined, points, rounds: to, difference: words ?? null };
    },
    here() {
      if (isQueue) return undefined;
      const loopLagMs = Math.round(lag.max / 1e6);
      lag.reset();
      return {
        id: `${hostname()}/${process.pid}`,
        host: hostname(),
        pid: process.pid,
        version,
        numericsVersion,
        node: process.versions.node,
        threads,
        startedAt,
        state: 'working',
        running: [...running],
        jobs: orchestrator.outstanding,
        rounds: orchestrator.roundsCommitted,
        rssBytes: process.memoryUsage.rss(),
        loopLagMs,
        silentSeconds: 0,
      };
    },
  };
}
