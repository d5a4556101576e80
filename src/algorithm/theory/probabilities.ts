/**
 * Probabilities of who is in a uniform cohort: hypergeometric, exact up to rounding.
 *
 *   P{ b byzantine among C of n, B of them byzantine } = C(B, b) C(n-B, C-b) / C(n, C)
 *
 * @source Malinovsky, Richtarik, Horvath, Gorbunov. NeurIPS 2024, arXiv 2311.14127, section 4, with the denominators
 *         C(n, C) and C(n-1, C-1) that a brute-force count confirms
 */

/** Probability of exactly `marked` marked clients in a uniform sample of `size` out of `total` with `allMarked` marked. */
export function hypergeometric(total: number, allMarked: number, size: number, marked: number): number {
  if (marked < 0 || marked > allMarked || size - marked > total - allMarked || marked > size) return 0;
  // Draw one by one: C(size, marked) orders, each a product of conditional probabilities; factors are interleaved so
  // that the product stays near one.
  let probability = 1;
  let orders = 0;
  for (let i = 0; i < size; i++) {
    const isMarked = i < marked;
    probability *= (isMarked ? allMarked - i : total - allMarked - (i - marked)) / (total - i);
    while (orders < marked && (probability < 1 || i === size - 1)) {
      probability *= (size - orders) / (orders + 1);
      orders++;
    }
  }
  return probability;
}

/** Probability that between `least` and `most` of the sample are marked. */
function between(total: number, allMarked: number, size: number, least: number, most: number): number {
  let sum = 0;
  for (let marked = least; marked <= Math.min(most, size, allMarked); marked++) sum += hypergeometric(total, allMarked, size, marked);
  return Math.min(1, sum);
}

export interface CohortProbabilities {
  /** Strict byzantine majority: 2 b > C. */
  readonly majority: number;
  /** 2 b = C. */
  readonly tie: number;
  /** No byzantine client: p_clean. */
  readonly clean: number;
  /** At most a share delta of byzantine clients: p_G. */
  readonly good: number;
  /** P{ client i in cohort | the cohort is good } for an honest i: P_C. */
  readonly memberGivenGood: number;
}

/** `tolerated` is floor(delta C): the most byzantine clients a good cohort holds. */
export function cohortProbabilities(total: number, byzantine: number, cohort: number, tolerated: number): CohortProbabilities {
  const good = between(total, byzantine, cohort, 0, tolerated);
  const honest = total - byzantine;
  // Given i is in: the other cohort - 1 come from total - 1 clients with the same byzantine ones.
  const jointly = (cohort / total) * between(total - 1, byzantine, cohort - 1, 0, tolerated);
  return {
    majority: between(total, byzantine, cohort, Math.floor(cohort / 2) + 1, cohort),
    tie: cohort % 2 === 0 ? hypergeometric(total, byzantine, cohort, cohort / 2) : 0,
    clean: hypergeometric(total, byzantine, cohort, 0),
    good,
    memberGivenGood: honest > 0 && good > 0 ? jointly / good : 0,
  };
}
