/**
 * A round job's result as bytes: the vectors in the checkpoint's envelope (exact, checksummed), the checkpoint itself
 * as it is. Failures travel as plain data.
 */
import { z } from 'zod';
import { MarinadeError } from '../errors.ts';
import { outcomes } from '../outcome.ts';
import { decodeCheckpoint, encodeCheckpoint } from './codec.ts';
import { numericsVersion, type RoundJobResult } from './round-job.ts';

const natural = z.int().min(0);
const resultMetaSchema = z.strictObject({
  epoch: natural,
  fromRound: z.int().min(-1),
  first: natural,
  count: natural,
  outcome: z.enum(outcomes).nullable(),
  ended: z.boolean(),
  computeMs: z.number().min(0),
  threads: z.int().min(1),
  notes: z.record(z.string(), z.number()),
});

type ResultMeta = z.output<typeof resultMetaSchema>;

const COLUMN = 'column:';

/** Everything of a result but its checkpoint. */
export function encodeResult(result: RoundJobResult): Uint8Array {
  const { runKey, toRound, epoch, fromRound, points, outcome, x, computeMs, threads, notes } = result;
  const sections: [string, Float64Array][] = Object.entries(points.columns).map(([name, values]) => [`${COLUMN}${name}`, values]);
  if (x !== null) sections.push(['x', x]);
  const { first, count } = points;
  const meta: ResultMeta = { epoch, fromRound, first, count, outcome, ended: x !== null, computeMs, threads, notes };
  return encodeCheckpoint({ runKey, round: toRound, numericsVersion, sections, meta });
}

/**
 * @throws MARINADE_STORAGE_CHECKPOINT for damaged bytes, MARINADE_PROTOCOL_VERSION for another version's,
 *   MARINADE_PROTOCOL_MALFORMED for intact ones that describe no result
 */
export function decodeResult(bytes: Uint8Array, checkpoint: Uint8Array, runKey: string): RoundJobResult {
  const { round, sections, numericsVersion: version, meta } = decodeCheckpoint(bytes, { runKey });
  if (version !== numericsVersion) {
    throw new MarinadeError(
      'MARINADE_PROTOCOL_VERSION',
      `a result has numericsVersion ${version}; this version computes ${numericsVersion}`,
    );
  }
  const parsed = resultMetaSchema.safeParse(meta);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new MarinadeError('MARINADE_PROTOCOL_MALFORMED', `a result does not fit its schema: ${message} at '${path.join('.')}'`);
  }
  const { epoch, fromRound, first, count, outcome, ended, computeMs, threads, notes } = parsed.data;
  const columns = Object.fromEntries(
    Object.entries(sections).flatMap(([name, values]) => (name.startsWith(COLUMN) ? [[name.slice(COLUMN.length), values] as const] : [])),
  );
  return {
    runKey,
    epoch,
    fromRound,
    toRound: round,
    checkpoint,
    points: { first, count, columns },
    outcome,
    x: ended ? (sections['x'] ?? null) : null,
    computeMs,
    threads,
    notes,
  };
}
