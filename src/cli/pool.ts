/**
 * Makes a command's thread pool. Apart from `wire.ts` because it imports little: a pool made first thing loads its
 * threads while the rest of the program loads and plans.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { DataSpec } from '../algorithm/data/spec.ts';
import type { KernelsName } from '../shared/contracts/kernels.ts';
import type { DataOptions } from '../worker/data/load.ts';
import { type ThreadPlan, WorkerPool } from '../worker/pool.ts';

/** What commands that touch data are told about it. */
export interface DataChoice {
  readonly dataDir?: string | undefined;
  readonly offline: boolean;
}

/** Users' modules of strategies. */
export interface StrategyChoice {
  readonly strategies: readonly string[];
}

/** Threads a computation may use: the cores this process may use, the CPU quota of its cgroup (v2) included. */
export function defaultThreads(): number {
  return availableParallelism();
}

export function dataOptionsOf({ dataDir, offline }: DataChoice): DataOptions {
  return { dataDirectory: dataDir, offline: offline || process.env['MARINADE_OFFLINE'] === '1' };
}

/** The absolute paths of users' strategy modules. */
export function modulesOf({ strategies }: StrategyChoice): string[] {
  return strategies.map((path) => resolve(path));
}

export function createPool(
  options: DataChoice &
    StrategyChoice & {
      readonly threads: number;
      readonly parallel: ThreadPlan;
      readonly kernels?: KernelsName;
      readonly obtain?: (spec: DataSpec) => Promise<void>;
    },
): WorkerPool {
  return new WorkerPool({
    threads: options.threads,
    plan: options.parallel,
    ...(options.kernels === undefined ? {} : { kernels: options.kernels }),
    data: dataOptionsOf(options),
    strategyModules: modulesOf(options),
    ...(options.obtain === undefined ? {} : { obtain: options.obtain }),
  });
}
