/** "Did you mean": what a schema knows at a place, and which of it is nearest to what was written. */

/** The parts of a zod schema's definition that say what is known at a place. */
interface SchemaDefinition {
  readonly type: string;
  readonly shape?: Record<string, Schema>;
  readonly innerType?: Schema;
  readonly element?: Schema;
  readonly options?: readonly Schema[];
  readonly entries?: Record<string, string>;
  readonly values?: readonly unknown[];
}

interface Schema {
  readonly _zod: { readonly def: SchemaDefinition };
}

function unwrap(schema: Schema | undefined): Schema | undefined {
  let current = schema;
  while (current?._zod.def.innerType !== undefined) current = current._zod.def.innerType;
  return current;
}

/** The branches of a union that fit a value's name. */
function branches(schema: Schema, value: unknown): readonly Schema[] {
  const { options } = schema._zod.def;
  if (options === undefined) return [schema];
  const name = typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : undefined;
  const named = options.filter((option) => unwrap(unwrap(option)?._zod.def.shape?.['name'])?._zod.def.values?.includes(name));
  return named.length > 0 ? named : options;
}

/** The schemas that apply at a path of a value. */
function schemasAt(root: unknown, value: unknown, path: readonly PropertyKey[]): Schema[] {
  let current = [root as Schema];
  let data = value;
  for (const step of path) {
    current = current.flatMap((schema) => {
      const plain = unwrap(schema);
      if (plain === undefined) return [];
      return branches(plain, data).flatMap((branch) => {
        const { shape, element } = unwrap(branch)!._zod.def;
        const next = typeof step === 'number' ? element : shape?.[String(step)];
        return next === undefined ? [] : [next];
      });
    });
    data = typeof data === 'object' && data !== null ? (data as Record<PropertyKey, unknown>)[step] : undefined;
  }
  return current.flatMap((schema) => {
    const plain = unwrap(schema);
    return plain === undefined ? [] : branches(plain, data).map((branch) => unwrap(branch)!);
  });
}

/** Keys an object at this path may have. */
export function knownKeys(schema: unknown, value: unknown, path: readonly PropertyKey[]): string[] {
  return [...new Set(schemasAt(schema, value, path).flatMap((found) => Object.keys(found._zod.def.shape ?? {})))];
}

/** Literal values that may stand at this path: names of strategies, members of an enumeration. */
export function knownValues(schema: unknown, value: unknown, path: readonly PropertyKey[]): string[] {
  // The parent's branches are not narrowed by a wrong name: look at all of them.
  const withoutName = path.at(-1) === 'name' ? withoutNameAt(value, path.slice(0, -1)) : value;
  return [
    ...new Set(
      schemasAt(schema, withoutName, path).flatMap(({ _zod: { def } }) => [
        ...Object.keys(def.entries ?? {}),
        ...(def.values ?? []).map(String),
      ]),
    ),
  ];
}

function withoutNameAt(value: unknown, path: readonly PropertyKey[]): unknown {
  if (path.length === 0) return {};
  if (typeof value !== 'object' || value === null) return value;
  const [step, ...rest] = path;
  return { ...value, [step!]: withoutNameAt((value as Record<PropertyKey, unknown>)[step!], rest) };
}

/** The candidate nearest to a word, if one is near enough to be meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const written = word.toLowerCase().slice(0, 64);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(written, candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
