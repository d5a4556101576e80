/** Builds what a command needs: the catalog, the plan, the ledger; its pool is made in `pool.ts`. Only here the layers meet. */
import { dirname, resolve } from 'node:path';
import type { DataSpec } from '../algorithm/data/spec.ts';
import { factsOnData } from '../algorithm/engine/data-facts.ts';
import { plainArena } from '../algorithm/kernels/plain-arena.ts';
import { type OwnedLedger, openLedger } from '../orchestrator/ledger/open-ledger.ts';
import { anchorFiles } from '../orchestrator/plan/anchor-files.ts';
import { type DataSource, type Plan, planStudyFile } from '../orchestrator/plan/plan-study.ts';
import { readStudy, type StudyFile } from '../orchestrator/plan/read-study.ts';
import { parseSource } from '../orchestrator/plan/source-text.ts';
import { nearest } from '../orchestrator/plan/suggestions.ts';
import { MarinadeError } from '../shared/errors.ts';
import { registeredSet, registeredSets } from '../worker/data/registry.ts';
import type { WorkerPool } from '../worker/pool.ts';
import { hashStrategyModules, loadCatalog } from '../worker/strategy-modules.ts';
import { type DataChoice, dataOptionsOf, modulesOf, type StrategyChoice } from './pool.ts';
import { type Surroundings, settleData } from './settle-data.ts';
import { readStudyText } from './study-text.ts';

/** Options of every command that reads a study file. */
export interface StudyOptions extends DataChoice, StrategyChoice {
  readonly set: readonly string[];
}

/** A study file's text, checked, with `--set` applied. `-` reads standard input. */
export async function readStudyFile(path: string, set: readonly string[] = []): Promise<StudyFile> {
  const overrides = set.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new MarinadeError('MARINADE_CONFIG_USAGE', `--set expects path=value; got '${text}'`);
    if (at === text.length - 1) {
      const expected = `a value, such as ${text}10 or ${text}{ name: none }; got nothing`;
      throw new MarinadeError('MARINADE_CONFIG_USAGE', `--set ${text} expects ${expected}`);
    }
    return [text.slice(0, at), parseSource(text.slice(at + 1), `--set ${text.slice(0, at)}`).data] as const;
  });
  return readStudy(await readStudyText(path), path === '-' ? '<stdin>' : path, overrides);
}

/** Data, and what was said while they were settled. */
type ToldData = DataSource & { readonly told: readonly string[] };

/** Data sets loaded into a pool, where their identity is known; missing ones are downloaded where that is allowed. */
export function dataOf(pool: WorkerPool, options: DataChoice, { say, ...others }: Surroundings): ToldData {
  const told: string[] = [];
  const surroundings: Surroundings = {
    ...others,
    say(text) {
      told.push(text);
      say(text);
    },
  };
  return {
    told,
    async identify(spec) {
      const settled = await settleData(spec, dataOptionsOf(options), surroundings);
      return { ...settled, sha256: (await pool.load(settled.used)).sha256 };
    },
    async check(compiled) {
      const { data, test } = await pool.load(compiled.experiment.data!);
      return factsOnData(compiled, data, test, plainArena());
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

/** What a plan and its cells warn of, each once, without what was told while its data were settled. */
export function untoldWarnings({ notes, cells }: Plan, told: readonly string[]): string[] {
  const warnings = new Set([...notes, ...cells.flatMap((cell) => cell.warnings)]);
  return [...warnings].filter((warning) => !told.some((text) => text.startsWith(warning)));
}

/** An error about the choice of data, at the place in the study where that choice stands. */
function placed(thrown: unknown, spec: DataSpec, { study, source }: StudyFile): unknown {
  if (!(thrown instanceof MarinadeError) || thrown.code !== 'MARINADE_CONFIG_INVALID') return thrown;
  const chosen = 'name' in spec ? spec.name : spec.file;
  const near =
    'name' in spec && registeredSet(chosen) === undefined
      ? nearest(
          chosen,
          registeredSets.map(({ name }) => name),
        )
      : undefined;
  const message = near === undefined ? thrown.text : `${thrown.text}; did you mean '${near}'?`;
  const isChosen = (value: unknown): boolean => value === chosen || Object.values((value ?? {}) as object).includes(chosen);
  for (const [path, values] of Object.entries(study.parameters)) {
    const index = path === 'data' || path.startsWith('data.') ? values.findIndex(isChosen) : -1;
    if (index >= 0) return source.error([{ path: ['parameters', path, index, ...('name' in spec ? ['name'] : [])], message }]);
  }
  return source.error([{ path: ['experiment', 'data', ...('name' in spec ? ['name'] : [])], message }]);
}

/** Opens the results folder as its owner. */
export function ownLedger(results: string, token?: string): Promise<OwnedLedger> {
  return openLedger(resolve(results), token === undefined ? {} : { owner: { token } });
}
