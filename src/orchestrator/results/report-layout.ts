/**
 * Which cells a report draws, in how many panels, in which colours.
 *
 * Up to four cells, or the values of a single parameter, share one panel. Otherwise the first parameter with two to
 * eight values becomes the lines, and every combination of the others a panel. What would need more panels than fit on
 * a page is cut down to the best cells, and the report says so.
 */
import { seriesStyles } from '../../figures/series-style.ts';
import { type CellStatistics, cellLabel, parameterLabel, ranked } from './statistics.ts';

export interface PlacedCell {
  readonly cell: CellStatistics;
  /** What tells the cell from the others of its panel. */
  readonly label: string;
  readonly style: number;
}

export interface Layout {
  readonly panels: readonly { readonly title: string; readonly cells: readonly PlacedCell[] }[];
  readonly placed: ReadonlyMap<CellStatistics, PlacedCell>;
  /** How the drawn cells were chosen where not all are. */
  readonly rule: string | undefined;
}

const MAX_LINES = seriesStyles.length;
const MAX_PANELS = 24;

export function layOut(cells: readonly CellStatistics[], metric: string | undefined): Layout {
  const paths = Object.keys(cells[0]?.parameters ?? {});
  if (cells.length <= MAX_LINES && (paths.length <= 1 || cells.length <= 4)) return onePanel(cells, undefined);
  const series = paths.length < 2 ? undefined : paths.find((path) => fits(cells, path));
  if (series !== undefined) return byParameter(cells, series);
  const best = new Set((metric === undefined ? cells : ranked(cells, metric)).slice(0, MAX_LINES));
  const order = metric === undefined ? 'the first in the order of the study' : `those with the best mean of ${metric} at the end`;
  return onePanel(
    cells.filter((cell) => best.has(cell)),
    `Curves are drawn for ${MAX_LINES} of ${cells.length} cells: ${order}, cells with diverged or unfinished runs after the others. The table has all of them.`,
  );
}

function onePanel(cells: readonly CellStatistics[], rule: string | undefined): Layout {
  const placed = cells.map((cell, style) => ({ cell, label: cell.label, style }));
  return { panels: [{ title: '', cells: placed }], placed: new Map(placed.map((one) => [one.cell, one])), rule };
}

/** The values of a path over all cells, in study order, as keys. */
function valuesOf(cells: readonly CellStatistics[], path: string): string[] {
  return [...new Set(cells.map(({ parameters }) => JSON.stringify(parameters[path]) ?? ''))];
}

function panelKey({ parameters }: CellStatistics, series: string): string {
  return JSON.stringify(Object.entries(parameters).filter(([path]) => path !== series));
}

function fits(cells: readonly CellStatistics[], path: string): boolean {
  const lines = valuesOf(cells, path).length;
  return lines >= 2 && lines <= MAX_LINES && new Set(cells.map((cell) => panelKey(cell, path))).size <= MAX_PANELS;
}

function byParameter(cells: readonly CellStatistics[], series: string): Layout {
  const values = valuesOf(cells, series);
  const panels = new Map<string, { title: string; cells: PlacedCell[] }>();
  const placed = new Map<CellStatistics, PlacedCell>();
  for (const cell of cells) {
    const key = panelKey(cell, series);
    const { [series]: value, ...others } = cell.parameters;
    const panel = panels.get(key) ?? { title: cellLabel(others), cells: [] };
    panels.set(key, panel);
    const one = { cell, label: parameterLabel(series, value), style: values.indexOf(JSON.stringify(value) ?? '') };
    panel.cells.push(one);
    placed.set(cell, one);
  }
  return { panels: [...panels.values()], placed, rule: undefined };
}
