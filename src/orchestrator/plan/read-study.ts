/** Reads a study file: parsing, the study's own schema, and readable errors for everything in it. */
import { z } from 'zod';
import { positiveInt } from '../../shared/config/units.ts';
import { MarinadeError } from '../../shared/errors.ts';
import { discards, outermostFirst, replacedBy, stepsOf, withValueAt } from './paths.ts';
import { problemsFrom } from './schema-problems.ts';
import { type Path, type Problem, parseSource, type SourceText } from './source-text.ts';
import { type Condition, parseWhere, whereFailure } from './where.ts';

const MAX_SEED = Number.MAX_SAFE_INTEGER;
const MAX_SEEDS = 100_000;
const MAX_PARAMETERS = 100;

const RANGE = /^\s*(\d{1,16})\s*\.\.\s*(\d{1,16})\s*$/;

const seed = z.int().nonnegative().max(MAX_SEED);
const seedsSchema = z.union(
  [
    seed.transform((one) => [one]),
    z
      .array(seed)
      .min(1, 'expected at least one seed')
      .max(MAX_SEEDS, `expected at most ${MAX_SEEDS} seeds`)
      .refine((seeds) => new Set(seeds).size === seeds.length, 'expected every seed once'),
    z
      .string()
      .regex(RANGE)
      .transform((text, context) => {
        const [, from, to] = RANGE.exec(text)!.map(Number) as [number, number, number];
        if (to >= from && to <= MAX_SEED && to - from < MAX_SEEDS) return Array.from({ length: to - from + 1 }, (_, i) => from + i);
        context.addIssue({
          code: 'custom',
          message: `expected a range that ends where it begins or later, with at most ${MAX_SEEDS} seeds`,
        });
        return z.NEVER;
      }),
  ],
  { error: 'expected a range such as 0..4 (both ends included), a list such as [0, 1, 2], or one seed' },
);

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
    .describe('paths to a value or a whole object, each with the list of values to try, or { values: list }; the full product is planned'),
  seeds: seedsSchema
    .default([0])
    .describe(
      'repeats, the same in all cells: a range 0..4 (both ends included), a list [0, 1, 2], or one seed (5 is the one seed 5, not five); without it, seed 0',
    ),
  exclude: z
    .array(
      z
        .record(z.string(), z.unknown())
        .refine((entry) => Object.keys(entry).length > 0, 'expected at least one path; an empty entry would leave out every cell'),
    )
    .default([])
    .describe('cells left out: every path of an entry has the given value, or an object with at least the given keys'),
  where: z
    .string()
    .optional()
    .describe('a condition over the experiment, such as clients.byzantine < clients.total / 2; cells for which it is false are left out'),
  infeasible: z.enum(['refuse', 'drop']).default('refuse').describe('what to do with cells that cannot be computed'),
  limits: z
    .strictObject({ runs: positiveInt.max(1_000_000).default(10_000).describe('a study that plans more is an error') })
    .prefault({})
    .describe('what a study may plan'),
});

export interface StudyFile {
  readonly source: SourceText;
  readonly text: string;
  readonly study: z.output<typeof studySchema>;
  readonly where: Condition | undefined;
  /** Paths of the base experiment that were not written in the file but given beside it. */
  readonly overridden: readonly string[];
}

/** A study's text as a checked study; `overrides` are `--set path=value`, applied to the base experiment. */
export function readStudy(text: string, file: string, overrides: readonly (readonly [string, unknown])[] = []): StudyFile {
  const source = parseSource(text, file);
  if (source.data === null) throw source.error([{ path: [], message: 'this study is empty; `marinade init` writes one to begin with' }]);
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
  let where: Condition | undefined;
  try {
    where = study.where === undefined ? undefined : parseWhere(study.where);
  } catch (thrown) {
    problems.push(whereFailure(thrown, study.where!, text));
  }
  if (problems.length > 0) throw source.error(problems);

  for (const [path, value] of outermostFirst(overrides)) {
    const owner = varied.find((candidate) => discards(candidate, path));
    if (owner !== undefined || path === 'seed' || Object.hasOwn(studySchema.shape, path)) {
      throw new MarinadeError(
        'MARINADE_CONFIG_USAGE',
        owner === undefined
          ? `--set changes values of the experiment; ${path === 'seed' ? '`seeds` belongs' : `\`${path}\` belongs`} to the study around it: write it in ${file}`
          : `--set ${path} would change nothing: ${file} varies '${owner}' under parameters`,
      );
    }
    study = { ...study, experiment: withValueAt(study.experiment, path, value) as Record<string, unknown> };
  }
  return { source, text, study, where, overridden: overrides.map(([path]) => path) };
}
