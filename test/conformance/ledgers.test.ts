/** What every ledger must do, run against each implementation. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/orchestrator/ledger/events.ts';
import { type OwnedLedger, openLedger, openLedgerInline, openLedgerReader } from '../../src/orchestrator/ledger/open-ledger.ts';
import { encodeCheckpoint } from '../../src/shared/messages/codec.ts';
import { numericsVersion } from '../../src/shared/messages/round-job.ts';
import { type Outcome, outcomes } from '../../src/shared/outcome.ts';
import {
  checkpointAt,
  columnUpTo,
  hashOfRun,
  iterateAt,
  jobResult,
  metrics,
  plannedRun,
  plannedStudy,
  randomFrom,
} from '../orchestrator/ledger/runs.ts';
import { failureOf, filesBelow, temporaryFolder } from '../orchestrator/ledger/support.ts';
import { flipped, storedCheckpoints } from '../support/stored-checkpoints.ts';

const implementations = [
  ['sqlite on the calling thread', openLedgerInline],
  ['sqlite on its own thread', openLedger],
] as const;

describe.each(implementations)('the ledger: %s', (_, open) => {
  let folder: string;
  let ledger: OwnedLedger;
  let heard: LedgerEvent[];

  const reopen = async (): Promise<void> => {
    await ledger.close();
    ledger = await open(folder, { onEvent: (event) => heard.push(event) });
  };

  /** A submitted run under a new attempt. */
  const begin = async (runKey = 'run', options: Parameters<typeof plannedRun>[1] = {}): Promise<number> => {
    await ledger.submit(plannedStudy(`study-of-${runKey}`, [plannedRun(runKey, options)]));
    return (await ledger.beginAttempt(runKey, 'worker-1')).fence;
  };

  beforeEach(async () => {
    folder = temporaryFolder();
    heard = [];
    ledger = await open(folder, { onEvent: (event) => heard.push(event) });
  });

  afterEach(async () => {
    await ledger.close().catch(() => {});
  });

  describe('submitting', () => {
    test('it keeps studies, runs, their order and their parameters', async () => {
      const runs = [plannedRun('b', { parameters: '{"clients.byzantine":2}' }), plannedRun('a', { parameters: '{"clients.byzantine":3}' })];
      expect(await ledger.submit(plannedStudy('s1', runs, 'clipping'))).toEqual({ added: 2, finished: 0, resumed: 0 });
      await reopen();
      expect((await ledger.runs('s1')).map(({ runKey, position, parameters }) => [runKey, position, parameters])).toEqual([
        ['b', 0, { 'clients.byzantine': 2 }],
        ['a', 1, { 'clients.byzantine': 3 }],
      ]);
      expect(await ledger.run('a')).toEqual({
        runKey: 'a',
        trajectoryKey: 'trajectory-of-a',
        state: 'queued',
        outcome: null,
        epoch: 1,
        seed: 5,
        rounds: 1000,
        committedRound: -1,
        experiment: runs[1]!.experiment,
        dataSha256: '',
        objectiveKey: null,
        metrics,
        every: 1,
        resultHash: null,
        warnings: ['a warning'],
        notes: {},
        failure: null,
        deaths: 0,
        computeSeconds: 0,
        position: 1,
        parameters: { 'clients.byzantine': 3 },
        summaries: {},
      });
      expect(await ledger.study('clipping')).toMatchObject({ studyKey: 's1', name: 'clipping', source: 'study: clipping\n' });
    });

    test('it shares runs among studies and counts each once', async () => {
      await ledger.submit(plannedStudy('s1', ['a', 'b']));
      expect(await ledger.submit(plannedStudy('s2', ['b', 'c', 'b']))).toEqual({ added: 1, finished: 0, resumed: 1 });
      expect((await ledger.runs('s2')).map(({ runKey }) => runKey)).toEqual(['b', 'c', 'b']);
      expect((await ledger.unfinished('s2')).map(({ runKey }) => runKey)).toEqual(['b', 'c']);
      expect((await ledger.unfinished('s2', { after: 0, count: 5 })).map(({ runKey }) => runKey)).toEqual(['c']);
      expect((await ledger.studies()).map(({ studyKey, states }) => [studyKey, states])).toEqual([
        ['s2', { queued: 2 }],
        ['s1', { queued: 2 }],
      ]);
    });

    const resumable: readonly Outcome[] = ['budget', 'cancelled', 'failed'];
    test.each(outcomes)('it goes on with a run that is over, or not, by its outcome: %s', async (outcome) => {
      const fence = await begin();
      await ledger.commitRoundJob(fence, jobResult('run', -1, 9));
      if (outcome === 'failed' || outcome === 'quarantined' || outcome === 'cancelled')
        await ledger.finishWithout('run', fence, outcome, null);
      else await ledger.commitRoundJob(fence, jobResult('run', 9, 19, { outcome, x: iterateAt(19) }));
      const before = (await ledger.run('run'))!;
      expect(before).toMatchObject({ state: 'finished', outcome });

      const report = await ledger.submit(plannedStudy('again', ['run']));
      if (!resumable.includes(outcome)) {
        expect(report).toEqual({ added: 0, finished: 1, resumed: 0 });
        expect(await ledger.run('run')).toEqual(before);
        return;
      }
      expect(report).toEqual({ added: 0, finished: 0, resumed: 1 });
      const { committedRound } = before;
      expect(await ledger.run('run')).toMatchObject({ state: 'queued', outcome: null, epoch: 2, committedRound, failure: null, deaths: 0 });
      const again = await ledger.beginAttempt('run', 'worker-2');
      expect(await ledger.commitRoundJob(again.fence, jobResult('run', committedRound, 1000, { epoch: 2 }))).toEqual({
        kind: 'applied',
        finished: true,
        resultHash: hashOfRun(),
      });
    });

    test('it refuses a key that stands for another experiment, and then keeps nothing of the study', async () => {
      await ledger.submit(plannedStudy('s1', ['a']));
      const changed = { ...plannedRun('a'), experiment: '{"other":true}' };
      expect((await failureOf(ledger.submit(plannedStudy('s2', ['b', changed])))).code).toBe('MARINADE_INVARIANT_BROKEN');
      expect(await ledger.study('s2')).toBeUndefined();
      expect(await ledger.run('b')).toBeUndefined();
    });

    test('it refuses run keys that would be paths', async () => {
      expect((await failureOf(ledger.submit(plannedStudy('s', ['../up'])))).code).toBe('MARINADE_INVARIANT_BROKEN');
    });
  });

  describe('finding', () => {
    test('it finds runs and studies by the beginning of their key, and says when there are several', async () => {
      await ledger.submit(plannedStudy('5ab', ['aa1', 'aa12', 'b_2'], 'first'));
      expect((await ledger.run('aa12'))?.runKey).toBe('aa12');
      expect((await ledger.run('aa1'))?.runKey).toBe('aa1');
      expect((await ledger.run('b'))?.runKey).toBe('b_2');
      expect(await ledger.run('b%')).toBeUndefined();
      expect(await ledger.run('')).toBeUndefined();
      expect((await ledger.study('5a'))?.name).toBe('first');
      expect((await failureOf(ledger.run('aa'))).message).toMatch(/MARINADE_STORAGE_NOT_FOUND.*more than one run/);
    });

    test('it takes the study submitted last for a name', async () => {
      await ledger.submit(plannedStudy('s1', ['a'], 'same'));
      await ledger.submit(plannedStudy('s2', ['a'], 'same'));
      expect((await ledger.study('same'))?.studyKey).toBe('s2');
      await ledger.submit(plannedStudy('s1', ['a'], 'same'));
      expect((await ledger.study('same'))?.studyKey).toBe('s1');
    });

    test('it says which run or curve it does not have', async () => {
      await begin();
      for (const call of [
        ledger.attempts('none'),
        ledger.curves('none'),
        ledger.checkpoint('none'),
        ledger.beginAttempt('none', 'w'),
        ledger.commitRoundJob(1, jobResult('none', -1, 3)),
        ledger.curves('run', ['accuracy']),
      ]) {
        expect((await failureOf(call)).code).toBe('MARINADE_STORAGE_NOT_FOUND');
      }
    });
  });

  describe('committing', () => {
    test('it stores points, checkpoint, notes and time, and the hash with the end', async () => {
      const fence = await begin();
      expect(await ledger.commitRoundJob(fence, jobResult('run', -1, 600))).toEqual({ kind: 'applied', finished: false, resultHash: null });
      expect(await ledger.run('run')).toMatchObject({
        state: 'running',
        committedRound: 600,
        notes: { emptyCohorts: 600 },
        computeSeconds: 0.002,
      });
      expect(await ledger.commitRoundJob(fence, jobResult('run', 600, 1000))).toEqual({
        kind: 'applied',
        finished: true,
        resultHash: hashOfRun(),
      });
      await reopen();
      expect(await ledger.run('run')).toMatchObject({
        state: 'finished',
        outcome: 'completed',
        committedRound: 1000,
        resultHash: hashOfRun(),
        notes: { emptyCohorts: 1000 },
        computeSeconds: 0.004,
      });
      const curves = await ledger.curves('run');
      expect(curves.rounds).toEqual(Float64Array.from({ length: 1001 }, (_, i) => i));
      for (const metric of metrics) expect(curves.columns[metric]).toEqual(columnUpTo(metric, 1001));
      expect(Object.keys((await ledger.curves('run', ['gap'])).columns)).toEqual(['gap']);
      expect((await ledger.checkpoint('run'))!).toEqual({ round: 1000, bytes: checkpointAt('run', 1000), damaged: [] });
      expect(await ledger.attempts('run')).toMatchObject([{ fence, worker: 'worker-1', fromRound: -1, reason: 'completed' }]);
    });

    test.each([1, 2, 3])('it comes to the same curves, summaries and hash however the run is cut into jobs, seed %i', async (seed) => {
      const random = randomFrom(seed);
      const options = { rounds: 1237, every: 3 };
      const whole = await begin('whole', options);
      await ledger.commitRoundJob(whole, jobResult('whole', -1, 1237, options));
      const fence = await begin('cut', options);
      for (let from = -1; from < 1237; ) {
        const to = Math.min(1237, from + 1 + Math.floor(random() ** 3 * 700));
        await ledger.commitRoundJob(fence, jobResult('cut', from, to, options));
        from = to;
      }
      const [expected, got] = [(await ledger.run('whole'))!, (await ledger.run('cut'))!];
      expect(got.resultHash).toBe(hashOfRun(1237, 3));
      expect(got.summaries).toEqual(expected.summaries);
      expect(await ledger.curves('cut')).toEqual(await ledger.curves('whole'));
      expect((await ledger.curves('cut')).rounds.slice(-3)).toEqual(Float64Array.of(1233, 1236, 1237));
    });

    test('it summarises with NaN ignored and -0 kept', async () => {
      const fence = await begin('run', { every: 1 });
      const job = jobResult('run', -1, 3);
      const columns = { loss: Float64Array.of(-0, Number.NaN, Infinity, -0), gap: new Float64Array(4).fill(Number.NaN) };
      await ledger.commitRoundJob(fence, { ...job, points: { ...job.points, columns } });
      expect((await ledger.run('run'))!.summaries).toEqual({
        loss: { first: -0, last: -0, min: -0, max: Infinity },
        gap: { first: Number.NaN, last: Number.NaN, min: null, max: null },
      });
    });

    test('it takes a second delivery for repeated and changes nothing', async () => {
      const fence = await begin();
      const jobs = [jobResult('run', -1, 600), jobResult('run', 600, 1000)];
      for (const job of jobs) await ledger.commitRoundJob(fence, job);
      const [run, curves] = [await ledger.run('run'), await ledger.curves('run')];
      const repeated = { kind: 'repeated', finished: true, resultHash: hashOfRun() };
      for (const job of [...jobs, ...jobs.toReversed(), jobResult('run', 100, 700), jobResult('run', -1, 1000)]) {
        expect(await ledger.commitRoundJob(fence, job)).toEqual(repeated);
      }
      expect(await ledger.run('run')).toEqual(run);
      expect(await ledger.curves('run')).toEqual(curves);
    });

    test('it keeps the checkpoint it has when a result is repeated', async () => {
      const fence = await begin();
      await ledger.commitRoundJob(fence, jobResult('run', -1, 10));
      const checkpoint = encodeCheckpoint({ runKey: 'run', round: 10, numericsVersion, sections: {}, meta: { other: true } });
      expect(await ledger.commitRoundJob(fence, jobResult('run', -1, 10, { checkpoint }))).toMatchObject({ kind: 'repeated' });
      expect((await ledger.checkpoint('run'))!.bytes).toEqual(checkpointAt('run', 10));
    });

    test('it undoes everything of a commit that fails at its end', async () => {
      const fence = await begin();
      heard.length = 0;
      expect((await failureOf(ledger.commitRoundJob(fence, jobResult('run', -1, 1000, { x: null })))).code).toBe(
        'MARINADE_INVARIANT_BROKEN',
      );
      expect(await ledger.run('run')).toMatchObject({ state: 'running', committedRound: -1, summaries: {} });
      expect(await ledger.checkpointRounds('run')).toEqual([]);
      expect(heard).toEqual([]);
    });

    test('it takes NaNs of other bits for the same value', async () => {
      const fence = await begin();
      const job = jobResult('run', -1, 30);
      await ledger.commitRoundJob(fence, job);
      const negativeNan = new Float64Array(BigUint64Array.of(0xfff8000000000123n).buffer)[0]!;
      const columns = Object.fromEntries(
        metrics.map((metric) => [metric, columnUpTo(metric, 31).map((value) => (Number.isNaN(value) ? negativeNan : value))]),
      );
      expect(await ledger.commitRoundJob(fence, { ...job, points: { ...job.points, columns } })).toMatchObject({ kind: 'repeated' });
    });

    test('it raises an alarm at one different bit, keeps what it has, and goes on', async () => {
      const fence = await begin();
      await ledger.commitRoundJob(fence, jobResult('run', -1, 600));
      const changed = (job: ReturnType<typeof jobResult>): typeof job => {
        const gap = job.points.columns['gap']!.slice();
        new BigUint64Array(gap.buffer)[2]! ^= 1n;
        return { ...job, points: { ...job.points, columns: { ...job.points.columns, gap } } };
      };
      const before = await ledger.curves('run');
      for (const job of [changed(jobResult('run', -1, 600)), changed(jobResult('run', 499, 700))]) {
        const failure = await failureOf(ledger.commitRoundJob(fence, job));
        expect(failure.code).toBe('MARINADE_STORAGE_DETERMINISM');
        expect(failure.details).toMatchObject({ runKey: 'run', metric: 'gap' });
      }
      expect(await ledger.curves('run')).toEqual(before);
      expect((await ledger.run('run'))!.committedRound).toBe(600);
      expect((await ledger.events(0)).filter(({ kind }) => kind === 'round-job:disagree')).toHaveLength(2);
      expect(await ledger.commitRoundJob(fence, jobResult('run', 600, 1000))).toMatchObject({ finished: true, resultHash: hashOfRun() });
    });

    test('it raises an alarm when two executions end differently', async () => {
      const fence = await begin();
      await ledger.commitRoundJob(fence, jobResult('run', -1, 1000));
      for (const changes of [{ x: Float64Array.of(1, 0, 1 / 1002) }, { outcome: 'diverged' as const }]) {
        expect((await failureOf(ledger.commitRoundJob(fence, jobResult('run', -1, 1000, changes)))).code).toBe(
          'MARINADE_STORAGE_DETERMINISM',
        );
      }
      const early = jobResult('run', -1, 500, { outcome: 'diverged', x: iterateAt(500) });
      expect((await failureOf(ledger.commitRoundJob(fence, early))).code).toBe('MARINADE_STORAGE_DETERMINISM');
    });

    test('it fences off an execution that lost its run', async () => {
      const zombie = await begin();
      await ledger.commitRoundJob(zombie, jobResult('run', -1, 10));
      const { fence } = await ledger.beginAttempt('run', 'worker-2');
      expect(fence).toBeGreaterThan(zombie);
      expect(await ledger.commitRoundJob(zombie, jobResult('run', 10, 20))).toEqual({ kind: 'fenced', finished: false, resultHash: null });
      expect(await ledger.commitRoundJob(fence, jobResult('run', 10, 20, { epoch: 2 }))).toMatchObject({ kind: 'fenced' });
      expect((await ledger.run('run'))!.committedRound).toBe(10);
      expect(await ledger.commitRoundJob(fence, jobResult('run', 10, 1000))).toMatchObject({ kind: 'applied', finished: true });
      expect(await ledger.commitRoundJob(zombie, jobResult('run', 10, 20))).toMatchObject({ kind: 'repeated', finished: true });
      expect((await ledger.attempts('run')).map(({ reason }) => reason)).toEqual(['superseded by a newer attempt', 'completed']);
    });

    test('it does not apply a result that starts beyond what is committed', async () => {
      const fence = await begin();
      await ledger.commitRoundJob(fence, jobResult('run', -1, 10));
      expect(await ledger.commitRoundJob(fence, jobResult('run', 20, 30))).toMatchObject({ kind: 'fenced' });
      expect((await ledger.run('run'))!.committedRound).toBe(10);
    });

    test('it ends a run where it stands when its budget is used up', async () => {
      const fence = await begin();
      await ledger.commitRoundJob(fence, jobResult('run', -1, 10));
      expect(await ledger.commitRoundJob(fence, jobResult('run', 10, 10, { outcome: 'budget', x: iterateAt(10) }))).toEqual({
        kind: 'applied',
        finished: true,
        resultHash: null,
      });
      expect(await ledger.checkpoint('run')).toMatchObject({ round: 10, damaged: [] });
    });

    test.each([
      ['a missing column', { columns: { loss: columnUpTo('loss', 11) } }],
      ['a foreign column', { columns: { loss: columnUpTo('loss', 11), accuracy: columnUpTo('gap', 11) } }],
      ['a short column', { columns: { loss: columnUpTo('loss', 11), gap: columnUpTo('gap', 10) } }],
      ['a gap between points', { first: 1, count: 11 }],
      ['too few points for its rounds', { count: 10, columns: { loss: columnUpTo('loss', 10), gap: columnUpTo('gap', 10) } }],
    ])('it refuses a result with %s', async (_name, change) => {
      const fence = await begin();
      const job = jobResult('run', -1, 10);
      const failure = await failureOf(ledger.commitRoundJob(fence, { ...job, points: { ...job.points, ...change } }));
      expect(failure.code).toBe('MARINADE_INVARIANT_BROKEN');
      expect(await ledger.run('run')).toMatchObject({ committedRound: -1, summaries: {} });
      expect((await ledger.curves('run')).rounds).toHaveLength(0);
    });

    test('it refuses a checkpoint that is damaged, or of another run or round, before it can be started from', async () => {
      const fence = await begin();
      const flipped = checkpointAt('run', 10);
      flipped[40]! ^= 1;
      for (const checkpoint of [flipped, checkpointAt('other', 10), checkpointAt('run', 9)]) {
        expect((await failureOf(ledger.commitRoundJob(fence, jobResult('run', -1, 10, { checkpoint })))).code).toBe(
          'MARINADE_STORAGE_CHECKPOINT',
        );
      }
      expect(await ledger.checkpoint('run')).toBeUndefined();
      expect(await ledger.commitRoundJob(fence, jobResult('run', -1, 10))).toMatchObject({ kind: 'applied' });
    });

    test("it leaves the caller's vectors alone, also views of a shared memory", async () => {
      const fence = await begin();
      const heap = new Float64Array(new SharedArrayBuffer(8 * 4096));
      const shared = (values: Float64Array, at: number): Float64Array => {
        heap.set(values, at);
        return heap.subarray(at, at + values.length);
      };
      const job = jobResult('run', -1, 1000);
      const columns = { loss: shared(columnUpTo('loss', 1001), 0), gap: shared(columnUpTo('gap', 1001), 1500) };
      const committed = ledger.commitRoundJob(fence, { ...job, points: { ...job.points, columns }, x: shared(iterateAt(1000), 4000) });
      heap.fill(77); // the arena goes on with the next round
      expect(await committed).toMatchObject({ resultHash: hashOfRun() });
      expect(job.checkpoint).toEqual(checkpointAt('run', 1000));
    });

    test('it commits many waiting runs at once, a failing one among them failing alone', async () => {
      const keys = Array.from({ length: 60 }, (_, i) => `run-${i}`);
      await ledger.submit(plannedStudy('s', keys));
      const reports = await Promise.allSettled(
        keys.map(async (runKey, i) => {
          const { fence } = await ledger.beginAttempt(runKey, 'w');
          const job = jobResult(runKey, -1, 20);
          return ledger.commitRoundJob(fence, i === 30 ? { ...job, checkpoint: new Uint8Array(3) } : job);
        }),
      );
      expect(reports.filter(({ status }) => status === 'rejected')).toHaveLength(1);
      await reopen();
      const rounds = (await ledger.runs('s')).map(({ committedRound }) => committedRound);
      expect(rounds).toEqual(keys.map((__, i) => (i === 30 ? -1 : 20)));
    });
  });

  describe.each([
    ['in the database', {}],
    ['in files', { filesFrom: 0 }],
  ])('checkpoints %s', (place, options) => {
    const inFiles = place === 'in files';
    const replace = (round: number, change: (bytes: Uint8Array) => Uint8Array): void => {
      const found = storedCheckpoints(folder)[0]!.find((stored) => stored.round === round)!;
      found.replace(change(found.bytes));
    };

    beforeEach(async () => {
      await ledger.close();
      ledger = await open(folder, { ...options, onEvent: (event) => heard.push(event) });
    });

    test('it keeps the newest two', async () => {
      const fence = await begin();
      for (let round = 0; round <= 50; round += 10)
        await ledger.commitRoundJob(fence, jobResult('run', round === 0 ? -1 : round - 10, round));
      expect(await ledger.checkpointRounds('run')).toEqual([50, 40]);
      expect(storedCheckpoints(folder)[0]!.map(({ round }) => round)).toEqual([50, 40]);
      expect(filesBelow(join(folder, 'checkpoints'))).toEqual(inFiles ? ['run/40.ckpt', 'run/50.ckpt'] : []);
      expect(await ledger.checkpoint('run', 49)).toMatchObject({ round: 40 });
      expect(await ledger.checkpoint('run', 39)).toBeUndefined();
    });

    test.each([
      ['a flipped byte', (bytes: Uint8Array) => flipped(bytes, 60)],
      ['a truncated one', (bytes: Uint8Array) => bytes.subarray(0, 100)],
      ['an empty one', (bytes: Uint8Array) => bytes.subarray(0, 0)],
      ['another version', (bytes: Uint8Array) => flipped(bytes, 8)],
      ["another run's", () => checkpointAt('other', 20)],
      ["another round's", () => checkpointAt('run', 10)],
    ])('it falls back to the previous one at %s, and the run comes to the same result', async (_name, damage) => {
      const fence = await begin();
      await ledger.commitRoundJob(fence, jobResult('run', -1, 10));
      await ledger.commitRoundJob(fence, jobResult('run', 10, 20));
      replace(20, damage);
      const found = (await ledger.checkpoint('run'))!;
      expect(found.round).toBe(10);
      expect(found.damaged).toHaveLength(1);
      expect(found.damaged[0]).toContain(inFiles ? '20.ckpt' : 'checkpoint of round 20');
      expect(await ledger.check()).toHaveLength(1);
      expect((await ledger.events(0)).filter(({ kind }) => kind === 'checkpoint:damaged')).toHaveLength(1);

      expect(await ledger.commitRoundJob(fence, jobResult('run', 10, 30))).toMatchObject({ kind: 'applied' });
      expect(await ledger.checkpointRounds('run')).toEqual([30, 10]);
      expect(await ledger.check()).toEqual([]);
      expect(await ledger.commitRoundJob(fence, jobResult('run', 30, 1000))).toMatchObject({ resultHash: hashOfRun() });
    });

    test('it restarts a run from round 0 when every checkpoint is damaged, and keeps the new ones on the way', async () => {
      const fence = await begin();
      await ledger.commitRoundJob(fence, jobResult('run', -1, 20));
      await ledger.commitRoundJob(fence, jobResult('run', 20, 40));
      for (const round of [20, 40]) replace(round, (bytes) => flipped(bytes, 50));
      expect(await ledger.checkpoint('run')).toBeUndefined();
      expect(await ledger.commitRoundJob(fence, jobResult('run', -1, 15))).toMatchObject({ kind: 'repeated' });
      expect(await ledger.checkpoint('run')).toMatchObject({ round: 15 });
      expect((await ledger.run('run'))!.committedRound).toBe(40);
      expect(await ledger.commitRoundJob(fence, jobResult('run', 15, 40))).toMatchObject({ kind: 'repeated' });
      expect(await ledger.checkpoint('run')).toMatchObject({ round: 40, damaged: [] });
      expect(await ledger.commitRoundJob(fence, jobResult('run', 40, 1000))).toMatchObject({ resultHash: hashOfRun() });
    });
  });

  describe('attempts and deaths', () => {
    test('it counts deaths in a row and forgets them at a commit', async () => {
      let fence = await begin();
      expect(await ledger.recordDeath('run', fence, 'signal 9')).toBe(1);
      expect(await ledger.run('run')).toMatchObject({ state: 'queued', deaths: 1 });
      expect(await ledger.recordDeath('run', fence, 'signal 9')).toBe(1);
      ({ fence } = await ledger.beginAttempt('run', 'worker-2'));
      expect(await ledger.recordDeath('run', fence, 'exit code 0')).toBe(2);
      ({ fence } = await ledger.beginAttempt('run', 'worker-3'));
      await ledger.commitRoundJob(fence, jobResult('run', -1, 5));
      expect((await ledger.run('run'))!.deaths).toBe(0);
      expect((await ledger.attempts('run')).map(({ reason }) => reason)).toEqual(['signal 9', 'exit code 0', null]);
    });

    test('it hands an interrupted run back without a death, also when the ledger is closed meanwhile', async () => {
      const fence = await begin();
      await ledger.endAttempt('run', fence, 'paused');
      await ledger.endAttempt('run', fence, 'paused twice');
      expect(await ledger.run('run')).toMatchObject({ state: 'queued', deaths: 0 });
      await ledger.beginAttempt('run', 'worker-2');
      await reopen();
      expect(await ledger.run('run')).toMatchObject({ state: 'queued', deaths: 0 });
      expect((await ledger.attempts('run')).map(({ reason }) => reason)).toEqual(['paused', 'ledger closed']);
    });

    test('it gives a run one terminal state, whoever comes first', async () => {
      const fence = await begin('cancelled');
      await ledger.finishWithout('cancelled', null, 'cancelled', null);
      expect(await ledger.commitRoundJob(fence, jobResult('cancelled', -1, 1000))).toEqual({
        kind: 'fenced',
        finished: true,
        resultHash: null,
      });
      expect(await ledger.run('cancelled')).toMatchObject({ outcome: 'cancelled', committedRound: -1 });

      const other = await begin('completed');
      await ledger.commitRoundJob(other, jobResult('completed', -1, 1000));
      await ledger.finishWithout('completed', null, 'cancelled', null);
      expect(await ledger.run('completed')).toMatchObject({ outcome: 'completed', resultHash: hashOfRun() });
      expect((await failureOf(ledger.beginAttempt('completed', 'w'))).code).toBe('MARINADE_INVARIANT_BROKEN');
    });

    test('it keeps why a run failed, and ignores a failure from an attempt that lost it', async () => {
      const stale = await begin();
      const { fence } = await ledger.beginAttempt('run', 'worker-2');
      const failure = { code: 'MARINADE_EXECUTION_FAILED', message: 'it broke', details: { round: 7, level: Infinity } } as const;
      await ledger.finishWithout('run', stale, 'failed', failure);
      expect((await ledger.run('run'))!.state).toBe('running');
      await ledger.finishWithout('run', fence, 'failed', failure);
      expect(await ledger.run('run')).toMatchObject({
        outcome: 'failed',
        failure: { ...failure, details: { round: 7, level: 'Infinity' } },
      });
    });
  });

  describe('the rest', () => {
    test('it keeps optima to the bit', async () => {
      expect(await ledger.optimum('o')).toBeUndefined();
      await ledger.storeOptimum('o', { value: 0.1 + 0.2, certificate: { gradientNorm: 1e-16 } });
      await ledger.storeOptimum('zero', { value: -0, certificate: {} });
      await reopen();
      expect(await ledger.optimum('o')).toEqual({ value: 0.1 + 0.2, certificate: { gradientNorm: 1e-16 } });
      expect((await ledger.optimum('zero'))!.value).toBe(-0);
    });

    test('it tells every change of state once, in order, and again to whoever missed it', async () => {
      const fence = await begin();
      await ledger.commitRoundJob(fence, jobResult('run', -1, 500));
      await failureOf(ledger.commitRoundJob(fence, jobResult('run', 500, 600, { checkpoint: new Uint8Array(1) })));
      await ledger.commitRoundJob(fence, jobResult('run', 500, 1000));
      const stored = await ledger.events(0);
      expect(stored.map(({ kind }) => kind)).toEqual([
        'study:submit',
        'attempt:begin',
        'round-job:commit',
        'round-job:commit',
        'attempt:end',
        'run:finish',
      ]);
      expect(stored.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(heard).toEqual(stored);
      expect(await ledger.events(3, 2)).toEqual(stored.slice(3, 5));
    });

    test('it is read by others while it is owned, and after it is sealed', async () => {
      const fence = await begin();
      const reader = await openLedgerReader(folder);
      await ledger.commitRoundJob(fence, jobResult('run', -1, 700));
      expect(await reader.run('run')).toEqual(await ledger.run('run'));
      expect(await reader.curves('run')).toEqual(await ledger.curves('run'));
      expect(await reader.checkpoint('run')).toEqual(await ledger.checkpoint('run'));
      await ledger.commitRoundJob(fence, jobResult('run', 700, 1000));
      await ledger.close();
      expect(readdirSync(folder).sort()).toEqual(['checkpoints', 'ledger.sqlite']);
      expect(await reader.run('run')).toMatchObject({ outcome: 'completed', resultHash: hashOfRun() });
      expect(await reader.studies()).toMatchObject([{ states: { finished: 1 } }]);
      await reader.close();
    });

    test('it finds nothing wrong with a ledger that is well, and refuses calls once closed', async () => {
      const fence = await begin();
      await ledger.commitRoundJob(fence, jobResult('run', -1, 1000));
      expect(await ledger.check()).toEqual([]);
      await ledger.close();
      expect((await failureOf(ledger.run('run'))).code).toBe('MARINADE_STORAGE_LEDGER');
    });
  });
});
