/** The arguments of the library: checked once, with errors that name the argument; vectors become copies of doubles. */
import { z } from 'zod';
import { catalog as builtIn, type Catalog } from './algorithm/catalog.ts';
import { problemsFrom } from './orchestrator/plan/schema-problems.ts';
import { PLACED } from './orchestrator/plan/source-text.ts';
import { count, nonNegative } from './shared/config/units.ts';
import { MarinadeError } from './shared/errors.ts';
import { type Messages, messagesFrom, type Vector } from './shared/vector.ts';

/** A strategy as a study names it: its name beside its parameters, defaults left out at will. */
export interface StrategyArgument {
  readonly name: string;
  readonly [parameter: string]: unknown;
}

/** Any list of numbers. */
export type VectorArgument = ArrayLike<number>;

function isVector(value: unknown): value is VectorArgument {
  return (
    (ArrayBuffer.isView(value) &&
      !(value instanceof DataView) &&
      !(value instanceof BigInt64Array) &&
      !(value instanceof BigUint64Array)) ||
    (Array.isArray(value) && value.every((entry) => typeof entry === 'number'))
  );
}

/** Schemas of what several functions take. */
export const argument = {
  vector: z.custom<VectorArgument>(isVector, 'expected a vector of numbers'),
  messages: z.custom<readonly VectorArgument[]>((value) => Array.isArray(value) && value.every(isVector), 'expected an array of vectors'),
  level: z.union([nonNegative, z.literal(Number.POSITIVE_INFINITY)]),
  seed: count.default(0),
  catalog: z.unknown().optional(),
};

/** The arguments of a call with defaults, or MARINADE_CONFIG_INVALID naming every problem. */
export function checked<Schema extends z.ZodType>(call: string, schema: Schema, raw: unknown): z.output<Schema> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = problemsFrom(parsed.error.issues, schema, raw, []);
  throw new MarinadeError(
    'MARINADE_CONFIG_INVALID',
    `${call}: ${problems
      .slice(0, PLACED)
      .map(({ message }) => message)
      .join('; ')}`,
  );
}

/** The catalog among raw arguments: the schemas of the others depend on it. */
export function catalogOf(raw: unknown): Catalog {
  const given = (raw as { catalog?: Catalog } | null | undefined)?.catalog;
  return given ?? builtIn;
}

/** A copy of length d. */
export function vectorOf(call: string, name: string, given: VectorArgument, d: number): Vector {
  if (given.length !== d) {
    throw new MarinadeError('MARINADE_SHAPE_DIMENSION', `${call}: ${name} must have d = ${d} numbers; got ${given.length}`);
  }
  return Float64Array.from(given);
}

/** Copies of at least one message of one length. */
export function messagesOf(call: string, name: string, given: readonly VectorArgument[]): Messages {
  const d = given[0]?.length ?? 0;
  if (d === 0) throw new MarinadeError('MARINADE_SHAPE_DIMENSION', `${call}: ${name} must hold at least one vector of at least one number`);
  given.forEach((row, i) => {
    if (row.length !== d) {
      throw new MarinadeError(
        'MARINADE_SHAPE_DIMENSION',
        `${call}: ${name}[${i}] must have ${d} numbers, as ${name}[0] has; got ${row.length}`,
      );
    }
  });
  return messagesFrom(given);
}
