/** Builds what a command needs: the catalog, the pool, the plan, the ledger. The only place where the layers meet. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { DataSpec } from '../algorithm/data/spec.ts';
import { requireTestSet } from '../algorithm/engine/measurement.ts';
import { createProblem } from '../algorithm/engine/simulation.ts';
import { plainArena } from '../algorithm/kernels/plain-arena.ts';
import { type OwnedLedger, openLedger } from '../orchestrator/ledger/open-ledger.ts';
import { anchorFiles } from '../orchestrator/plan/anchor-files.ts';
import { type DataSource, type Plan, planStudyFile } from '../orchestrator/plan/plan-study.ts';
import { readStudy, type StudyFile } from '../orchestrator/plan/read-study.ts';
import { parseSource } from '../orchestrator/plan/source-text.ts';
import type { KernelsName } from '../shared/contracts/kernels.ts';
import { MarinadeError } from '../shared/errors.ts';
import type { DataOptions } from '../worker/data/load.ts';
import { type ThreadPlan, WorkerPool } from '../worker/pool.ts';
import { hashStrategyModules, loadCatalog } from '../worker/strategy-modules.ts';
import { type Surroundings, settleData } from './settle-data.ts';

/** What commands that touch data are told about it. */
export interface DataChoice {
  readonly dataDir?: string | undefined;
  readonly offline: boolean;
}

/** Options of every command that reads a study file. */
export interface StudyOptions extends DataChoice {
  readonly strategies: readonly string[];
  readonly set: readonly string[];
}

/** Threads a computation may use: the cores this process may use, the CPU quota of its cgroup (v2) included. */
export function defaultThreads(): number {
  return availableParallelism();
}

/** A study file's text, checked, with `--set` applied. `-` reads standard input. */
export async function readStudyFile(path: string, set: readonly string[] = []): Promise<StudyFile> {
  const overrides = set.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new MarinadeError('MARINADE_CONFIG_USAGE', `--set expects path=value; got '${text}'`);
    return [text.slice(0, at), parseSource(text.slice(at + 1), `--set ${text.slice(0, at)}`).data] as const;
  });
  let text: string;
  try {
    text = path === '-' ? await readStandardInput() : await readFile(path, 'utf8');
  } catch (cause) {
    throw new MarinadeError(
      'MARINADE_CONFIG_USAGE',
      `the study '${path}' cannot be read: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`,
      { path },
      cause,
    );
  }
  return readStudy(text, path === '-' ? '<stdin>' : path, overrides);
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

export function dataOptionsOf({ dataDir, offline }: DataChoice): DataOptions {
  return { dataDirectory: dataDir, offline: offline || process.env['MARINADE_OFFLINE'] === '1' };
}

/** The absolute paths of users' strategy modules. */
export function modulesOf({ strategies }: Pick<StudyOptions, 'strategies'>): string[] {
  return strategies.map((path) => resolve(path));
}

export function createPool(
  options: DataChoice &
    Pick<StudyOptions, 'strategies'> & {
      readonly threads: number;
      readonly parallel: ThreadPlan | 'auto';
      readonly kernels?: KernelsName;
      readonly obtain?: (spec: DataSpec) => Promise<void>;
    },
): WorkerPool {
  return new WorkerPool({
    threads: options.threads,
    inline: options.parallel === 'inline',
    ...(options.kernels === undefined ? {} : { kernels: options.kernels }),
    data: dataOptionsOf(options),
    strategyModules: modulesOf(options),
    ...(options.obtain === undefined ? {} : { obtain: options.obtain }),
  });
}

/** Data sets loaded into a pool, where their identity is known; missing ones are downloaded where that is allowed. */
export function dataOf(pool: WorkerPool, options: DataChoice, surroundings: Surroundings): DataSource {
  return {
    async identify(spec) {
      const settled = await settleData(spec, dataOptionsOf(options), surroundings);
      return { ...settled, sha256: (await pool.load(settled.used)).sha256 };
    },
    async check(compiled) {
      const { data, metrics } = compiled.experiment;
      if (data === undefined) return;
      const loaded = await pool.load(data);
      const { problem } = createProblem(compiled, loaded.data, loaded.test, plainArena());
      requireTestSet(metrics.names, problem);
    },
  };
}

/** The plan of a study. */
export async function planOf(studyPath: string, options: StudyOptions, data: DataSource): Promise<Plan> {
  const modules = modulesOf(options);
  const file = anchorFiles(await readStudyFile(studyPath, options.set), studyPath === '-' ? process.cwd() : dirname(resolve(studyPath)));
  return planStudyFile(file, {
    catalog: await loadCatalog(modules),
    data: {
      ...data,
      identify: (spec) => data.identify(spec).catch((thrown) => Promise.reject(placed(thrown, spec, file))),
    },
    strategies: hashStrategyModules(modules),
  });
}

/** An error about the choice of data, at the place in the study where that choice stands. */
function placed(thrown: unknown, spec: DataSpec, { study, source }: StudyFile): unknown {
  if (!(thrown instanceof MarinadeError) || thrown.code !== 'MARINADE_CONFIG_INVALID') return thrown;
  const chosen = 'name' in spec ? spec.name : spec.file;
  const isChosen = (value: unknown): boolean => value === chosen || Object.values((value ?? {}) as object).includes(chosen);
  for (const [path, values] of Object.entries(study.parameters)) {
    const index = path === 'data' || path.startsWith('data.') ? values.findIndex(isChosen) : -1;
    if (index >= 0) return source.error([{ path: ['parameters', path, index, ...('name' in spec ? ['name'] : [])], message: thrown.text }]);
  }
  return source.error([{ path: ['experiment', 'data', ...('name' in spec ? ['name'] : [])], message: thrown.text }]);
}

/** Opens the results folder as its owner. */
export function ownLedger(results: string, token?: string): Promise<OwnedLedger> {
  return openLedger(resolve(results), token === undefined ? {} : { owner: { token } });
}

/** Many runs: one thread each. Fewer runs than threads: all threads on one run. */
export function chooseThreadPlan(parallel: 'runs' | 'clients' | 'auto', runs: number, threads: number): 'runs' | 'clients' {
  if (parallel !== 'auto') return parallel;
  return threads > 1 && runs < threads ? 'clients' : 'runs';
}
