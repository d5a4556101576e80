/** Studies carried out on one machine: in this process with every plan, and by processes that a test may harm. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inProcessDispatcher } from '../../src/orchestrator/dispatchers/in-process.ts';
import type { Plan } from '../../src/orchestrator/plan/plan-study.ts';
import type { KernelsName } from '../../src/shared/contracts/kernels.ts';
import { IsolatedExecutor } from '../../src/worker/isolated.ts';
import { type ThreadPlan, WorkerPool } from '../../src/worker/pool.ts';
import { type Ended, marinade, type Running, type StudyObject, type Surroundings, start } from '../cli/harness.ts';
import { filesBelow } from '../orchestrator/ledger/support.ts';
import { type Carried, carryOut } from './queue-harness.ts';

export interface Execution {
  readonly threads: number;
  readonly parallel: ThreadPlan;
  readonly roundsPerJob: number | 'auto';
  readonly kernels?: KernelsName;
}

/** Carries a plan out in this process. */
export async function carryOutOn(
  plan: Plan,
  folder: string,
  { threads, parallel, roundsPerJob, kernels = 'wasm' }: Execution,
): Promise<Carried> {
  const options = { data: { offline: true }, strategyModules: [], kernels };
  const pool = new WorkerPool({ ...options, threads, plan: parallel });
  return carryOut(plan, inProcessDispatcher(pool, new IsolatedExecutor(options)), folder, roundsPerJob);
}

/** Commands of one test: all its processes can be told from any other's. */
export class Commands {
  readonly #surroundings: Surroundings;
  readonly #mark = randomUUID();

  constructor(surroundings: Surroundings) {
    this.#surroundings = { ...surroundings, env: { ...surroundings.env, MARINADE_TEST_MARK: this.#mark } };
  }

  start(args: readonly string[]): Running {
    return start(args, this.#surroundings);
  }

  run(args: readonly string[]): Promise<Ended> {
    return marinade(args, this.#surroundings);
  }

  /** Process ids of everything these commands started that lives; undefined where the system does not tell. */
  living(): number[] | undefined {
    if (process.platform !== 'linux') return undefined;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readFileSync(join('/proc', pid, 'environ'), 'latin1').includes(this.#mark) && !isZombie(pid);
        } catch {
          return false;
        }
      })
      .map(Number);
  }
}

function isZombie(pid: string): boolean {
  return / Z /.test(readFileSync(join('/proc', pid, 'stat'), 'latin1').replace(/\(.*\)/, ''));
}

/** Files of a results folder that nobody should find when nobody works in it: temporary ones, owners, logs. */
export function leftovers(folder: string): string[] {
  return filesBelow(folder).filter((name) => name !== 'ledger.sqlite' && !/^checkpoints\/[0-9a-f]{64}\/\d+\.ckpt$/.test(name));
}

/** What two executions of one study must agree on, run by run. */
export function resultsOf({ runs }: StudyObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries(runs.map(({ runKey, resultHash, outcome, rounds }) => [runKey, { resultHash, outcome, rounds }]));
}
