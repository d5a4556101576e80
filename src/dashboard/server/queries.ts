/** What requests may ask, as schemas: every query and body is parsed by one of these, and the API's document is made from them. */
import { z } from 'zod';
import type { RunSelection } from '../../shared/contracts/dashboard.ts';

const word = z.string().min(1).max(200);
export const key = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/);

/** A list in a query: words joined by commas. */
const words = (most: number) =>
  z
    .string()
    .max(20_000)
    .transform((text) => (text === '' ? [] : text.split(',')))
    .pipe(z.array(word).max(most));

const selection = z.strictObject({
  where: z.record(word, z.array(word).max(1000)).optional(),
  outcomes: z.array(word).max(20).optional(),
  seeds: z.array(z.int()).max(10_000).optional(),
  runs: z.array(key).max(20_000).optional(),
});

/** A selection of runs as JSON text in a query. */
const selectionText = z
  .string()
  .max(2_000_000)
  .transform((text, context): RunSelection => {
    try {
      const parsed = selection.safeParse(text === '' ? {} : JSON.parse(text));
      if (parsed.success) return parsed.data;
      context.addIssue({ code: 'custom', message: parsed.error.issues[0]!.message });
    } catch {
      context.addIssue({ code: 'custom', message: 'expected a selection of runs as JSON' });
    }
    return z.NEVER;
  });

const round = z.coerce.number().min(0).max(1e15);
const buckets = z.coerce.number().int().min(2).max(4000);

export const tableQuery = z.strictObject({
  metrics: words(30).default([]),
  after: z.coerce.number().int().min(0).optional(),
});

export const bandsQuery = z.strictObject({
  metric: word,
  axis: word.default('rounds'),
  group: words(8).default([]),
  selection: selectionText.default({}),
  buckets: buckets.default(300),
});

export const seriesQuery = z.strictObject({
  runs: words(200),
  metric: word,
  buckets: buckets.default(800),
  from: round.optional(),
  to: round.optional(),
});

export const comparisonQuery = z.strictObject({ metric: word, reference: selectionText, other: selectionText });

export const parquetQuery = z.strictObject({ selection: selectionText.default({}) });

export const journalQuery = z.strictObject({ run: key.optional(), limit: z.coerce.number().int().min(1).max(1000).default(100) });

export const streamQuery = z.strictObject({ after: z.coerce.number().int().min(0).optional() });

export const planBody = z.strictObject({ text: z.string().max(1_048_576) });

const priority = z.int().min(-1000).max(1000);

export const submission = z.strictObject({ text: z.string().max(1_048_576), priority: priority.optional() });

export const changeBody = z.strictObject({ paused: z.boolean().optional(), priority: priority.optional() });

export const change = changeBody.transform(({ paused, priority: wanted }) => ({
  ...(paused === undefined ? {} : { paused }),
  ...(wanted === undefined ? {} : { priority: wanted }),
}));

export const sessionBody = z.strictObject({ token: z.string().max(1000) });

export const eventQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
});

export const nothing = z.strictObject({}).nullish();
