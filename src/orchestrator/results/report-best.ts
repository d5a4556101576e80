/**
 * Which choice came out best: in each circumstance that the study varied, and under the worst of the tried attacks.
 *
 * Circumstances are what an experimenter does not choose: attack, attackers, data, problem. Everything else is a choice.
 */
import { type CellStatistics, cellLabel, estimate, higherIsBetter, parameterLabel, ranked } from './statistics.ts';

/** Parameters that describe the circumstances. */
const circumstance = /^(attack|attackers|clients|data|partition|problem|start)(\.|$)/;
const threat = /^attack(\.|$)/;

export interface BestOf {
  readonly group: string;
  readonly best: CellStatistics;
  /** The best cell without the parameters of its group. */
  readonly choice: string;
  readonly of: number;
}

export interface WorstCase {
  readonly choice: string;
  readonly worst: CellStatistics;
  readonly attack: string;
  /** Attacks tried, and in how many of them some run diverged or has not ended. */
  readonly attacks: number;
  readonly broken: number;
}

function split(
  { parameters }: CellStatistics,
  into: (path: string) => boolean,
): readonly [inside: Record<string, unknown>, outside: Record<string, unknown>] {
  const entries = Object.entries(parameters);
  return [Object.fromEntries(entries.filter(([path]) => into(path))), Object.fromEntries(entries.filter(([path]) => !into(path)))];
}

function grouped(cells: readonly CellStatistics[], keyOf: (cell: CellStatistics) => unknown): CellStatistics[][] {
  const groups = new Map<string, CellStatistics[]>();
  for (const cell of cells) {
    const key = JSON.stringify(keyOf(cell));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cell]);
    else group.push(cell);
  }
  return [...groups.values()];
}

/** The best choice in each combination of circumstances; empty where there is nothing to choose. */
export function bestPerGroup(cells: readonly CellStatistics[], metric: string): BestOf[] {
  const isGroup = (path: string): boolean => circumstance.test(path);
  return grouped(cells, (cell) => split(cell, isGroup)[0]).flatMap((group) => {
    const best = ranked(group, metric)[0]!;
    if (group.length < 2 || estimate(best.runs, metric) === undefined) return [];
    const [where, choice] = split(best, isGroup);
    return [
      {
        group: Object.keys(where).length === 0 ? 'all cells' : cellLabel(where),
        best,
        choice: cellLabel(choice),
        of: group.length,
      },
    ];
  });
}

/** Each combination of everything but the attack under the attack that hurt it most; empty unless several were tried. */
export function worstCases(cells: readonly CellStatistics[], metric: string): WorstCase[] {
  const isThreat = (path: string): boolean => threat.test(path);
  const cases = grouped(cells, (cell) => split(cell, isThreat)[1]).flatMap((group) => {
    if (group.length < 2) return [];
    const order = ranked(group, metric);
    const worst = order.at(-1)!;
    const [attack, choice] = split(worst, isThreat);
    return [
      {
        choice: cellLabel(choice),
        worst,
        attack: Object.entries(attack)
          .map(([path, value]) => parameterLabel(path, value))
          .join(' · '),
        attacks: group.length,
        broken: group.filter((cell) => (estimate(cell.runs, metric)?.n ?? 0) < cell.runs.length).length,
      },
    ];
  });
  const sign = higherIsBetter(metric) ? -1 : 1;
  const value = ({ worst }: WorstCase): number => sign * (estimate(worst.runs, metric)?.mean ?? Number.POSITIVE_INFINITY);
  return cases.sort((a, b) => a.broken - b.broken || value(a) - value(b));
}
