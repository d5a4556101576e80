/** What a schema expects, in words, and what a wrong value was probably meant to be. */
import { nearest, type Schema, unwrap } from './suggestions.ts';

/** Characters of a value that an error shows. */
const SHOWN = 60;

/** What may stand where a schema stands: "an integer > 0", "one of enforce, waive"; undefined where the schema does not tell. */
export function expectation(schema: Schema): string | undefined {
  const plain = unwrap(schema)!;
  const { type, options, entries, values, shape, element } = plain._zod.def;
  if (options !== undefined) {
    const names = namesOf(plain);
    if (names.length > 0) return `{ name: ... } with one of ${names.join(', ')}`;
    const words = options.map(expectation);
    return words.includes(undefined) ? undefined : [...new Set(words)].join(' or ');
  }
  if (values !== undefined) return values.map((value) => flow(value)).join(' or ');
  if (entries !== undefined) return `one of ${Object.keys(entries).join(', ')}`;
  if (type === 'number') return numberWords(plain);
  if (type === 'string') return 'text';
  if (type === 'boolean') return 'true or false';
  if (type === 'record') return 'a map';
  if (shape !== undefined) return `{ ${Object.keys(shape).join(', ')} }`;
  if (type !== 'array') return undefined;
  const least = checksOf(plain).some(({ check }) => check === 'min_length') ? ' that is not empty' : '';
  return `a list${elementWords(element)}${least}`;
}

function checksOf(schema: Schema): { readonly check: string; readonly value?: number; readonly inclusive?: boolean }[] {
  return (schema._zod.def.checks ?? []).map(({ _zod }) => _zod.def);
}

function numberWords(schema: Schema): string {
  const checks = checksOf(schema);
  const low = checks.filter(({ check }) => check === 'greater_than').at(-1);
  const high = checks.filter(({ check, value }) => check === 'less_than' && value !== Number.MAX_SAFE_INTEGER).at(-1);
  const bounds = [
    ...(low === undefined ? [] : [`${low.inclusive === true ? '>=' : '>'} ${low.value}`]),
    ...(high === undefined ? [] : [`${high.inclusive === true ? '<=' : '<'} ${high.value}`]),
  ];
  return `${schema._zod.def.format === 'safeint' ? 'an integer' : 'a number'} ${bounds.join(' and ')}`.trim();
}

function elementWords(element: Schema | undefined): string {
  const { type, entries, options, shape, format } = unwrap(element)?._zod.def ?? { type: 'unknown' };
  if (type === 'number') return format === 'safeint' ? ' of integers' : ' of numbers';
  if (entries !== undefined) return ' of names';
  return type === 'string' ? ' of texts' : options !== undefined || shape !== undefined || type === 'record' ? ' of maps' : '';
}

/** The names a schema's maps are told apart by. */
function namesOf(schema: Schema): string[] {
  return (schema._zod.def.options ?? [schema]).flatMap((option) => {
    const name = unwrap(unwrap(option)?._zod.def.shape?.['name'])?._zod.def;
    return name?.values?.map(String) ?? [];
  });
}

/** The map of a union that has this name. */
function named(schema: Schema, name: string): Schema | undefined {
  return (schema._zod.def.options ?? [schema]).find((option) => namesOf(unwrap(option)!).includes(name));
}

/** Keys that a map must have, without those that have a default. */
function requiredKeys(schema: Schema): string[] {
  return Object.entries(unwrap(schema)?._zod.def.shape ?? {}).flatMap(([key, inner]) => (inner.safeParse(undefined).success ? [] : [key]));
}

/** What was probably meant by a value that does not fit, as it is written in a study: `{ name: sgd }` for `sgd`. */
export function meant(schema: Schema, value: unknown): string | undefined {
  const plain = unwrap(schema)!;
  const { type, options, element } = plain._zod.def;
  if (type === 'array') {
    if (Array.isArray(value)) return undefined;
    if (plain.safeParse([value]).success) return `[${flow(value)}]`;
    const one = element === undefined ? undefined : meant(element, value);
    return one === undefined ? undefined : `[${one}]`;
  }
  if (type === 'number' && typeof value === 'string' && value.trim() !== '' && plain.safeParse(Number(value)).success)
    return String(Number(value));
  for (const option of options ?? []) {
    if (unwrap(option)!._zod.def.type !== 'array') continue;
    const list = meant(option, value);
    if (list !== undefined) return list;
  }
  for (const option of options ?? [plain]) {
    const key = Object.keys(unwrap(option)?._zod.def.shape ?? {}).find((candidate) => option.safeParse({ [candidate]: value }).success);
    if (key !== undefined) return `{ ${key}: ${flow(value)} }`;
  }
  return typeof value === 'string' ? meantName(plain, value) : undefined;
}

/** `sgd` where a map with that name stands. */
function meantName(schema: Schema, value: string): string | undefined {
  const name = nearest(value, namesOf(schema));
  const option = name === undefined ? undefined : named(schema, name);
  if (name === undefined || option === undefined) return undefined;
  const others = requiredKeys(option).filter((key) => key !== 'name');
  return `{ name: ${name} }${others.length === 0 ? '' : ` with its ${others.join(' and ')}`}`;
}

/** A value on one line of YAML. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return shortened(`[${value.map(flow).join(', ')}]`);
  if (typeof value === 'object' && value !== null) {
    return shortened(
      `{ ${Object.entries(value)
        .map(([key, inner]) => `${key}: ${flow(inner)}`)
        .join(', ')} }`,
    );
  }
  return typeof value === 'string' && /^[A-Za-z][\w./-]*$/.test(value) ? value : shown(value);
}

/** A value as an error shows it: texts in quotes. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'nothing (null)';
  return typeof value === 'number' ? String(value) : shortened(JSON.stringify(value) ?? String(value));
}

function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN - 3)}...` : text;
}
