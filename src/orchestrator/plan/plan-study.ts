/** From a study to its runs: its cells, each with every seed, hashed. Deterministic and ordered: seeds vary fastest. */
import type { Catalog } from '../../algorithm/catalog.ts';
import { type DataSpec, withoutFallback } from '../../algorithm/data/spec.ts';
import type { CompiledExperiment } from '../../algorithm/engine/compile.ts';
import { checkFacts, type MemoryNeed } from '../../algorithm/engine/foresight.ts';
import type { Experiment } from '../../algorithm/experiment.ts';
import { needsOptimum } from '../../algorithm/metrics.ts';
import type { PlannedRun, PlannedStudy } from '../../shared/contracts/ledger.ts';
import type { ProblemFacts } from '../../shared/contracts/problem.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { canonicalJson, sha256Hex } from '../../shared/hash.ts';
import { type Cell, type DroppedCell, expandCells, mentioned } from './expand-cells.ts';
import { giveWay } from './give-way.ts';
import type { StudyFile } from './read-study.ts';
import { canonicalByParts, objectiveKey, runIdentity } from './run-key.ts';

/** What planning must know of a data set: its identity, and what takes its place where a study allows that. */
export interface DataSource {
  identify(data: DataSpec): Promise<IdentifiedData>;
  /** What only the data can tell: the facts of the problem on them. Rejects with why the cell cannot be computed on them. */
  check?(compiled: CompiledExperiment): Promise<ProblemFacts | undefined>;
}

export interface IdentifiedData {
  readonly sha256: string;
  /** What the runs really use and record; default what was asked for. */
  readonly used?: DataSpec;
  /** Goes with every run on this data. */
  readonly warning?: string;
}

export interface PlanEnvironment {
  readonly catalog: Catalog;
  readonly data: DataSource;
  /** Content hashes of users' strategy modules. */
  readonly strategies: readonly string[];
}

/** A run with the key of the objective whose f* it needs, if it does. */
export interface RunPlan extends PlannedRun {
  readonly objectiveKey: string | null;
}

export interface Plan extends PlannedStudy {
  readonly runs: readonly RunPlan[];
  readonly cells: readonly Cell[];
  readonly dropped: readonly DroppedCell[];
  readonly parameters: readonly { readonly path: string; readonly values: readonly unknown[] }[];
  readonly seeds: readonly number[];
  /** The most that a run needs of memory, where that is known before it runs. */
  readonly need: MemoryNeed;
  /** What a reader should know of the study as a whole; no part of its runs. */
  readonly notes: readonly string[];
}

/** A single number under `seeds` is one seed, where many mean how many. */
function seedNotes({ source }: StudyFile): string[] {
  const written = (source.data as { readonly seeds?: unknown }).seeds;
  if (typeof written !== 'number' || written < 2) return [];
  return [`seeds: ${written} is the one seed ${written}; for ${written} seeds write \`seeds: 0..${written - 1}\``];
}

/** The reason of a cell that cannot be computed; anything else is thrown on. */
function misfitting(thrown: unknown): MarinadeError {
  if (thrown instanceof MarinadeError && /^MARINADE_(PRECONDITION|CONFIG)_/.test(thrown.code)) return thrown;
  throw thrown;
}

/** @throws MARINADE_CONFIG_ and MARINADE_PRECONDITION_ codes with file:line:column; data errors from the data source */
export async function planStudyFile(file: StudyFile, environment: PlanEnvironment): Promise<Plan> {
  const { study } = file;
  const { cells, dropped, notes } = await expandCells(file, environment.catalog);

  const identities = new Map<string, IdentifiedData>();
  const identify = async (data: Experiment['data']): Promise<IdentifiedData> => {
    if (data === undefined) return { sha256: '' };
    const key = canonicalJson(data);
    const known = identities.get(key) ?? (await environment.data.identify(data));
    identities.set(key, known);
    return known;
  };
  const needs = cells.map(({ compiled }) => compiled.need).filter((need) => need !== undefined);
  const found = new Map<string, ProblemFacts | MarinadeError | undefined>();
  const misfitOf = async (compiled: CompiledExperiment): Promise<MarinadeError | undefined> => {
    const { problem, data, partition, clients, metrics, attack } = compiled.experiment;
    // A problem without data told its facts when it was compiled.
    if (data === undefined) return undefined;
    const key = canonicalJson({ problem, data, partition, clients, names: metrics.names, attack });
    if (!found.has(key)) found.set(key, await environment.data.check?.(compiled).catch(misfitting));
    const facts = found.get(key);
    if (facts === undefined || facts instanceof MarinadeError) return facts;
    try {
      needs.push(checkFacts(compiled, facts));
      return undefined;
    } catch (thrown) {
      return misfitting(thrown);
    }
  };
  const settled: Cell[] = [];
  const left: DroppedCell[] = [...dropped];
  const runs: RunPlan[] = [];
  const seen = new Set<string>();
  const others = giveWay();
  for (const { cell, compiled } of cells) {
    const { data } = cell.experiment;
    const { sha256: dataSha256, used, warning } = await identify(data);
    const base = data === undefined ? cell.experiment : { ...cell.experiment, data: used ?? withoutFallback(data) };
    const misfit = await misfitOf({ ...compiled, experiment: base });
    if (misfit !== undefined && study.infeasible === 'refuse') {
      const where = Object.keys(cell.parameters).length === 0 ? '' : `${JSON.stringify(cell.parameters)}: `;
      throw file.source.error(
        [{ path: ['experiment', ...mentioned(misfit.text, study.experiment)], message: `${where}${misfit.text}` }],
        misfit.code,
      );
    }
    if (misfit !== undefined) {
      left.push({ parameters: cell.parameters, why: misfit.text });
      continue;
    }
    const warnings = warning === undefined ? cell.warnings : [...cell.warnings, warning];
    settled.push({ ...cell, experiment: base, warnings });
    for (const seed of study.seeds) {
      await others();
      const experiment = { ...base, seed };
      const identity = runIdentity(experiment, dataSha256, environment.strategies);
      if (seen.has(identity.runKey)) {
        if (seed === study.seeds[0])
          left.push({ parameters: cell.parameters, why: 'the same runs as another cell: its data have the same content' });
        continue;
      }
      seen.add(identity.runKey);
      runs.push({
        ...identity,
        experiment: canonicalByParts(experiment),
        dataSha256,
        seed,
        rounds: experiment.rounds,
        metrics: experiment.metrics.names,
        every: experiment.metrics.every,
        parameters: JSON.stringify(cell.parameters),
        warnings,
        objectiveKey: experiment.metrics.names.some(needsOptimum) ? objectiveKey({ ...compiled, experiment }, dataSha256) : null,
      });
    }
  }
  return {
    studyKey: sha256Hex(canonicalJson({ study: study.study, runs: runs.map(({ runKey }) => runKey) })).slice(0, 16),
    name: study.study,
    source: file.text,
    runs,
    cells: settled,
    dropped: left,
    parameters: Object.entries(study.parameters).map(([path, values]) => ({ path, values })),
    seeds: study.seeds,
    need: {
      perRun: needs.reduce((most, { perRun }) => Math.max(most, perRun), 0),
      shared: needs.reduce((most, { shared }) => Math.max(most, shared), 0),
    },
    notes: [...seedNotes(file), ...notes],
  };
}
