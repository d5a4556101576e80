/** Which cells an f* belongs to: cells that differ in what does not enter the objective share one. */
import type { StudyRun } from '../../shared/contracts/ledger.ts';
import { cellLabel, parameterLabel } from './statistics.ts';

/** Cells written out where no parameter tells the objectives apart. */
const MAX_CELLS = 3;

/** Each objective of a study, in the order of its runs, with what its runs have in common and others have not. */
export function objectivesOf(runs: readonly StudyRun[]): { readonly objectiveKey: string; readonly label: string }[] {
  const groups = new Map<string, StudyRun[]>();
  for (const run of runs) {
    if (run.objectiveKey === null) continue;
    const group = groups.get(run.objectiveKey);
    if (group === undefined) groups.set(run.objectiveKey, [run]);
    else group.push(run);
  }
  // The seed is the last thing one asks about.
  const paths = [...new Set(runs.flatMap(({ parameters }) => Object.keys(parameters))), 'seed'];
  const valuesOf = (some: readonly StudyRun[], path: string): Map<string | undefined, unknown> =>
    new Map(some.map(traitOf(path)).map((value) => [JSON.stringify(value), value]));
  const varied = paths.filter((path) => valuesOf(runs, path).size > 1);
  return [...groups].map(([objectiveKey, members]) => {
    if (groups.size === 1) return { objectiveKey, label: 'all cells' };
    const common = varied.flatMap((path) => {
      const values = [...valuesOf(members, path).values()];
      return values.length === 1 ? parameterLabel(path, values[0]) : [];
    });
    return { objectiveKey, label: common.length === 0 ? cellsText(members) : common.join(' · ') };
  });
}

function traitOf(path: string): (run: StudyRun) => unknown {
  return ({ seed, parameters }) => (path === 'seed' ? seed : parameters[path]);
}

function cellsText(runs: readonly StudyRun[]): string {
  const labels = [...new Set(runs.map(({ parameters }) => cellLabel(parameters)))];
  const more = labels.length > MAX_CELLS ? [`and ${labels.length - MAX_CELLS} more cells`] : [];
  return [...labels.slice(0, MAX_CELLS), ...more].join('; ');
}
