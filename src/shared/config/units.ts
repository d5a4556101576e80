/** The vocabulary of schemas: numbers with their range, so that a schema says what a value may be. */
import { z } from 'zod';

export const positive = z.number().positive();
export const nonNegative = z.number().nonnegative();
export const probability = z.number().min(0).max(1);
export const positiveProbability = z.number().gt(0).max(1);
export const count = z.int().nonnegative().max(Number.MAX_SAFE_INTEGER);
export const positiveInt = z.int().positive().max(Number.MAX_SAFE_INTEGER);

/** `k` kept coordinates or a `fraction` of d: exactly one of them. */
export const keptCoordinates = {
  k: positiveInt.optional().describe('K: coordinates kept'),
  fraction: z.number().gt(0).max(1).optional().describe('K / d: share of coordinates kept, rounded up to at least one'),
};

/** K for dimension d from `{ k }` or `{ fraction }`. */
export function keptCount({ k, fraction }: { k?: number | undefined; fraction?: number | undefined }, d: number): number {
  // 0.07 * 100 is 7.000000000000001 in doubles and means 7.
  return Math.min(d, k ?? Math.max(1, Math.ceil((fraction ?? 1) * d * (1 - 2 * Number.EPSILON))));
}
