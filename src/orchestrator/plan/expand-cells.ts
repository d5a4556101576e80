/**
 * The cells of a study: the full product of its parameters, minus what exclude and where leave out, each resolved and
 * checked. Deterministic and ordered: the first parameter varies slowest.
 */
import type { Catalog } from '../../algorithm/catalog.ts';
import { type CompiledExperiment, compile } from '../../algorithm/engine/compile.ts';
import { type Experiment, experimentSchema } from '../../algorithm/experiment.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { canonicalJson, sha256Hex } from '../../shared/hash.ts';
import { excluder } from './exclude.ts';
import { giveWay } from './give-way.ts';
import { pathProblems } from './known-paths.ts';
import { outermostFirst, replacedBy, valueAt, withValueAt } from './paths.ts';
import type { StudyFile } from './read-study.ts';
import { problemsFrom } from './schema-problems.ts';
import type { Path, Problem } from './source-text.ts';
import { type Condition, whereFailure } from './where.ts';

/** One combination of parameter values, for all seeds. */
export interface Cell {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly experiment: Experiment;
  readonly warnings: readonly string[];
}

export interface CompiledCell {
  readonly cell: Cell;
  readonly compiled: CompiledExperiment;
}

export interface DroppedCell {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly why: string;
}

/** Cells looked at for each run that `limits.runs` allows: exclude and where may leave most of a product out. */
const LOOKED_AT = 10;

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

/** @throws MARINADE_CONFIG_ and MARINADE_PRECONDITION_ codes with file:line:column */
export async function expandCells(
  file: StudyFile,
  catalog: Catalog,
): Promise<{ readonly cells: readonly CompiledCell[]; readonly dropped: DroppedCell[]; readonly notes: readonly string[] }> {
  const { study, source, where } = file;
  const schema = experimentSchema(catalog);
  const parameters = Object.entries(study.parameters);
  const product = parameters.reduce((cells, [, values]) => cells * values.length, study.seeds.length);
  const tooMany = (text: string): MarinadeError =>
    source.error([{ path: [parameters.length > 0 ? 'parameters' : 'seeds'], message: text }], 'MARINADE_CONFIG_TOO_MANY_RUNS');
  if (product > LOOKED_AT * study.limits.runs) {
    throw tooMany(`the full product is ${product} runs, more than ${LOOKED_AT} times limits.runs = ${study.limits.runs}`);
  }

  const wrong = pathProblems(file, schema);
  if (wrong.length > 0) throw source.error(wrong);
  const holds = (condition: Condition, experiment: Experiment, values: Readonly<Record<string, unknown>>): boolean => {
    try {
      return condition.holds((path) => valueAt(experiment, path));
    } catch (thrown) {
      const problem = whereFailure(thrown, study.where!, file.text);
      throw source.error([
        { ...problem, message: `${problem.message}${parameters.length === 0 ? '' : `, in the cell ${JSON.stringify(values)}`}` },
      ]);
    }
  };

  const cells: CompiledCell[] = [];
  const exclude = excluder(study.exclude);
  /** Paths of exclude that no cell has had so far. */
  const unseen = new Set(study.exclude.flatMap((entry) => Object.keys(entry)));
  const dropped: DroppedCell[] = [];
  const infeasible: { parameters: Readonly<Record<string, unknown>>; thrown: MarinadeError }[] = [];
  const known = new Map<string, Readonly<Record<string, unknown>>>();
  const others = giveWay();
  for (const combination of combinations(parameters)) {
    await others();
    const values = Object.fromEntries(Object.entries(combination).map(([path, { value }]) => [path, value]));
    const drop = (why: string): number => dropped.push({ parameters: values, why });
    const raw = outermostFirst(Object.entries(values)).reduce<unknown>(
      (experiment, [path, value]) => located(source, ['parameters', path], () => withValueAt(experiment, path, value)),
      study.experiment,
    );
    const refuse = (problems: readonly Problem[]): MarinadeError =>
      source.error(problems.map((problem) => placed(problem, combination, file)));
    const parsed = schema.safeParse({ ...(raw as object), seed: study.seeds[0] });
    if (!parsed.success) throw refuse(problemsFrom(parsed.error.issues, schema, raw, []));
    const experiment = parsed.data;
    for (const path of unseen) if (valueAt(experiment, path) !== undefined) unseen.delete(path);
    if (exclude.excludes(experiment)) drop('exclude');
    else if (where !== undefined && !holds(where, experiment, values)) drop('where');
    else {
      const identity = sha256Hex(canonicalJson(experiment));
      const same = known.get(identity);
      if (same !== undefined) {
        drop(`the same experiment as ${JSON.stringify(same)}`);
        continue;
      }
      known.set(identity, values);
      try {
        const compiled = compile(experiment, catalog);
        cells.push({ cell: { parameters: values, experiment, warnings: compiled.warnings }, compiled });
      } catch (thrown) {
        if (!(thrown instanceof MarinadeError)) throw thrown;
        if (!thrown.code.startsWith('MARINADE_PRECONDITION_')) throw refuse([{ path: mentioned(thrown.text, raw), message: thrown.text }]);
        infeasible.push({ parameters: values, thrown });
        drop(thrown.text);
      }
      if (cells.length * study.seeds.length > study.limits.runs) {
        throw tooMany(`more than limits.runs = ${study.limits.runs} runs are planned (the full product is ${product})`);
      }
    }
  }
  const [unknown] = unseen;
  if (unknown !== undefined) {
    const at = study.exclude.findIndex((entry) => unknown in entry);
    throw source.error([{ path: ['exclude', at, unknown], message: `no cell has '${unknown}'; the entry would leave nothing out` }]);
  }
  if (infeasible.length > 0 && study.infeasible === 'refuse') throw refusal(infeasible, parameters.length > 0, file);
  if (cells.length === 0) {
    const at = where !== undefined ? ['where'] : study.exclude.length > 0 ? ['exclude'] : [];
    const reasons = [...new Set(dropped.map(({ why }) => why))].slice(0, 3).join('; ');
    throw source.error(
      [{ path: at, message: `no run is left: ${dropped.length} of ${dropped.length} cells were dropped (${reasons})` }],
      'MARINADE_CONFIG_EMPTY_STUDY',
    );
  }
  return { cells, dropped, notes: idleNotes(exclude.idle()) };
}

/** Entries of exclude that no cell has are told, the first of them: a wrong number in one leaves its cells in. */
function idleNotes(idle: readonly object[]): string[] {
  const shown = idle.slice(0, IDLE_SHOWN).map((entry) => `no cell has ${JSON.stringify(entry)}: this entry of exclude leaves nothing out`);
  return idle.length <= IDLE_SHOWN ? shown : [...shown, `and so do ${idle.length - IDLE_SHOWN} more entries of exclude`];
}

const IDLE_SHOWN = 3;

/** The cells that cannot be computed, and the `exclude` that removes them. */
function refusal(
  infeasible: readonly { readonly parameters: Readonly<Record<string, unknown>>; readonly thrown: MarinadeError }[],
  varied: boolean,
  { source, study }: StudyFile,
): MarinadeError {
  const { code, text } = infeasible[0]!.thrown;
  if (!varied) return source.error([{ path: ['experiment', ...mentioned(text, study.experiment)], message: text }], code);
  const list = infeasible.map(({ parameters, thrown }) => `    ${JSON.stringify(parameters)}: ${thrown.text}`);
  const entries = infeasible.map(({ parameters }) => JSON.stringify(parameters));
  const message = [
    `${infeasible.length} ${infeasible.length === 1 ? 'cell' : 'cells'} cannot be computed:`,
    ...list.slice(0, LISTED),
    ...(list.length > LISTED ? [`    (and ${list.length - LISTED} more)`] : []),
    entries.length > LISTED
      ? '    set `infeasible: drop` to leave them out'
      : `    leave them out with \`exclude: [${entries.join(', ')}]\`, or set \`infeasible: drop\``,
  ].join('\n');
  return source.error([{ path: ['parameters'], message }], code);
}

/** Infeasible cells that are written out. */
const LISTED = 20;

/** The problem where it was written: in the value of the parameter that set it, in the base, or beside the file. */
function placed({ path, message, atKey }: Problem, combination: Combination, { source, study, overridden }: StudyFile): Problem {
  const dotted = path.join('.');
  const full = atKey === undefined ? dotted : [...path, atKey].join('.');
  const key = atKey === undefined ? {} : { atKey };
  // What was set last, the innermost path, is what counts.
  const owners = outermostFirst(Object.entries(combination)).reverse();
  for (const [parameter, { index }] of owners) {
    const owner = replacedBy(parameter);
    if (full !== owner && !full.startsWith(`${owner}.`)) continue;
    const written = (source.data as { parameters: Record<string, unknown> }).parameters[parameter];
    const inner = owner === parameter ? path.slice(owner.split('.').length) : [];
    return { path: ['parameters', parameter, ...(Array.isArray(written) ? [] : ['values']), index, ...inner], message, ...key };
  }
  // What the base does not have was made on the way to a parameter's place.
  const maker = valueAt(study.experiment, full) === undefined ? owners.find(([parameter]) => parameter.startsWith(`${full}.`)) : undefined;
  if (maker !== undefined) return { path: ['parameters'], atKey: maker[0], message };
  const beside = overridden.find((candidate) => full === candidate || full.startsWith(`${replacedBy(candidate)}.`));
  return { path: ['experiment', ...path], message: beside === undefined ? message : `${message} (given by --set ${beside})`, ...key };
}

/** The first path of the experiment that a message speaks of. */
export function mentioned(text: string, raw: unknown): Path {
  const paths = text.match(/\b[a-z]\w*(?:\.\w+)*/gi) ?? [];
  return paths.find((path) => valueAt(raw, path) !== undefined)?.split('.') ?? [];
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
