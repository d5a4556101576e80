/**
 * A round job's result as bytes: the vectors in the checkpoint's envelope (exact, checksummed), the checkpoint itself
 * as it is. Failures travel as plain data.
 */
import { MarinadeError } from '../errors.ts';
import { type Outcome, outcomes } from '../outcome.ts';
import { decodeCheckpoint, encodeCheckpoint } from './codec.ts';
import { numericsVersion, type RoundJobResult } from './round-job.ts';

interface ResultMeta {
  readonly epoch: number;
  readonly fromRound: number;
  readonly first: number;
  readonly count: number;
  readonly outcome: Outcome | null;
  readonly ended: boolean;
  readonly computeMs: number;
  readonly notes: Readonly<Record<string, number>>;
}

const COLUMN = 'column:';

/** Everything of a result but its checkpoint. */
export function encodeResult(result: RoundJobResult): Uint8Array {
  const { runKey, toRound, epoch, fromRound, points, outcome, x, computeMs, notes } = result;
  const sections: [string, Float64Array][] = Object.entries(points.columns).map(([name, values]) => [`${COLUMN}${name}`, values]);
  if (x !== null) sections.push(['x', x]);
  const meta: ResultMeta = { epoch, fromRound, first: points.first, count: points.count, outcome, ended: x !== null, computeMs, notes };
  return encodeCheckpoint({ runKey, round: toRound, numericsVersion, sections, meta });
}

/** @throws MARINADE_STORAGE_CHECKPOINT for damaged bytes, MARINADE_PROTOCOL_VERSION for another version's */
export function decodeResult(bytes: Uint8Array, checkpoint: Uint8Array, runKey: string): RoundJobResult {
  const { round, sections, numericsVersion: version, meta } = decodeCheckpoint(bytes, { runKey });
  if (version !== numericsVersion) {
    throw new MarinadeError(
      'MARINADE_PROTOCOL_VERSION',
      `a result has numericsVersion ${version}; this version computes ${numericsVersion}`,
    );
  }
  const { epoch, fromRound, first, count, outcome, ended, computeMs, notes } = meta as ResultMeta;
  if (outcome !== null && !outcomes.includes(outcome)) {
    throw new MarinadeError('MARINADE_PROTOCOL_MALFORMED', `a result has the unknown outcome '${outcome}'`);
  }
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
    notes,
  };
}
