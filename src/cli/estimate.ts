/** How long a plan takes, from a short measurement on this machine: said only when it could be measured. */
import type { Plan } from '../orchestrator/plan/plan-study.ts';
import type { WorkerPool } from '../worker/pool.ts';

export interface Estimate {
  readonly seconds: number;
  readonly threads: number;
  /** Of one thread, over the sampled cells. */
  readonly roundsPerSecond: number;
  readonly sampledCells: number;
}

const SAMPLED_CELLS = 6;
/** First a job that warms up what is compiled on the way, then the one that counts. */
const WARM_UP_MS = 100;
const MEASURED_MS = 200;
/** Beyond this the measurement itself would be the wait. */
const LIMIT_MS = 3000;

/** Undefined when rounds are too slow, or cannot be computed at all, within a few seconds. */
export async function estimateTime(plan: Plan, pool: WorkerPool, threads: number): Promise<Estimate | undefined> {
  const seeds = plan.seeds.length;
  const first = plan.runs.filter((_, i) => i % seeds === 0);
  const step = Math.max(1, first.length / SAMPLED_CELLS);
  const sampled = Array.from({ length: Math.min(SAMPLED_CELLS, first.length) }, (_, i) => first[Math.floor(i * step)]!);
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LIMIT_MS);
  });
  try {
    const measuring = Promise.all(sampled.map((run) => secondsPerRound(run, pool)));
    measuring.catch(() => {});
    const measured = await Promise.race([measuring, tooLate]);
    if (measured === undefined) return undefined;
    const mean = measured.reduce((sum, value) => sum + value, 0) / measured.length;
    const rounds = plan.runs.reduce((sum, run) => sum + run.rounds, 0);
    // A run that is longer than the rest keeps its thread busy alone at the end.
    const longest = Math.max(...plan.runs.map((run) => run.rounds));
    return { seconds: mean * Math.max(rounds / threads, longest), threads, roundsPerSecond: 1 / mean, sampledCells: sampled.length };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function secondsPerRound({ runKey, experiment, dataSha256, rounds }: Plan['runs'][number], pool: WorkerPool): Promise<number> {
  // f* shifts a metric, not the time it takes: any number serves here.
  const job = { runKey, epoch: 0, rounds, experiment, dataSha256, optimum: 0 };
  const warmUp = await pool.execute({ ...job, fromRound: -1, budgetMs: WARM_UP_MS, checkpoint: null });
  if (warmUp.outcome !== null) return warmUp.computeMs / 1000 / Math.max(warmUp.toRound, 1);
  const { checkpoint, toRound: fromRound } = warmUp;
  const { computeMs, toRound } = await pool.execute({ ...job, fromRound, budgetMs: MEASURED_MS, checkpoint });
  return computeMs / 1000 / Math.max(toRound - fromRound, 1);
}
