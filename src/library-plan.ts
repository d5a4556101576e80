/** `planStudy`: what a study would run, without running it. */
import { catalog as builtIn, type Catalog } from './algorithm/catalog.ts';
import type { DataSpec } from './algorithm/data/spec.ts';
import { factsOnData } from './algorithm/engine/data-facts.ts';
import { plainArena } from './algorithm/kernels/plain-arena.ts';
import { anchorFiles } from './orchestrator/plan/anchor-files.ts';
import { type Plan, planStudyFile } from './orchestrator/plan/plan-study.ts';
import { readStudy } from './orchestrator/plan/read-study.ts';
import { canonicalJson } from './shared/hash.ts';
import { type DataOptions, type LoadedData, loadDataset } from './worker/data/load.ts';

export interface PlanStudyOptions extends DataOptions {
  /** What `file` paths are relative to; default the current folder. */
  readonly baseDirectory?: string | undefined;
  /** Name of the study's text in errors. */
  readonly file?: string | undefined;
  readonly catalog?: Catalog | undefined;
}

/**
 * The cells, runs and hashes of a study given as YAML. Data sets are read, because their identity enters the hashes.
 *
 * @throws configuration and precondition errors with file:line:column, data errors
 */
export async function planStudy(text: string, options: PlanStudyOptions = {}): Promise<Plan> {
  const study = anchorFiles(readStudy(text, options.file ?? 'study'), options.baseDirectory ?? process.cwd());
  const loaded = new Map<string, Promise<LoadedData>>();
  const load = (data: DataSpec): Promise<LoadedData> => {
    const key = canonicalJson(data);
    const one = loaded.get(key) ?? loadDataset(data, { ...options, arena: plainArena() });
    loaded.set(key, one);
    return one;
  };
  return planStudyFile(study, {
    catalog: options.catalog ?? builtIn,
    data: {
      identify: async (data) => ({ sha256: (await load(data)).sha256 }),
      async check(compiled) {
        const { data, test } = await load(compiled.experiment.data!);
        return factsOnData(compiled, data, test, plainArena());
      },
    },
    strategies: [],
  });
}
