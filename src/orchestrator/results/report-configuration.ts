/** The exact configuration of each cell, with what differs between cells marked, as YAML-like lines. */
import { stringify } from 'yaml';
import { details, htmlOf, joined, type Markup, markup, preformatted, table } from './report-html.ts';
import type { CellStatistics } from './statistics.ts';

/** Cells that are written out whole, the first of them on paper too; beyond, what they share stands once and each cell lists its own values. */
const WHOLE_CELLS = 40;

interface Leaf {
  readonly path: string;
  readonly depth: number;
  /** The last step of the path, and the value unless deeper lines follow. */
  readonly step: string;
  readonly value: string | undefined;
}

/** An experiment as lines, one value each; lists stand on one line. */
function linesOf(value: unknown, prefix = '', depth = 0): Leaf[] {
  return Object.entries(value as Record<string, unknown>).flatMap(([step, inner]): Leaf[] => {
    const path = prefix === '' ? step : `${prefix}.${step}`;
    const nested = typeof inner === 'object' && inner !== null && !Array.isArray(inner) && Object.keys(inner).length > 0;
    if (nested) return [{ path, depth, step, value: undefined }, ...linesOf(inner, path, depth + 1)];
    return [{ path, depth, step, value: flow(inner) }];
  });
}

function flow(value: unknown): string {
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
  return text.length > 2000 ? `${text.slice(0, 1990)}… (${text.length} characters)` : text;
}

/** An experiment without its seed, which differs between the runs of a cell. */
function experimentOf({ runs }: CellStatistics): Record<string, unknown> {
  const { seed: _, ...experiment } = JSON.parse(runs[0]!.experiment) as Record<string, unknown>;
  return experiment;
}

/** Paths whose value is not the same in all cells. */
function differing(cells: readonly (readonly Leaf[])[]): Set<string> {
  const first = new Map(cells[0]?.map(({ path, value }) => [path, value]));
  const seen = new Map<string, number>();
  const different = new Set<string>();
  for (const cell of cells) {
    for (const { path, value } of cell) {
      seen.set(path, (seen.get(path) ?? 0) + 1);
      if (!first.has(path) || first.get(path) !== value) different.add(path);
    }
  }
  for (const [path, count] of seen) if (count < cells.length) different.add(path);
  return different;
}

function written(lines: readonly Leaf[], marked: ReadonlySet<string>): Markup {
  return joined(
    lines.map(({ path, depth, step, value }) => {
      const text = value === undefined ? `${step}:` : `${step}: ${value}`;
      const shown = marked.has(path) ? markup`<mark>${text}</mark>` : text;
      return markup`${'  '.repeat(depth)}${shown}`;
    }),
    '\n',
  );
}

/** The effective configuration: every default filled in, as it was hashed into the run keys. */
export function configuration(cells: readonly CellStatistics[]): Markup {
  if (cells.length === 0) return markup`<p>No run, no configuration.</p>`;
  if (cells.length === 1) {
    return details('The experiment with every default filled in', preformatted(written(linesOf(experimentOf(cells[0]!)), new Set())), true);
  }
  const lines = cells.map((cell) => linesOf(experimentOf(cell)));
  const marked = differing(lines);
  if (cells.length <= WHOLE_CELLS) {
    const each = cells.map(({ label }, i) => details(label, preformatted(written(lines[i]!, marked)), i === 0));
    return markup`<p>Every default is filled in; <mark>marked</mark> is what differs between cells. The seed is added per run.</p>${joined(each)}`;
  }
  const shared = lines[0]!.filter(({ path }) => !marked.has(path));
  const own = lines.map((cell) => cell.filter(({ path, value }) => marked.has(path) && value !== undefined));
  const rows = cells.map(({ label }, i) => [label, own[i]!.map(({ path, value }) => `${path}: ${value}`).join('; ')]);
  return joined([
    markup`<p>Every default is filled in. A cell's experiment is what all cells share plus its own lines; the seed is added per run.</p>`,
    details(`What all ${cells.length} cells share`, preformatted(written(shared, new Set()))),
    details('What differs, cell by cell', { html: htmlOf(table({ head: ['cell', 'its own values'], rows, right: [] })) }),
  ]);
}
