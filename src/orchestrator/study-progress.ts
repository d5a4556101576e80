/** How far a study is: counts, and a rate from what was committed here, for the time left. */
import type { StudyRollup, StudyRow } from '../shared/contracts/ledger.ts';
import type { RoundJobResult } from '../shared/messages/round-job.ts';

/** Weight of the newest job in the running mean of a round's cost. */
const NEWEST = 0.1;

export class StudyProgress {
  readonly studyKey: string;
  readonly name: string;
  readonly total: number;
  /** When this process took the study up, in milliseconds of its clock. */
  readonly since = performance.now();
  finished: number;
  failed: number;
  /** Rounds computed since this process took the study up, and rounds left. */
  roundsDone = 0;
  roundsLeft: number;
  /** Learned seconds of computation per round; undefined before the first job. */
  secondsPerRound: number | undefined;

  constructor({ studyKey, name }: StudyRow, { total, finished, failed, roundsLeft }: StudyRollup) {
    this.studyKey = studyKey;
    this.name = name;
    this.total = total;
    this.finished = finished;
    this.failed = failed;
    this.roundsLeft = roundsLeft;
  }

  /** What the ledger counts, where runs go on that had ended. What was learned of their cost is kept. */
  recount({ finished, failed, roundsLeft }: StudyRollup): void {
    Object.assign(this, { finished, failed, roundsLeft });
  }

  /** Seconds of computation left on all threads together, from what a round cost so far. */
  get computeSecondsLeft(): number | undefined {
    return this.secondsPerRound === undefined ? undefined : this.secondsPerRound * this.roundsLeft;
  }

  committed({ fromRound, toRound, computeMs }: RoundJobResult, ended: boolean, planned: number): void {
    const from = Math.max(0, fromRound);
    const rounds = toRound - from;
    this.roundsDone += rounds;
    this.roundsLeft = Math.max(0, this.roundsLeft - (ended ? planned - from : rounds));
    if (ended) this.finished++;
    if (rounds === 0) return;
    const cost = computeMs / 1000 / rounds;
    this.secondsPerRound = this.secondsPerRound === undefined ? cost : (1 - NEWEST) * this.secondsPerRound + NEWEST * cost;
  }

  /** A run that ended without a result. */
  ended(
    { rounds, committedRound }: { readonly rounds: number; readonly committedRound: number },
    reached = committedRound,
    how: 'cancelled' | 'failed' = 'cancelled',
  ): void {
    this.finished++;
    if (how === 'failed') this.failed++;
    this.roundsLeft = Math.max(0, this.roundsLeft - (rounds - Math.max(0, reached)));
  }
}
