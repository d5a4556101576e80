/** Checks of choices that a caller puts in the place of a run's own draws: a wrong one must not become a wrong number. */
import { MarinadeError } from '../../shared/errors.ts';

function refuse(what: string, expected: string, given: ArrayLike<number>): never {
  const shown = Array.from({ length: Math.min(given.length, 20) }, (_, i) => given[i]).join(', ');
  throw new MarinadeError(
    'MARINADE_SHAPE_DIMENSION',
    `${what} must be ${expected}; got [${shown}${given.length > 20 ? ', ...' : ''}] (${given.length})`,
  );
}

/** Integers in [0, below), each at most once, `count` of them where that is fixed. */
export function requireDistinct(given: ArrayLike<number>, below: number, what: string, count = given.length): void {
  if (given.length !== count) refuse(what, `${count} distinct integers below ${below}`, given);
  const seen = new Set<number>();
  for (let i = 0; i < given.length; i++) {
    const value = given[i]!;
    if (!Number.isInteger(value) || value < 0 || value >= below || seen.has(value)) refuse(what, `distinct integers below ${below}`, given);
    seen.add(value);
  }
}

export function requirePermutation(given: ArrayLike<number>, n: number, what: string): void {
  if (given.length !== n) refuse(what, `a permutation of 0..${n - 1}`, given);
  requireDistinct(given, n, what);
}

/** b integers in [0, below), repeats allowed. */
export function requireBatch(given: ArrayLike<number>, b: number, below: number, what: string): void {
  if (given.length !== b) refuse(what, `${b} row indices`, given);
  for (let i = 0; i < b; i++) {
    if (!Number.isInteger(given[i]) || given[i]! < 0 || given[i]! >= below) refuse(what, `row indices below ${below}`, given);
  }
}
