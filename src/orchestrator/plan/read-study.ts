/** Reads a study file: parsing, the study's own schema, and readable errors for everything in it. */
import { z } from 'zod';
import { positiveInt } from '../../shared/config/units.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { discards, outermostFirst, replacedBy, stepsOf, withValueAt } from './paths.ts';
import { type Path, type Problem, parseSource, type SourceText } from './source-text.ts';
import { knownKeys, knownValues, nearest } from './suggestions.ts';
import { parseWhere } from './where.ts';

const MAX_SEED = Number.MAX_SAFE_INTEGER;
const MAX_SEEDS = 100_000;
const MAX_PARAMETERS = 100;

/** `0..4` includes both ends. */
function seedsOf(text: string): number[] | undefined {
  const match = /^\s*(\d{1,16})\s*\.\.\s*(\d{1,16})\s*$/.exec(text);
  if (match === null) return undefined;
  const [from, to] = [Number(match[1]), Number(match[2])];
  return to < from || to > MAX_SEED || to - from >= MAX_SEEDS ? undefined : Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

const seed = z.int().nonnegative().max(MAX_SEED);
const seedsSchema = z.union([
  seed.transform((one) => [one]),
  z
    .array(seed)
    .min(1)
    .max(MAX_SEEDS)
    .refine((seeds) => new Set(seeds).size === seeds.length, 'expected every seed once'),
  z.string().transform((text, context) => {
    const seeds = seedsOf(text);
    if (seeds !== undefined) return seeds;
    context.addIssue({
      code: 'custom',
      message: `expected a range such as 0..4 (both ends included, at most ${MAX_SEEDS} seeds); got '${text}'`,
    });
    return z.NEVER;
  }),
]);

/** The study around an experiment. */
export const studySchema = z.strictObject({
  study: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected 1 to 64 of a-z, 0-9, dot, dash, underscore, beginning with a letter or digit')
    .describe('the name of the study'),
  description: z.string().max(10_000).optional().describe('what is asked, in a sentence or two; shown in the report'),
  experiment: z.record(z.string(), z.unknown()).describe('the base experiment'),
  parameters: z
    .record(
      z.string(),
      z.union([z.array(z.unknown()).min(1), z.strictObject({ values: z.array(z.unknown()).min(1) }).transform(({ values }) => values)]),
    )
    .refine((parameters) => Object.keys(parameters).length <= MAX_PARAMETERS, `expected at most ${MAX_PARAMETERS} parameters`)
    .default({})
    .describe('paths to a value or a whole object, with the values to try; the full product is planned'),
  seeds: seedsSchema.default([0]).describe('repeats: the same seeds in all cells'),
  exclude: z
    .array(
      z
        .record(z.string(), z.unknown())
        .refine((entry) => Object.keys(entry).length > 0, 'expected at least one path; an empty entry would leave out every cell'),
    )
    .default([])
    .describe('cells left out: every path of an entry has the given value'),
  where: z.string().optional().describe('a condition over the experiment; cells for which it is false are left out'),
  infeasible: z.enum(['refuse', 'drop']).default('refuse').describe('what to do with cells that cannot be computed'),
  limits: z
    .strictObject({ runs: positiveInt.max(1_000_000).default(10_000) })
    .prefault({})
    .describe('a study that plans more runs is an error'),
});

export interface StudyFile {
  readonly source: SourceText;
  readonly text: string;
  readonly study: z.output<typeof studySchema>;
  readonly where: ((lookup: (path: string) => unknown) => boolean) | undefined;
  /** Paths of the base experiment that were not written in the file but given beside it. */
  readonly overridden: readonly string[];
}

/** A study's text as a checked study; `overrides` are `--set path=value`, applied to the base experiment. */
export function readStudy(text: string, file: string, overrides: readonly (readonly [string, unknown])[] = []): StudyFile {
  const source = parseSource(text, file);
  const parsed = studySchema.safeParse(source.data);
  if (!parsed.success) throw source.error(problemsFrom(parsed.error.issues, studySchema, source.data, []));
  let study = parsed.data;

  const problems: Problem[] = [];
  const attempt = <Result>(path: Path, action: () => Result, atKey?: string): Result | undefined => {
    try {
      return action();
    } catch (thrown) {
      if (!(thrown instanceof MarinadeError)) throw thrown;
      problems.push({ path, message: thrown.text, ...(atKey === undefined ? {} : { atKey }) });
      return undefined;
    }
  };
  const varied = Object.keys(study.parameters);
  for (const path of varied) {
    attempt(['parameters'], () => stepsOf(path), path);
    const other = varied.find((candidate) => candidate !== path && replacedBy(candidate) === path);
    if (other !== undefined)
      problems.push({ path: ['parameters'], atKey: path, message: `'${path}' and '${other}' replace each other; vary one of them` });
  }
  for (const at of [['parameters'], ['experiment']] as const) {
    if (Object.hasOwn(study[at[0]], 'seed'))
      problems.push({ path: at, atKey: 'seed', message: 'seeds are given under `seeds`, so that all cells share them' });
  }
  study.exclude.forEach((entry, i) => {
    for (const path of Object.keys(entry)) attempt(['exclude', i], () => stepsOf(path), path);
  });
  const where = study.where === undefined ? undefined : attempt(['where'], () => parseWhere(study.where!));
  if (problems.length > 0) throw source.error(problems);

  for (const [path, value] of outermostFirst(overrides)) {
    const owner = varied.find((candidate) => discards(candidate, path));
    if (owner !== undefined || path === 'seed') {
      throw new MarinadeError(
        'MARINADE_CONFIG_USAGE',
        owner === undefined
          ? 'seeds are given under `seeds` of the study, not by --set'
          : `--set ${path} would change nothing: ${file} varies '${owner}' under parameters`,
      );
    }
    study = { ...study, experiment: withValueAt(study.experiment, path, value) as Record<string, unknown> };
  }
  return { source, text, study, where, overridden: overrides.map(([path]) => path) };
}

/** Zod's issues as problems of the source, with suggestions. `prefix` is where the value stands in the file. */
export function problemsFrom(issues: readonly z.core.$ZodIssue[], schema: unknown, value: unknown, prefix: Path): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const path = issue.path.filter((step) => typeof step !== 'symbol');
    const where = path.length === 0 ? '' : `${path.join('.')}: `;
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(schema, value, path);
      return issue.keys.map((key) => {
        const near = nearest(key, known);
        const hint = near !== undefined ? `; did you mean '${near}'?` : known.length > 0 ? `; expected one of ${known.join(', ')}` : '';
        return { path: [...prefix, ...path], atKey: key, message: `${where}unknown key '${key}'${hint}` };
      });
    }
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      // The branch that got furthest says most.
      const best = [...issue.errors].sort((a, b) => deepest(b) - deepest(a))[0]!;
      if (deepest(best) > 0)
        return problemsFrom(
          best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
          schema,
          value,
          prefix,
        );
      const expected = issue.errors.flatMap((branch) =>
        branch.map((inner) => (inner.code === 'invalid_type' ? inner.expected : inner.message)),
      );
      return [
        {
          path: [...prefix, ...path],
          message: `${where}expected ${[...new Set(expected)].join(' or ')}; got ${shown(valueUnder(value, path))}`,
        },
      ];
    }
    if (issue.code === 'invalid_union' || issue.code === 'invalid_value') {
      const at =
        issue.code === 'invalid_union' && issue.discriminator !== undefined && path.at(-1) !== issue.discriminator
          ? [...path, issue.discriminator]
          : path;
      const given = valueUnder(value, at);
      const known = knownValues(schema, value, at);
      const near = typeof given === 'string' ? nearest(given, known) : undefined;
      const hint = near !== undefined ? `; did you mean '${near}'?` : '';
      const list = known.length > 0 ? `expected one of ${known.join(', ')}` : issue.message;
      return [{ path: [...prefix, ...at], message: `${at.join('.')}: ${list}; got ${shown(given)}${hint}` }];
    }
    const given = valueUnder(value, path);
    if (given === undefined)
      return [
        {
          path: [...prefix, ...path],
          message: `${where}missing; ${issue.message.replace(/, received undefined$/, '').replace('Invalid input: ', '')}`,
        },
      ];
    return [{ path: [...prefix, ...path], message: `${where}${issue.message.replace('Invalid input: ', '')}; got ${shown(given)}` }];
  });
}

function deepest(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(({ path, code }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)));
}

function valueUnder(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[step];
  }
  return current;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
