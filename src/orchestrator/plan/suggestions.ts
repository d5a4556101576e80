/** "Did you mean": what a schema knows at a place, and which of it is nearest to what was written. */
import { otherNames, plainly } from './other-names.ts';

/** The parts of a zod schema's definition that say what is known at a place. */
interface SchemaDefinition {
  readonly type: string;
  readonly shape?: Record<string, Schema>;
  readonly innerType?: Schema;
  /** What a transformation reads. */
  readonly in?: Schema;
  readonly element?: Schema;
  /** Of every value of a record; of keys that a loose map has beside its own. */
  readonly valueType?: Schema;
  readonly catchall?: Schema;
  readonly options?: readonly Schema[];
  readonly entries?: Record<string, string>;
  readonly values?: readonly unknown[];
  /** `safeint` for integers. */
  readonly format?: string;
  readonly checks?: readonly { readonly _zod: { readonly def: SchemaCheck } }[];
}

export interface SchemaCheck {
  readonly check: string;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly minimum?: number;
}

export interface Schema {
  readonly _zod: { readonly def: SchemaDefinition };
  safeParse(value: unknown): { readonly success: boolean };
}

/** Without defaults, optionality and transformations: what a value must look like as written. */
export function unwrap(schema: Schema | undefined): Schema | undefined {
  let current = schema;
  for (let inner = current; inner !== undefined; inner = inner._zod.def.innerType ?? inner._zod.def.in) current = inner;
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

/** The schemas that apply at a path of a value, each perhaps a union. */
export function schemasAt(root: unknown, value: unknown, path: readonly PropertyKey[]): Schema[] {
  let current = [root as Schema];
  let data = value;
  for (const step of path) {
    current = current.flatMap((schema) => {
      const plain = unwrap(schema);
      if (plain === undefined) return [];
      return branches(plain, data).flatMap((branch) => {
        const { shape, element, valueType } = unwrap(branch)!._zod.def;
        const next = typeof step === 'number' ? element : (shape?.[String(step)] ?? valueType);
        return next === undefined ? [] : [next];
      });
    });
    data = typeof data === 'object' && data !== null ? (data as Record<PropertyKey, unknown>)[step] : undefined;
  }
  return current.map((schema) => unwrap(schema)!);
}

/** The schemas at a path, those of a union one by one. */
function branchesAt(root: unknown, value: unknown, path: readonly PropertyKey[]): Schema[] {
  const data = path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );
  return schemasAt(root, value, path).flatMap((schema) => branches(schema, data).map((branch) => unwrap(branch)!));
}

/** Keys an object at this path may have. */
export function knownKeys(schema: unknown, value: unknown, path: readonly PropertyKey[]): string[] {
  return [...new Set(branchesAt(schema, value, path).flatMap((found) => Object.keys(found._zod.def.shape ?? {})))];
}

/** Whether some value of the schema has this dotted path. Below what a schema does not describe, everything is possible. */
export function knowsPath(root: unknown, path: string): boolean {
  return path.split('.').reduce((places, step) => places.flatMap((place) => stepInto(place, step)), [root as Schema]).length > 0;
}

/** The schemas one step below: a key of a map, a place in a list. */
function stepInto(schema: Schema, step: string): readonly Schema[] {
  const plain = unwrap(schema)!;
  const { type, options, shape, element, valueType, catchall } = plain._zod.def;
  if (options !== undefined) return options.flatMap((option) => stepInto(option, step));
  if (type === 'array') return element !== undefined && /^\d+$/.test(step) ? [element] : [];
  if (shape !== undefined && Object.hasOwn(shape, step)) return [shape[step]!];
  if (type === 'record') return valueType === undefined ? [plain] : [valueType];
  const isOpen =
    type === 'unknown' || type === 'any' || type === 'custom' || (catchall !== undefined && catchall._zod.def.type !== 'never');
  return isOpen ? [plain] : [];
}

/** Every dotted path that some value of the schema has, lists left out. */
function pathsOf(schema: Schema, prefix = ''): string[] {
  const { options, shape } = unwrap(schema)!._zod.def;
  const inner = (options ?? []).flatMap((option) => pathsOf(option, prefix));
  const own = Object.entries(shape ?? {}).flatMap(([key, below]) => [`${prefix}${key}`, ...pathsOf(below, `${prefix}${key}.`)]);
  return [...new Set([...inner, ...own])];
}

/** The path that was meant by one that nothing has: each step spelt right, or a last step that needs its owner. */
export function nearestPath(root: unknown, path: string): string | undefined {
  const inside = path.replace(/^experiment\./, '');
  if (inside !== path && knowsPath(root, inside)) return inside;
  const all = pathsOf(root as Schema);
  const steps = inside.split('.');
  let repaired: string | undefined = '';
  for (const step of steps) {
    const prefix: string = repaired === '' ? '' : `${repaired}.`;
    const here = all
      .filter((one) => one.startsWith(prefix) && !one.slice(prefix.length).includes('.'))
      .map((one) => one.slice(prefix.length));
    const key: string | undefined = here.includes(step) ? step : nearest(step, here);
    repaired = key === undefined ? undefined : `${prefix}${key}`;
    if (repaired === undefined) break;
  }
  if (repaired !== undefined) return repaired;
  const word = steps.at(-1)!;
  if (word.length < 2) return undefined;
  const last = nearest(
    word,
    all.map((one) => one.split('.').at(-1)!),
  );
  return last === undefined ? undefined : all.find((one) => one.endsWith(`.${last}`));
}

/** Names among which the value at this path is chosen; none where it is not chosen by name. */
export function choicesAt(root: unknown, path: string): string[] {
  const places = path.split('.').reduce((found, step) => found.flatMap((place) => stepInto(place, step)), [root as Schema]);
  const definitions = places.map((place) => unwrap(place)!._zod.def);
  const isChoice = definitions.every(
    ({ entries, values }) => entries !== undefined || values?.every((value) => typeof value === 'string') === true,
  );
  return isChoice
    ? [...new Set(definitions.flatMap(({ entries, values }) => [...Object.keys(entries ?? {}), ...(values ?? []).map(String)]))]
    : [];
}

/** Literal values that may stand at this path: names of strategies, members of an enumeration. */
export function knownValues(schema: unknown, value: unknown, path: readonly PropertyKey[]): string[] {
  // The parent's branches are not narrowed by a wrong name: look at all of them.
  const withoutName = path.at(-1) === 'name' ? withoutNameAt(value, path.slice(0, -1)) : value;
  return [
    ...new Set(
      branchesAt(schema, withoutName, path).flatMap(({ _zod: { def } }) => [
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

/** The candidate that was meant by a word: what others call it, one of the same beginning, or one spelt nearly so. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const written = word.toLowerCase().slice(0, 64);
  const plain = plainly(written);
  const called = candidates.find((candidate) => plainly(candidate) === plain) ?? meantBy(plain, candidates);
  if (called !== undefined) return called;
  let best: string | undefined;
  let least = (written.length <= 3 ? 1 : Math.max(2, Math.floor(written.length / 3))) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(written, candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  const [begun, ...others] = written.length < 3 ? [] : candidates.filter((candidate) => candidate.toLowerCase().startsWith(written));
  return best ?? (others.length === 0 ? begun : undefined);
}

/** Our names by what else they are called, written plainly. */
const ourNames = new Map<string, string[]>();
for (const [name, others] of Object.entries(otherNames)) {
  for (const other of others) ourNames.set(plainly(other), [...(ourNames.get(plainly(other)) ?? []), name]);
}

function meantBy(plain: string, candidates: readonly string[]): string | undefined {
  return ourNames.get(plain)?.find((name) => candidates.includes(name));
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
