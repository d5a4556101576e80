/** Which cells `exclude` leaves out: every path of an entry has the entry's value. */
import { valueAt } from './paths.ts';

type Entry = Readonly<Record<string, unknown>>;

export interface Excluder {
  /** Whether some entry leaves this experiment out. */
  excludes(experiment: unknown): boolean;
  /** Entries that have left out none of the experiments asked about. */
  idle(): readonly Entry[];
}

/**
 * Answers for one cell after another. Entries over the same paths are looked up together, so that a cell costs as much
 * as there are different sets of paths, however many entries a program has written.
 */
export function excluder(entries: readonly Entry[]): Excluder {
  const tables = new Map<string, { readonly paths: readonly string[]; readonly entryOf: Map<string, Entry> }>();
  const partial: Entry[] = [];
  const busy = new Set<Entry>();
  const valuesText = (values: readonly unknown[]): string => JSON.stringify(values);
  for (const entry of entries) {
    if (Object.values(entry).some((value) => typeof value === 'object' && value !== null && !Array.isArray(value))) {
      partial.push(entry);
      continue;
    }
    const paths = Object.keys(entry).sort();
    const key = paths.join(' ');
    const table = tables.get(key) ?? { paths, entryOf: new Map() };
    const text = valuesText(paths.map((path) => entry[path]));
    // What is written twice counts once.
    if (table.entryOf.has(text)) busy.add(entry);
    else table.entryOf.set(text, entry);
    tables.set(key, table);
  }
  return {
    excludes(experiment) {
      let found = false;
      for (const { paths, entryOf } of tables.values()) {
        const entry = entryOf.get(valuesText(paths.map((path) => valueAt(experiment, path))));
        if (entry === undefined) continue;
        found = true;
        busy.add(entry);
      }
      for (const entry of partial) {
        if (!Object.entries(entry).every(([path, wanted]) => contains(valueAt(experiment, path), wanted))) continue;
        found = true;
        busy.add(entry);
      }
      return found;
    },
    idle: () => entries.filter((entry) => !busy.has(entry)),
  };
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
