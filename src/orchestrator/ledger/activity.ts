/** How busy the ledger was lately (rounds, computation and ends of runs in equal stretches of time), and how far studies are. */
import type { Activity, StudyCounts } from '../../shared/contracts/dashboard.ts';
import type { Connection } from './connection.ts';

const STRETCH_SECONDS = 5;
const STRETCHES = 120;
/** The journal is searched so far back at most. */
const REACH = 100_000;

export function activity(connection: Connection, now: number): Activity {
  const stretchMs = 1000 * STRETCH_SECONDS;
  const end = Math.floor(now / stretchMs) + 1;
  const since = new Date((end - STRETCHES) * stretchMs).toISOString();
  const zeros = (): number[] => new Array<number>(STRETCHES).fill(0);
  const [rounds, computeSeconds, finished] = [zeros(), zeros(), zeros()];
  const events = connection.all<{ at: string; kind: string; data: string }>(
    `SELECT at, kind, data FROM event
     WHERE seq > (SELECT coalesce(max(seq), 0) FROM event) - ? AND at >= ? AND kind IN ('round-job:commit', 'run:finish')`,
    REACH,
    since,
  );
  for (const { at, kind, data } of events) {
    const stretch = Math.floor(Date.parse(at) / stretchMs) - (end - STRETCHES);
    if (stretch < 0 || stretch >= STRETCHES) continue;
    if (kind === 'run:finish') {
      finished[stretch]!++;
      continue;
    }
    const { fromRound, toRound, computeMs } = JSON.parse(data) as Record<string, number>;
    rounds[stretch]! += toRound! - Math.max(0, fromRound!);
    computeSeconds[stretch]! += computeMs! / 1000;
  }
  return { stretchSeconds: STRETCH_SECONDS, rounds, computeSeconds, finished };
}

/** Every study's runs by outcome or state, and the rounds that are left of them. */
export function countStudies(connection: Connection): StudyCounts[] {
  const rows = connection.all<{ studyKey: string; outcome: string; runs: number; roundsLeft: number }>(
    `SELECT study_key AS studyKey, coalesce(outcome, state) AS outcome, count(*) AS runs,
       sum(CASE WHEN state = 'finished' THEN 0 ELSE rounds - max(committed_round, 0) END) AS roundsLeft
     FROM study JOIN study_run ON study_run.study = study.id JOIN run ON run.id = study_run.run
     GROUP BY study.id, coalesce(outcome, state)`,
  );
  const studies = new Map<string, { studyKey: string; outcomes: Record<string, number>; roundsLeft: number }>();
  for (const { studyKey, outcome, runs, roundsLeft } of rows) {
    const study = studies.get(studyKey) ?? { studyKey, outcomes: {}, roundsLeft: 0 };
    study.outcomes[outcome] = runs;
    study.roundsLeft += roundsLeft;
    studies.set(studyKey, study);
  }
  return [...studies.values()];
}
