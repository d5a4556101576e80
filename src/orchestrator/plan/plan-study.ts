/**
 * From a study to its runs: the full product of the parameters, minus what exclude and where leave out, each cell
 * resolved, checked and hashed. Deterministic and ordered: the first parameter varies slowest, seeds fastest.
 */
import type { Catalog } from '../../algorithm/catalog.ts';
import { type CompiledExperiment, compile } from '../../algorithm/engine/compile.ts';
import { type Experiment, experimentSchema } from '../../algorithm/experiment.ts';
import { needsOptimum } from '../../algorithm/metrics.ts';
import type { PlannedRun, PlannedStudy } from '../../shared/contracts/ledger.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { canonicalJson, sha256Hex } from '../../shared/hash.ts';
import { valueAt, withValueAt } from './paths.ts';
import { problemsFrom, type StudyFile } from './read-study.ts';
import { objectiveKey, runIdentity } from './run-key.ts';
import type { Path } from './source-text.ts';

/** What planning must know of a data set: its identity. */
export interface DataSource {
  identify(data: NonNullable<Experiment['data']>): Promise<{ readonly sha256: string }>;
}

export interface PlanEnvironment {
  readonly catalog: Catalog;
  readonly data: DataSource;
  /** Content hashes of users' strategy modules. */
  readonly strategies: readonly string[];
}

/** One combination of parameter values, for all seeds. */
export interface Cell {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly experiment: Experiment;
  readonly warnings: readonly string[];
}

export interface DroppedCell {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly why: string;
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
}

type Combination = Readonly<Record<string, { readonly value: unknown; readonly index: number }>>;

function* combinations(parameters: readonly (readonly [string, readonly unknown[]])[], at = 0): Generator<Combination> {
  if (at === parameters.length) {
    yield {};
    return;
  }
  const [path, values] = parameters[at]!;
  for (let index = 0; index < values.length; index++) {
    for (const rest of combinations(parameters, at + 1)) yield { [path]: { value: values[index], index }, ...rest };
  }
}

/** Whether every path of an exclude entry has the entry's value. */
function matches(experiment: unknown, entry: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(entry).every(([path, wanted]) => contains(valueAt(experiment, path), wanted));
}

/** Equal, or an object that has at least what is wanted: `{ name: none }` matches none with its defaults. */
function contains(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return JSON.stringify(value) === JSON.stringify(wanted);
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.entries(wanted).every(([key, inner]) => contains((value as Record<string, unknown>)[key], inner))
  );
}

/** @throws MARINADE_CONFIG_ and MARINADE_PRECONDITION_ codes with file:line:column; data errors from the data source */
export async function planStudyFile(file: StudyFile, environment: PlanEnvironment): Promise<Plan> {
  const { study, source, where } = file;
  const schema = experimentSchema(environment.catalog);
  const parameters = Object.entries(study.parameters);
  const total = parameters.reduce((product, [, values]) => product * values.length, study.seeds.length);
  if (total > 100 * study.limits.runs) {
    throw new MarinadeError(
      'MARINADE_CONFIG_TOO_MANY_RUNS',
      `${source.file}: the full product is ${total} runs, more than 100 times limits.runs = ${study.limits.runs}`,
      { total },
    );
  }
  const cells: { cell: Cell; compiled: CompiledExperiment }[] = [];
  const dropped: DroppedCell[] = [];
  const infeasible: { parameters: Record<string, unknown>; path: Path; message: string }[] = [];

  for (const combination of combinations(parameters)) {
    const values = Object.fromEntries(Object.entries(combination).map(([path, { value }]) => [path, value]));
    let raw: unknown = study.experiment;
    for (const [path, value] of Object.entries(values)) raw = withValueAt(raw, path, value);
    const parsed = schema.safeParse({ ...(raw as object), seed: study.seeds[0] });
    if (!parsed.success) {
      const problems = problemsFrom(parsed.error.issues, schema, raw, []).map((problem) => ({
        ...problem,
        path: positionOf(combination, problem.path),
      }));
      throw source.error(problems);
    }
    const experiment = parsed.data;
    const lookup = (path: string): unknown => valueAt(experiment, path);
    if (study.exclude.some((entry) => matches(experiment, entry))) dropped.push({ parameters: values, why: 'exclude' });
    else if (where !== undefined && !located(source, ['where'], () => where(lookup))) dropped.push({ parameters: values, why: 'where' });
    else {
      try {
        const compiled = compile(experiment, environment.catalog);
        cells.push({ cell: { parameters: values, experiment, warnings: compiled.warnings }, compiled });
      } catch (thrown) {
        if (!(thrown instanceof MarinadeError)) throw thrown;
        if (!thrown.code.startsWith('MARINADE_PRECONDITION_')) throw source.error([{ path: ['experiment'], message: thrown.text }]);
        infeasible.push({ parameters: values, path: ['experiment'], message: thrown.text });
        dropped.push({ parameters: values, why: thrown.text });
      }
    }
  }
  if (infeasible.length > 0 && study.infeasible === 'refuse') {
    const advice =
      parameters.length === 0
        ? ''
        : `\n    leave it out with \`exclude: [${JSON.stringify(infeasible[0]!.parameters)}]\`, or set \`infeasible: drop\``;
    throw source.error(
      infeasible.map(({ parameters: at, path, message }) => ({
        path,
        message: `${parameters.length === 0 ? '' : `${JSON.stringify(at)}: `}${message}${advice}`,
      })),
    );
  }
  if (cells.length === 0) {
    throw new MarinadeError(
      'MARINADE_CONFIG_EMPTY_STUDY',
      `${source.file}: no run is left: ${dropped.length} cells were dropped (first: ${dropped[0]?.why})`,
    );
  }
  if (cells.length * study.seeds.length > study.limits.runs) {
    throw new MarinadeError(
      'MARINADE_CONFIG_TOO_MANY_RUNS',
      `${source.file}: ${cells.length * study.seeds.length} runs are planned; limits.runs allows ${study.limits.runs}`,
    );
  }

  const identities = new Map<string, string>();
  const identityOf = async (data: Experiment['data']): Promise<string> => {
    if (data === undefined) return '';
    const key = canonicalJson(data);
    const known = identities.get(key) ?? (await environment.data.identify(data)).sha256;
    identities.set(key, known);
    return known;
  };
  const runs: RunPlan[] = [];
  const seen = new Set<string>();
  for (const { cell, compiled } of cells) {
    const dataSha256 = await identityOf(cell.experiment.data);
    for (const seed of study.seeds) {
      const experiment = { ...cell.experiment, seed };
      const identity = runIdentity(experiment, dataSha256, environment.strategies);
      if (seen.has(identity.runKey)) continue;
      seen.add(identity.runKey);
      runs.push({
        ...identity,
        experiment: canonicalJson(experiment),
        dataSha256,
        seed,
        rounds: experiment.rounds,
        metrics: experiment.metrics.names,
        every: experiment.metrics.every,
        parameters: JSON.stringify(cell.parameters),
        warnings: cell.warnings,
        objectiveKey: experiment.metrics.names.some(needsOptimum) ? objectiveKey({ ...compiled, experiment }, dataSha256) : null,
      });
    }
  }
  return {
    studyKey: sha256Hex(canonicalJson({ study: study.study, runs: runs.map(({ runKey }) => runKey) })).slice(0, 16),
    name: study.study,
    source: file.text,
    runs,
    cells: cells.map(({ cell }) => cell),
    dropped,
    parameters: parameters.map(([path, values]) => ({ path, values })),
    seeds: study.seeds,
  };
}

/** Where a path of the experiment was written: in the value of the parameter that set it, or in the base. */
function positionOf(combination: Combination, path: Path): Path {
  const dotted = path.join('.');
  for (const [parameter, { index }] of Object.entries(combination)) {
    const owner = parameter.endsWith('.name') ? parameter.slice(0, -5) : parameter;
    if (dotted === owner || dotted === parameter || dotted.startsWith(`${owner}.`)) {
      return ['parameters', parameter, index, ...path.slice(owner.split('.').length).filter(() => parameter === owner)];
    }
  }
  return ['experiment', ...path];
}

/** Runs an action; its errors point at a path of the source. */
function located<Result>(source: StudyFile['source'], path: Path, action: () => Result): Result {
  try {
    return action();
  } catch (thrown) {
    if (thrown instanceof MarinadeError) throw source.error([{ path, message: thrown.text }]);
    throw thrown;
  }
}
