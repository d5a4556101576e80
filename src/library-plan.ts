/** `planStudy`: what a study would run, without running it. */
import { catalog as builtIn, type Catalog } from './algorithm/catalog.ts';
import { plainArena } from './algorithm/kernels/plain-arena.ts';
import { anchorFiles } from './orchestrator/plan/anchor-files.ts';
import { type Plan, planStudyFile } from './orchestrator/plan/plan-study.ts';
import { readStudy } from './orchestrator/plan/read-study.ts';
import { type DataOptions, loadDataset } from './worker/data/load.ts';

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
  return planStudyFile(study, {
    catalog: options.catalog ?? builtIn,
    data: { identify: (data) => loadDataset(data, { ...options, arena: plainArena() }) },
    strategies: [],
  });
}
