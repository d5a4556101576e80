/**
 * Cohorts of a study against the theory: how often byzantine clients were a majority, and how often they should be.
 *
 * All cells share their seeds and the cohort's stream is keyed by seed and round, so cells with the same clients and
 * participation have the same cohorts and are one group: one line per seed, not one per run.
 */
import { toleratedByzantine } from '../../algorithm/engine/tolerated-byzantine.ts';
import type { Experiment } from '../../algorithm/experiment.ts';
import { type CohortProbabilities, cohortProbabilities } from '../../algorithm/theory/probabilities.ts';
import type { RunCurves, StudyRun } from '../../shared/contracts/ledger.ts';

export const MAJORITY = 'byzantine-majority';

export interface CohortGroup {
  readonly label: string;
  /** Expected share of majority rounds, refresh rounds and their larger cohorts included. */
  readonly expected: number | undefined;
  /** Of the small cohort, and what the rule is told of it. */
  readonly probabilities: CohortProbabilities | undefined;
  readonly tolerated: number | undefined;
  /** Rounds and majority rounds over all seeds. */
  readonly rounds: number;
  readonly majorities: number;
  /** Thinned curves, one per seed. */
  readonly runs: readonly { readonly seed: number; readonly rounds: readonly number[]; readonly shares: readonly number[] }[];
}

/** Curves kept per group, and points per curve. */
const MAX_CURVES = 20;
const MAX_POINTS = 160;

interface Sizes {
  readonly small: number;
  readonly large: number;
}

/** Cohort sizes where participation fixes them. */
function sizesOf({ participation, clients: { total } }: Experiment): Sizes | undefined {
  if (participation.name === 'full') return { small: total, large: total };
  if (participation.name !== 'uniform') return undefined;
  return { small: Number(participation['cohort']), large: Number(participation['largeCohort'] ?? total) };
}

/** Share of rounds that refresh; 0 for methods without refresh rounds. */
function refreshShare({ method }: Experiment): number {
  const refresh = method['refresh'] as { readonly probability?: number; readonly every?: number } | undefined;
  return refresh === undefined ? 0 : (refresh.probability ?? 1 / refresh.every!);
}

/** Probability that byzantine clients are a strict majority in a round of an experiment; undefined for random cohort sizes. */
export function expectedMajorities(experiment: Experiment): number | undefined {
  const sizes = sizesOf(experiment);
  if (sizes === undefined) return undefined;
  const { total, byzantine } = experiment.clients;
  const [small, large] = [sizes.small, sizes.large].map((size) => cohortProbabilities(total, byzantine, size, 0).majority);
  const p = refreshShare(experiment);
  return (1 - p) * small! + p * large!;
}

function groupLabel({ participation, clients: { total, byzantine } }: Experiment, sizes: Sizes | undefined): string {
  return `${sizes === undefined ? participation.name : sizes.small} of ${total} clients, ${byzantine} byzantine`;
}

/** Groups of runs with the same cohorts; curves are read for one run per seed and group. */
export async function cohortsOf(
  runs: readonly StudyRun[],
  read: (runKey: string, metrics: readonly string[]) => Promise<RunCurves>,
): Promise<CohortGroup[]> {
  const groups = new Map<string, { experiment: Experiment; bySeed: Map<number, StudyRun> }>();
  for (const run of runs) {
    if (!run.metrics.includes(MAJORITY) || run.summaries[MAJORITY] === undefined) continue;
    const experiment = JSON.parse(run.experiment) as Experiment;
    const { total, byzantine, assumedByzantine, byzantineIdentity } = experiment.clients;
    const sameCohorts = [experiment.participation, total, byzantine, byzantineIdentity, experiment.method['refresh'] ?? null];
    const key = JSON.stringify([...sameCohorts, assumedByzantine ?? byzantine]);
    const group = groups.get(key) ?? { experiment, bySeed: new Map<number, StudyRun>() };
    groups.set(key, group);
    // The longest run of a seed has the most rounds to show.
    if ((group.bySeed.get(run.seed)?.committedRound ?? -1) < run.committedRound) group.bySeed.set(run.seed, run);
  }
  const found: CohortGroup[] = [];
  for (const { experiment, bySeed } of groups.values()) {
    const sizes = sizesOf(experiment);
    const { total, byzantine } = experiment.clients;
    const tolerated = sizes && toleratedByzantine(experiment, sizes.small);
    const curves: CohortGroup['runs'][number][] = [];
    let [rounds, majorities] = [0, 0];
    for (const run of bySeed.values()) {
      rounds += Math.max(0, run.committedRound);
      majorities += run.summaries[MAJORITY]!.last;
      if (curves.length < MAX_CURVES) curves.push({ seed: run.seed, ...thinned(await read(run.runKey, [MAJORITY])) });
    }
    if (rounds === 0) continue;
    found.push({
      label: groupLabel(experiment, sizes),
      expected: expectedMajorities(experiment),
      probabilities: sizes && cohortProbabilities(total, byzantine, sizes.small, tolerated!),
      tolerated,
      rounds,
      majorities,
      runs: curves,
    });
  }
  return found;
}

function thinned({ rounds, columns }: RunCurves): { readonly rounds: readonly number[]; readonly shares: readonly number[] } {
  const counts = columns[MAJORITY]!;
  const stride = Math.max(1, Math.ceil(rounds.length / MAX_POINTS));
  const kept = Array.from(rounds.keys()).filter((i) => rounds[i]! > 0 && (i % stride === 0 || i === rounds.length - 1));
  return { rounds: kept.map((i) => rounds[i]!), shares: kept.map((i) => counts[i]! / rounds[i]!) };
}
