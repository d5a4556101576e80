/** What a round leaves behind for metrics and reports; reset at the start of each round. */
export interface RoundFacets {
  refresh: boolean;
  cohortSize: number;
  cohortByzantine: number;
  /** Infinity without clipping, NaN in a refresh round. */
  clippingLevel: number;
  clippedHonest: number;
  clippedClients: number[];
  honestMessages: number;
  shrinkageSum: number;
  injectedError: number;
  injectedRatio: number;
}

export function freshFacets(): RoundFacets {
  const facets = { clippedClients: [] } as unknown as RoundFacets;
  resetFacets(facets);
  return facets;
}

/** In place: a warm round allocates nothing. */
export function resetFacets(facets: RoundFacets): void {
  facets.refresh = false;
  facets.cohortSize = 0;
  facets.cohortByzantine = 0;
  facets.clippingLevel = Number.POSITIVE_INFINITY;
  facets.clippedHonest = 0;
  facets.clippedClients.length = 0;
  facets.honestMessages = 0;
  facets.shrinkageSum = 0;
  facets.injectedError = Number.NaN;
  facets.injectedRatio = Number.NaN;
}
