/** Runs of small studies, carried out job by job by any executor, without a ledger. */
import { fileURLToPath } from 'node:url';
import { planStudyFile, type RunPlan } from '../../src/orchestrator/plan/plan-study.ts';
import { readStudy } from '../../src/orchestrator/plan/read-study.ts';
import type { RoundJobExecutor } from '../../src/shared/contracts/round-job.ts';
import { resultHash } from '../../src/shared/hash.ts';
import { numericsVersion, type RoundJob, type RoundJobResult } from '../../src/shared/messages/round-job.ts';
import type { Outcome } from '../../src/shared/outcome.ts';
import { type PoolOptions, WorkerPool } from '../../src/worker/pool.ts';
import { hashStrategyModules, loadCatalog } from '../../src/worker/strategy-modules.ts';

export const harmful = fileURLToPath(new URL('../integration/strategies/harmful.ts', import.meta.url));

/** A pool of this test's own. */
export function makePool(threads: number, changes: Partial<PoolOptions> = {}): WorkerPool {
  return new WorkerPool({ threads, plan: 'runs', data: { offline: true }, strategyModules: [], ...changes });
}

/** The runs of a study that needs no data, or data that `pool` loads. */
export async function runsOf(study: unknown, modules: readonly string[] = [], pool?: WorkerPool): Promise<readonly RunPlan[]> {
  const file = readStudy(JSON.stringify(study), 'study.json');
  const { runs } = await planStudyFile(file, {
    catalog: await loadCatalog(modules),
    data: { identify: (data) => (pool === undefined ? Promise.reject(new Error('no data here')) : pool.load(data)) },
    strategies: hashStrategyModules(modules),
  });
  return runs;
}

export function jobOf(run: RunPlan, changes: Partial<RoundJob> = {}): RoundJob {
  return {
    runKey: run.runKey,
    epoch: 1,
    fromRound: -1,
    rounds: run.rounds,
    budgetMs: null,
    experiment: run.experiment,
    dataSha256: run.dataSha256,
    optimum: null,
    checkpoint: null,
    ...changes,
  };
}

/** The job that follows a result. */
export function jobAfter(job: RoundJob, { toRound, checkpoint }: RoundJobResult, changes: Partial<RoundJob> = {}): RoundJob {
  return { ...job, fromRound: toRound, checkpoint, ...changes };
}

export interface Carried {
  readonly outcome: Outcome;
  readonly rounds: number;
  readonly columns: Readonly<Record<string, Float64Array>>;
  readonly resultHash: string;
  readonly jobs: number;
}

/** Carries a run to its end in jobs of so many rounds; `executorOf` says who executes which job. */
export async function carry(
  run: RunPlan,
  executorOf: RoundJobExecutor | ((job: number) => RoundJobExecutor),
  roundsPerJob = run.rounds,
  changes: Partial<RoundJob> = {},
): Promise<Carried> {
  const parts: Record<string, number[]> = Object.fromEntries(run.metrics.map((metric) => [metric, []]));
  let job = jobOf(run, { rounds: roundsPerJob, ...changes });
  for (let jobs = 1; ; jobs++) {
    const result = await (typeof executorOf === 'function' ? executorOf(jobs) : executorOf).execute(job);
    for (const [metric, values] of Object.entries(result.points.columns)) parts[metric]!.push(...values);
    if (result.outcome !== null) {
      const columns = Object.fromEntries(Object.entries(parts).map(([metric, values]) => [metric, Float64Array.from(values)]));
      return {
        outcome: result.outcome,
        rounds: result.toRound,
        columns,
        resultHash: resultHash({ numericsVersion, x: result.x!, columns }),
        jobs,
      };
    }
    job = jobAfter(job, result);
  }
}

/** A study on quadratics whose rule or method is harmful. */
export function harmfulStudy(where: 'rule' | 'client', how: string, at: number, changes: Record<string, unknown> = {}): unknown {
  return {
    study: 'harmful',
    experiment: {
      problem: { name: 'quadratic', dimension: 8, heterogeneity: 1 },
      clients: { total: 6, byzantine: 1 },
      method: where === 'client' ? { name: 'harmful-descent', how, at, stepSize: 0.1 } : { name: 'gradient-descent', stepSize: 0.1 },
      aggregator: where === 'rule' ? { name: 'harmful-mean', how, at } : { name: 'mean' },
      attack: { name: 'bit-flip' },
      rounds: 40,
      metrics: { every: 10, names: ['loss'] },
      ...changes,
    },
  };
}
