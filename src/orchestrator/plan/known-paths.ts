/**
 * What a study says about paths of the experiment, held against what an experiment can have: a path that none has, or
 * a name that never stands at a path, would change nothing without a word.
 */
import type { StudyFile } from './read-study.ts';
import { PLACED, type Problem } from './source-text.ts';
import { choicesAt, knowsPath, nearest, nearestPath } from './suggestions.ts';
import { whereProblem } from './where.ts';

/** What is wrong with a path, with what was meant where that is wanted; undefined for one that some experiment has. */
function unknownPath(schema: unknown, path: string, isWorded: boolean): string | undefined {
  if (path === 'seed') return "'seed' is no part of a cell: all cells have the same seeds, given under `seeds`";
  if (knowsPath(schema, path)) return undefined;
  const near = isWorded ? nearestPath(schema, path) : undefined;
  return `no experiment has '${path}'${near === undefined ? '' : `; did you mean '${near}'?`}`;
}

/** What is wrong with a name that a path is compared with. */
function unknownName(schema: unknown, path: string, name: unknown): string | undefined {
  const choices = typeof name === 'string' ? choicesAt(schema, path) : [];
  if (choices.length === 0 || choices.includes(name as string)) return undefined;
  const near = nearest(name as string, choices);
  const instead = near === undefined ? `expected one of ${choices.join(', ')}` : `did you mean '${near}'?`;
  return `${path} is never '${String(name)}'; ${instead}`;
}

/** Problems of the paths under `parameters`, `exclude` and `where`, before any cell is looked at. */
export function pathProblems({ study, text, where }: StudyFile, schema: unknown): Problem[] {
  const problems: Problem[] = [];
  const judged = new Map<string, string | undefined>();
  const unknown = (path: string): string | undefined => {
    if (!judged.has(path)) judged.set(path, unknownPath(schema, path, problems.length < PLACED));
    return judged.get(path);
  };
  for (const path of Object.keys(study.parameters)) {
    const message = unknown(path);
    if (message !== undefined) problems.push({ path: ['parameters'], atKey: path, message });
  }
  study.exclude.forEach((entry, i) => {
    for (const [path, value] of Object.entries(entry)) {
      const message = unknown(path);
      const misnamed = message === undefined ? unknownName(schema, path, value) : undefined;
      if (message !== undefined) problems.push({ path: ['exclude', i], atKey: path, message });
      if (misnamed !== undefined) problems.push({ path: ['exclude', i, path], message: misnamed });
    }
  });
  for (const { text: path, at } of where?.paths ?? []) {
    const message = unknown(path);
    // What is meant as a text often stands without its quotes.
    const word = /^[\w-]+/.exec(study.where!.slice(at))![0];
    const hint = path.includes('.') || message !== `no experiment has '${path}'` ? '' : `; a text stands in quotes: '${word}'`;
    if (message !== undefined) problems.push(whereProblem(`${message}${hint}`, at, study.where!, text));
  }
  for (const { path, text: name, at } of where?.compared ?? []) {
    const message = unknownName(schema, path, name);
    if (message !== undefined) problems.push(whereProblem(message, at, study.where!, text));
  }
  return problems;
}
