/** Builds what a command needs: the catalog, the pool, the plan, the ledger. The only place where the layers meet. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import type { DataSpec } from '../algorithm/data/spec.ts';
import { openLedger } from '../orchestrator/ledger/open-ledger.ts';
import { type Plan, planStudyFile } from '../orchestrator/plan/plan-study.ts';
import { readStudy, type StudyFile } from '../orchestrator/plan/read-study.ts';
import type { Ledger } from '../shared/contracts/ledger.ts';
import { MarinadeError } from '../shared/errors.ts';
import type { DataOptions } from '../worker/data/load.ts';
import { type ThreadPlan, WorkerPool } from '../worker/pool.ts';
import { hashStrategyModules, loadCatalog } from '../worker/strategy-modules.ts';

/** Options of every command that plans or runs. */
export interface ExecutionOptions {
  readonly results: string;
  readonly threads: number;
  readonly parallel: ThreadPlan | 'auto';
  readonly roundsPerJob: number | 'auto';
  readonly dataDir: string | undefined;
  readonly offline: boolean;
  readonly strategies: readonly string[];
  readonly set: readonly string[];
}

export const DEFAULT_RESULTS = 'marinade-results';

/** Threads a computation may use: the cores this process may use, its quota included. */
export function defaultThreads(): number {
  return availableParallelism();
}

/** A study file's text, checked, with `--set` applied. `-` reads standard input. */
export async function readStudyFile(path: string, set: readonly string[] = []): Promise<StudyFile> {
  const overrides = set.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new MarinadeError('MARINADE_CONFIG_USAGE', `--set expects path=value; got '${text}'`);
    try {
      return [text.slice(0, at), parseYaml(text.slice(at + 1))] as const;
    } catch (cause) {
      throw new MarinadeError('MARINADE_CONFIG_USAGE', `--set ${text}: the value is no YAML`, {}, cause);
    }
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

/** File paths in a study are relative to it. */
function anchored(file: StudyFile, studyPath: string): StudyFile {
  const base = studyPath === '-' ? process.cwd() : dirname(resolve(studyPath));
  const anchorData = (data: unknown): unknown => {
    if (typeof data !== 'object' || data === null) return data;
    const entries = Object.entries(data).map(([key, value]) =>
      ['file', 'test', 'labels'].includes(key) && typeof value === 'string' && !isAbsolute(value)
        ? [key, resolve(base, value)]
        : [key, value],
    );
    return Object.fromEntries(entries);
  };
  const { study } = file;
  const experiment = 'data' in study.experiment ? { ...study.experiment, data: anchorData(study.experiment['data']) } : study.experiment;
  const parameters = Object.fromEntries(
    Object.entries(study.parameters).map(([path, values]) => {
      if (path === 'data') return [path, values.map(anchorData)];
      const key = path.startsWith('data.') ? path.slice(5) : '';
      return [path, values.map((value) => (key === '' ? value : (anchorData({ [key]: value }) as Record<string, unknown>)[key]))];
    }),
  );
  return { ...file, study: { ...study, experiment, parameters } };
}

export function dataOptionsOf({ dataDir, offline }: Pick<ExecutionOptions, 'dataDir' | 'offline'>): DataOptions {
  return { dataDirectory: dataDir, offline: offline || process.env['MARINADE_OFFLINE'] === '1' };
}

export function createPool(options: Pick<ExecutionOptions, 'threads' | 'parallel' | 'strategies' | 'dataDir' | 'offline'>): WorkerPool {
  return new WorkerPool({
    threads: options.threads,
    inline: options.parallel === 'inline',
    data: dataOptionsOf(options),
    strategyModules: options.strategies.map((path) => resolve(path)),
  });
}

/** The plan of a study; data sets are loaded into the pool, where their identity is known. */
export async function planOf(studyPath: string, options: ExecutionOptions, pool: WorkerPool): Promise<{ plan: Plan; file: StudyFile }> {
  const modules = options.strategies.map((path) => resolve(path));
  const file = anchored(await readStudyFile(studyPath, options.set), studyPath);
  const plan = await planStudyFile(file, {
    catalog: await loadCatalog(modules),
    data: { identify: (data: DataSpec) => pool.load(data) },
    strategies: hashStrategyModules(modules),
  });
  return { plan, file };
}

/** Opens the results folder as its owner. */
export function ownLedger(results: string): Promise<Ledger> {
  return openLedger(resolve(results), {});
}

/** Many runs: one thread each. Fewer runs than threads: all threads on one run. */
export function chooseThreadPlan(parallel: 'runs' | 'clients' | 'auto', runs: number, threads: number): 'runs' | 'clients' {
  if (parallel !== 'auto') return parallel;
  return threads > 1 && runs < threads ? 'clients' : 'runs';
}
