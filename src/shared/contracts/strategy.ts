/**
 * The one registration mechanism: a strategy is a definition in a file of its own, a registry is an explicit list.
 *
 * Importing a strategy changes nothing; a duplicate name is an error when the registry is built; the schema of a
 * registry is derived from its members, so adding a file and one line updates validation, help and conformance tests.
 */
import { z } from 'zod';
import { MarinadeError } from '../errors.ts';

/** Where a definition comes from. */
export interface Source {
  /** Authors, venue, year, identifier. */
  readonly cite: string;
  /** The place in it: "Algorithm 1", "Definition 2". */
  readonly where?: string;
}

/** What every strategy definition has, whatever its kind. */
export interface Definition<Instance = unknown, Environment = unknown> {
  readonly name: string;
  readonly source: Source;
  /** One sentence; the head of its reference page. */
  readonly summary: string;
  readonly schema: z.ZodObject;
  /** Parameters must have passed `schema`. */
  create(parameters: never, environment: Environment): Instance;
}

export interface Registry<D extends Definition> {
  readonly kind: string;
  readonly names: readonly string[];
  readonly definitions: readonly D[];
  has(name: string): boolean;
  /** Throws MARINADE_CONFIG_UNKNOWN_STRATEGY. */
  get(name: string): D;
  /** `{ name, ...parameters }`, discriminated by name, unknown keys refused. */
  readonly schema: z.ZodType<StrategyChoice>;
  /** The same registry with a user's definitions, or further common keys, added. */
  extend(definitions: readonly D[], common?: z.ZodRawShape): Registry<D>;
}

/** A validated choice of strategy: its name beside its parameters. */
export type StrategyChoice = { readonly name: string } & Readonly<Record<string, unknown>>;

/**
 * Builds a registry from an explicit list.
 *
 * @param common keys that every member of the kind accepts besides its own parameters
 * @throws MARINADE_CONFIG_DUPLICATE_STRATEGY
 */
export function createRegistry<D extends Definition>(kind: string, definitions: readonly D[], common: z.ZodRawShape = {}): Registry<D> {
  const byName = new Map<string, D>();
  for (const definition of definitions) {
    if (byName.has(definition.name)) {
      throw new MarinadeError('MARINADE_CONFIG_DUPLICATE_STRATEGY', `two ${kind}s are called '${definition.name}'; rename one`, {
        kind,
        name: definition.name,
      });
    }
    byName.set(definition.name, definition);
  }
  const options = definitions.map((definition) =>
    z.strictObject({ name: z.literal(definition.name), ...definition.schema.shape, ...common }),
  );
  return {
    kind,
    names: [...byName.keys()],
    definitions,
    has: (name) => byName.has(name),
    get(name) {
      const found = byName.get(name);
      if (!found) {
        throw new MarinadeError(
          'MARINADE_CONFIG_UNKNOWN_STRATEGY',
          `unknown ${kind} '${name}'; expected one of ${[...byName.keys()].join(', ')}`,
          { kind, name },
        );
      }
      return found;
    },
    schema: z.discriminatedUnion('name', options as never) as unknown as z.ZodType<StrategyChoice>,
    extend: (more, moreCommon = {}) => createRegistry(kind, [...definitions, ...more], { ...common, ...moreCommon }),
  };
}

/** The parameters in a validated choice, without the keys that all of a kind have. */
export function parametersOf<D extends Pick<Definition, 'schema'>>({ schema }: D, choice: StrategyChoice): never {
  return schema.parse(Object.fromEntries(Object.entries(choice).filter(([key]) => key in schema.shape))) as never;
}

/** Creates the instance a validated choice names. */
export function instantiate<Instance, Environment>(
  registry: Registry<Definition<Instance, Environment>>,
  choice: StrategyChoice,
  environment: Environment,
): Instance {
  const definition = registry.get(choice.name);
  return definition.create(parametersOf(definition, choice), environment);
}
