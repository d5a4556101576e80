/** A failed task as plain data that can be sent. */
import { errorCodes, type PlainFailure, toPlain } from '../shared/errors.ts';

/**
 * What a task threw. It computes and nothing else: an error that speaks of the ledger, of a stop or of a death (a full
 * disk that a user's strategy met, say) is that of what it computed, and concerns nobody else.
 */
export function taskFailure(thrown: unknown): PlainFailure {
  const failure = toPlain(thrown);
  const { family } = errorCodes[failure.code];
  const isForeign =
    family === 'access' || family === 'execution' || (family === 'storage' && failure.code !== 'MARINADE_STORAGE_CHECKPOINT');
  const own: PlainFailure = isForeign ? { ...failure, code: 'MARINADE_EXECUTION_FAILED' } : failure;
  try {
    // An answer the other side cannot read would be lost, and the task never end.
    return structuredClone(own);
  } catch {
    return { ...own, details: {} };
  }
}
