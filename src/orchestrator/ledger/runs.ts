/**
 * The life of a run apart from its results: submitted, attempted, ended, gone on with.
 *
 *   queued --beginAttempt--> running --commit of the end--> finished
 *      ^                        |                              |
 *      |---- endAttempt, death -'                              |
 *      '------ submit again: cancelled, budget, failed --------'   (epoch + 1; what was committed stays)
 *
 * An attempt is open from its begin to its end. Its number, the fence, only grows; a commit under any other number
 * than the open one's comes from an execution that lost the run.
 */
import type { PlannedRun, PlannedStudy, SubmitReport } from '../../shared/contracts/ledger.ts';
import { MarinadeError, type PlainFailure } from '../../shared/errors.ts';
import { jsonText } from '../../shared/json.ts';
import { numericsVersion } from '../../shared/messages/round-job.ts';
import { isResumable, type Outcome } from '../../shared/outcome.ts';
import type { Connection } from './connection.ts';
import type { EventLog } from './events.ts';
import { findRun, notFound, type RunRecord, requireRun } from './run-record.ts';

/** Run keys name directories. */
const runKeyPattern = /^[A-Za-z0-9_-]{1,128}$/;

export class Runs {
  readonly #connection: Connection;
  readonly #events: EventLog;

  constructor(connection: Connection, events: EventLog) {
    this.#connection = connection;
    this.#events = events;
  }

  submit({ studyKey, name, source, runs }: PlannedStudy): SubmitReport {
    const distinct = new Map(runs.map((run) => [run.runKey, run]));
    const ids = new Map<string, number>();
    const report = { added: 0, finished: 0, resumed: 0 };
    for (const planned of distinct.values()) {
      const known = findRun(this.#connection, planned.runKey);
      if (known === undefined) {
        ids.set(planned.runKey, this.#add(planned));
        report.added++;
      } else {
        requireSame(known, planned);
        ids.set(planned.runKey, known.id);
        report[this.#resume(known) ? 'resumed' : 'finished']++;
      }
    }
    const submission = this.#events.append('study:submit', null, { studyKey, name, runs: runs.length, ...report });
    const study = this.#connection.get<{ id: number }>(
      `INSERT INTO study (study_key, name, source, submitted_at, submission) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (study_key) DO UPDATE SET name = excluded.name, source = excluded.source,
         submitted_at = excluded.submitted_at, submission = excluded.submission, withdrawn = 0
       RETURNING id`,
      studyKey,
      name,
      source,
      new Date().toISOString(),
      submission,
    )!.id;
    this.#connection.run('DELETE FROM study_run WHERE study = ?', study);
    runs.forEach(({ runKey, parameters }, position) => {
      this.#connection.run(
        'INSERT INTO study_run (study, position, run, parameters) VALUES (?, ?, ?, ?)',
        study,
        position,
        ids.get(runKey)!,
        parameters,
      );
    });
    return report;
  }

  setStudy(studyKey: string, { paused, priority }: { readonly paused?: boolean; readonly priority?: number }): void {
    const study = this.#requireStudy(studyKey);
    if (paused !== undefined) this.#connection.run('UPDATE study SET paused = ? WHERE id = ?', paused ? 1 : 0, study);
    if (priority !== undefined) this.#connection.run('UPDATE study SET priority = ? WHERE id = ?', priority, study);
    this.#events.append('study:set', null, {
      studyKey,
      ...(paused === undefined ? {} : { paused }),
      ...(priority === undefined ? {} : { priority }),
    });
  }

  /** Cancels the study's unfinished runs that no other study wants. Returns their keys. */
  cancelStudy(studyKey: string): string[] {
    const study = this.#requireStudy(studyKey);
    this.#connection.run('UPDATE study SET withdrawn = 1 WHERE id = ?', study);
    const alone = this.#connection.all<{ runKey: string }>(
      `SELECT DISTINCT run_key AS runKey FROM study_run JOIN run ON run.id = study_run.run
       WHERE study = ?1 AND state <> 'finished' AND NOT EXISTS (
         SELECT 1 FROM study_run AS other JOIN study ON study.id = other.study
         WHERE other.run = run.id AND other.study <> ?1 AND withdrawn = 0)`,
      study,
    );
    for (const { runKey } of alone) this.finish(requireRun(this.#connection, runKey), 'cancelled', null, null);
    this.#events.append('study:cancel', null, { studyKey, runs: alone.length });
    return alone.map(({ runKey }) => runKey);
  }

  /** Goes on with runs that ended cancelled, failed or quarantined: all of the study's, or one. Returns how many. */
  retry(studyKey: string, runKey: string | null): number {
    const study = this.#requireStudy(studyKey);
    this.#connection.run('UPDATE study SET withdrawn = 0 WHERE id = ?', study);
    const ended = this.#connection.all<{ runKey: string }>(
      `SELECT DISTINCT run_key AS runKey FROM study_run JOIN run ON run.id = study_run.run
       WHERE study = ?1 AND outcome IN ('cancelled', 'budget', 'failed', 'quarantined') AND (?2 IS NULL OR run_key = ?2)`,
      study,
      runKey,
    );
    for (const found of ended) this.#goOn(requireRun(this.#connection, found.runKey));
    return ended.length;
  }

  beginAttempt(runKey: string, worker: string): { readonly fence: number } {
    const run = requireRun(this.#connection, runKey);
    if (run.state === 'finished') {
      throw new MarinadeError('MARINADE_INVARIANT_BROKEN', `run ${runKey} is ${run.outcome}; nothing is left to attempt`, { runKey });
    }
    if (run.fence !== null) this.close(run, run.fence, 'superseded by a newer attempt');
    const { id: fence } = this.#connection.run(
      'INSERT INTO attempt (run, epoch, worker, from_round, started_at) VALUES (?, ?, ?, ?, ?)',
      run.id,
      run.epoch,
      worker,
      run.committedRound,
      new Date().toISOString(),
    );
    this.#connection.run("UPDATE run SET state = 'running', fence = ? WHERE id = ?", fence, run.id);
    this.#events.append('attempt:begin', runKey, { fence, worker, fromRound: run.committedRound });
    return { fence };
  }

  endAttempt(runKey: string, fence: number, reason: string): void {
    const run = requireRun(this.#connection, runKey);
    if (run.fence === fence) this.#requeue(run, fence, reason);
  }

  recordDeath(runKey: string, fence: number, reason: string): number {
    const run = requireRun(this.#connection, runKey);
    if (run.fence !== fence) return run.deaths;
    this.#requeue(run, fence, reason);
    return this.#setDeaths(run, run.deaths + 1, reason);
  }

  /** Ends a run that has no result, unless it ended already, or `fence` lost it, or it went on after `epoch`. */
  finishWithout(
    runKey: string,
    fence: number | null,
    outcome: Outcome,
    failure: PlainFailure | null,
    epoch = Number.POSITIVE_INFINITY,
  ): void {
    const run = requireRun(this.#connection, runKey);
    if (run.state === 'finished') return;
    if ((fence !== null && run.fence !== fence) || run.epoch > epoch) {
      this.#events.append('round-job:fence', runKey, { fence, openFence: run.fence, outcome });
      return;
    }
    this.finish(run, outcome, null, failure);
  }

  /** The run's one terminal state; closes its attempt. */
  finish(run: RunRecord, outcome: Outcome, resultHash: string | null, failure: PlainFailure | null): void {
    if (run.fence !== null) this.close(run, run.fence, outcome);
    this.#connection.run(
      "UPDATE run SET state = 'finished', fence = NULL, outcome = ?, result_hash = ?, failure = ? WHERE id = ?",
      outcome,
      resultHash,
      failure === null ? null : jsonText(failure),
      run.id,
    );
    this.#events.append('run:finish', run.runKey, { outcome, resultHash, ...(failure === null ? {} : { code: failure.code }) });
  }

  close(run: RunRecord, fence: number, reason: string): void {
    this.#connection.run('UPDATE attempt SET ended_at = ?, reason = ? WHERE fence = ?', new Date().toISOString(), reason, fence);
    this.#events.append('attempt:end', run.runKey, { fence, reason });
  }

  /**
   * Closes the attempts a dead owner left open. Whether a run was the cause of its process' death nobody saw: one that
   * got further during the attempt is cleared, the others count a death.
   */
  buryOpenAttempts(): void {
    for (const { run, fence, fromRound } of this.#openAttempts()) {
      this.#requeue(run, fence, 'process died');
      this.#setDeaths(run, run.committedRound > fromRound ? 0 : run.deaths + 1, 'process died');
    }
  }

  /** Closes the attempts that are open when the owner itself closes the ledger: nobody died. */
  interruptOpenAttempts(): void {
    for (const { run, fence } of this.#openAttempts()) this.#requeue(run, fence, 'ledger closed');
  }

  #openAttempts(): { readonly run: RunRecord; readonly fence: number; readonly fromRound: number }[] {
    return this.#connection
      .all<{ runKey: string; fence: number; fromRound: number }>(
        `SELECT run_key AS runKey, attempt.fence, from_round AS fromRound
         FROM attempt JOIN run ON run.id = attempt.run WHERE ended_at IS NULL ORDER BY attempt.fence`,
      )
      .map(({ runKey, fence, fromRound }) => ({ run: requireRun(this.#connection, runKey), fence, fromRound }));
  }

  #requeue(run: RunRecord, fence: number, reason: string): void {
    this.close(run, fence, reason);
    this.#connection.run("UPDATE run SET state = 'queued', fence = NULL WHERE id = ?", run.id);
  }

  #setDeaths(run: RunRecord, deaths: number, reason: string): number {
    this.#connection.run('UPDATE run SET deaths = ? WHERE id = ?', deaths, run.id);
    this.#events.append('run:death', run.runKey, { deaths, reason });
    return deaths;
  }

  #add(run: PlannedRun): number {
    if (!runKeyPattern.test(run.runKey)) {
      throw new MarinadeError(
        'MARINADE_INVARIANT_BROKEN',
        `expected a run key of letters, digits, - and _; got ${JSON.stringify(run.runKey)}`,
        {
          runKey: run.runKey,
        },
      );
    }
    return this.#connection.run(
      `INSERT INTO run (run_key, trajectory_key, experiment, data_sha256, objective_key, seed, numerics_version, rounds, every, metrics, warnings,
         state, epoch, committed_round, points, notes, deaths, compute_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', 1, -1, 0, '{}', 0, 0)`,
      run.runKey,
      run.trajectoryKey,
      run.experiment,
      run.dataSha256,
      run.objectiveKey,
      run.seed,
      numericsVersion,
      run.rounds,
      run.every,
      JSON.stringify(run.metrics),
      JSON.stringify(run.warnings),
    ).id;
  }

  /** True when the run goes on: it is unfinished, or ended in a way that a resubmission repeats. */
  #resume(run: RunRecord): boolean {
    if (run.outcome === null) return true;
    if (!isResumable(run.outcome)) return false;
    this.#goOn(run);
    return true;
  }

  #goOn(run: RunRecord): void {
    this.#connection.run(
      `UPDATE run SET state = 'queued', outcome = NULL, result_hash = NULL, failure = NULL, deaths = 0, epoch = epoch + 1 WHERE id = ?`,
      run.id,
    );
    this.#events.append('run:resume', run.runKey, { epoch: run.epoch + 1, after: run.outcome, fromRound: run.committedRound });
  }

  #requireStudy(studyKey: string): number {
    const study = this.#connection.get<{ id: number }>('SELECT id FROM study WHERE study_key = ?', studyKey);
    if (study === undefined) throw notFound(`no study ${studyKey} in ${this.#connection.path}`, { studyKey });
    return study.id;
  }
}

function requireSame(known: RunRecord, planned: PlannedRun): void {
  const same =
    known.experiment === planned.experiment &&
    known.rounds === planned.rounds &&
    known.every === planned.every &&
    known.metrics === JSON.stringify(planned.metrics);
  if (same) return;
  throw new MarinadeError('MARINADE_INVARIANT_BROKEN', `run key ${planned.runKey} stands for another experiment in this ledger`, {
    runKey: planned.runKey,
    stored: known.experiment,
    planned: planned.experiment,
  });
}
