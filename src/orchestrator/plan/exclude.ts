/** Which cells `exclude` leaves out: every path of an entry has the entry's value. */
import { valueAt } from './paths.ts';

type Entry = Readonly<Record<string, unknown>>;

/**
 * Answers for one cell after another. Entries over the same paths are looked up together, so that a cell costs as much
 * as there are different sets of paths, however many entries a program has written.
 */
export function excluder(entries: readonly Entry[]): (experiment: unknown) => boolean {
  const tables = new Map<string, { readonly paths: readonly string[]; readonly wanted: Set<string> }>();
  const partial: Entry[] = [];
  for (const entry of entries) {
    if (Object.values(entry).some((value) => typeof value === 'object' && value !== null && !Array.isArray(value))) {
      partial.push(entry);
      continue;
    }
    const paths = Object.keys(entry).sort();
    const key = paths.join(' ');
    const table = tables.get(key) ?? { paths, wanted: new Set() };
    table.wanted.add(JSON.stringify(paths.map((path) => entry[path])));
    tables.set(key, table);
  }
  const listed = [...tables.values()];
  return (experiment) =>
    listed.some(({ paths, wanted }) => wanted.has(JSON.stringify(paths.map((path) => valueAt(experiment, path))))) ||
    partial.some((entry) => Object.entries(entry).every(([path, wanted]) => contains(valueAt(experiment, path), wanted)));
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
