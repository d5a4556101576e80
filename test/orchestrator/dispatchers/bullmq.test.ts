/** What the dispatcher makes of messages that workers, dead workers, or somebody else put into its stream. No worker runs. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { BullmqDispatcher } from '../../../src/orchestrator/dispatchers/bullmq.ts';
import { redisOptions } from '../../../src/shared/config/redis.ts';
import { codeOf } from '../../../src/shared/errors.ts';
import { encodeCheckpoint } from '../../../src/shared/messages/codec.ts';
import { jobIdOf, queueKeys } from '../../../src/shared/messages/queued-job.ts';
import { encodeResult } from '../../../src/shared/messages/result-codec.ts';
import { numericsVersion, type RoundJob, type RoundJobResult } from '../../../src/shared/messages/round-job.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { failureOf } from '../ledger/support.ts';

let redis: TestRedis;
let client: Redis;
let dispatcher: BullmqDispatcher;
const warnings: string[] = [];
const keys = queueKeys('hostile');
let runs = 0;

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  dispatcher = new BullmqDispatcher({
    failFast: redisOptions(redis.url, 'fail-fast'),
    waiting: redisOptions(redis.url, 'waiting'),
    keys,
    outstanding: 4,
    // Nothing here may depend on it.
    reconcileEveryMs: 3_600_000,
    onWarning: (message) => warnings.push(message),
  });
});
beforeEach(() => {
  warnings.length = 0;
});
afterAll(async () => {
  await dispatcher.close();
  client.disconnect();
  await redis.stop();
});

const newJob = (): RoundJob => ({
  runKey: (++runs).toString(16).padStart(64, '0'),
  epoch: 1,
  fromRound: -1,
  rounds: 5,
  budgetMs: null,
  experiment: '{}',
  dataSha256: '',
  optimum: null,
  checkpoint: null,
});

const resultOf = ({ runKey, epoch, fromRound }: RoundJob, changes: Partial<RoundJobResult> = {}, value = 0): RoundJobResult => {
  const toRound = changes.toRound ?? 5;
  return {
    runKey,
    epoch,
    fromRound,
    toRound,
    checkpoint: encodeCheckpoint({ runKey, round: toRound, numericsVersion, sections: { block: Float64Array.of(value) }, meta: {} }),
    points: { first: 0, count: 0, columns: {} },
    outcome: null,
    x: null,
    computeMs: 1,
    threads: 1,
    notes: {},
    ...changes,
  };
};

type Message = Readonly<Record<string, string | Buffer>>;
const say = (message: Message): Promise<unknown> => client.xadd(keys.results, '*', ...Object.entries(message).flat());
const about = (job: RoundJob, delivery = 0): Record<string, string> => ({
  run: job.runKey,
  epoch: String(job.epoch),
  from: String(job.fromRound),
  job: jobIdOf(job, delivery),
  worker: 'w',
});
const messageOf = (job: RoundJob, result: RoundJobResult): Message => ({
  kind: 'result',
  ...about(job),
  to: String(result.toRound),
  result: Buffer.from(encodeResult(result)),
  checkpoint: Buffer.from(result.checkpoint),
});

describe('the dispatcher over a queue', () => {
  test.each<[string, (job: RoundJob) => Message]>([
    ['no result at all', (job) => ({ ...messageOf(job, resultOf(job)), result: Buffer.from('nonsense') })],
    [
      'a flipped bit',
      (job) => {
        const message = messageOf(job, resultOf(job));
        const result = Buffer.from(message['result'] as Buffer);
        result[40]! ^= 1;
        return { ...message, result };
      },
    ],
    ["another run's result", (job) => ({ ...messageOf(job, resultOf(newJob())) })],
    ['more rounds than were asked for', (job) => messageOf(job, resultOf(job, { toRound: 6 }))],
    ['another epoch inside', (job) => messageOf(job, resultOf(job, { epoch: 2 }))],
    ['another first round inside', (job) => messageOf(job, resultOf(job, { fromRound: 2 }))],
    ['a failure that is no JSON', (job) => ({ kind: 'failure', ...about(job), failure: '{' })],
    ['a failure of an unknown code', (job) => ({ kind: 'failure', ...about(job), failure: '{"code":"EVIL","message":"","details":{}}' })],
  ])('it refuses %s, says so, and sends the job again', async (_, forge) => {
    const job = newJob();
    const pending = dispatcher.dispatch(job, { isolated: false });
    await say(forge(job));
    await vi.waitFor(() => expect(warnings).toEqual([expect.stringContaining('was refused')]));
    await vi.waitFor(async () => expect(await client.exists(`${keys.prefix}:${keys.name}:${jobIdOf(job, 1)}`)).toBe(1));
    await say(messageOf(job, resultOf(job)));
    expect((await pending).toRound).toBe(5);
  });

  test('it does not hear what is about no job of its own', async () => {
    await say({ kind: 'result' });
    await say({ nothing: 'at all' });
    await say({ kind: 'failure', ...about(newJob()), failure: '{' });
    const job = newJob();
    const pending = dispatcher.dispatch(job, { isolated: false });
    await say({ kind: 'failure', ...about(job, 9), failure: '{' });
    await say(messageOf(job, resultOf(job)));
    expect((await pending).runKey).toBe(job.runKey);
    await vi.waitFor(async () => expect(await client.xlen(keys.results)).toBe(0));
  });

  test('it takes the first of two results, and raises an alarm when the second differs', async () => {
    const job = newJob();
    const pending = dispatcher.dispatch(job, { isolated: false });
    await say(messageOf(job, resultOf(job)));
    await pending;
    await say(messageOf(job, resultOf(job)));
    await vi.waitFor(async () => expect(await client.xlen(keys.results)).toBe(0));
    expect(warnings).toEqual([]);
    await say(messageOf(job, resultOf(job, {}, 1)));
    await vi.waitFor(() => expect(warnings).toEqual([expect.stringContaining('ALARM: two executions')]));
  });

  test('it counts a death only when the worker that began the job says nothing any more, though its key lives on', async () => {
    const job = newJob();
    const pending = failureOf(dispatcher.dispatch(job, { isolated: false }));
    await client.set(keys.worker('dead'), '{}', 'PX', 1500);
    await say({ kind: 'redelivered', ...about(job), previous: 'dead' });
    expect(codeOf(await pending)).toBe('MARINADE_EXECUTION_WORKER_LOST');
  });

  test('it sends a job again, without a death, when the worker that began it lost its lock and lives', async () => {
    const job = newJob();
    const pending = dispatcher.dispatch(job, { isolated: false });
    const beating = setInterval(() => void client.set(keys.worker('living'), '{}', 'PX', 2000), 200);
    await client.set(keys.worker('living'), '{}', 'PX', 2000);
    await say({ kind: 'redelivered', ...about(job), previous: 'living' });
    await vi.waitFor(async () => expect(await client.exists(`${keys.prefix}:${keys.name}:${jobIdOf(job, 1)}`)).toBe(1), 5000);
    clearInterval(beating);
    await say(messageOf(job, resultOf(job)));
    expect((await pending).toRound).toBe(5);
  });

  test('it hears a Redis that lost everything and whose clock went back', async () => {
    const job = newJob();
    const pending = dispatcher.dispatch(job, { isolated: false });
    await client.flushall();
    await client.xadd(keys.results, '5-0', ...Object.entries(messageOf(job, resultOf(job))).flat());
    expect((await pending).toRound).toBe(5);
  });

  test('it does not take a job for lost whose result waits in the stream behind others', async () => {
    const job = newJob();
    const pending = dispatcher.dispatch(job, { isolated: false });
    const wait = `${keys.prefix}:${keys.name}:wait`;
    await vi.waitFor(async () => expect(await client.lrange(wait, 0, -1)).toContain(jobIdOf(job, 0)));
    const calls = client.multi();
    for (let others = 0; others < 3000; others++) calls.xadd(keys.results, '*', 'kind', 'of another');
    calls.xadd(keys.results, '*', ...Object.entries(messageOf(job, resultOf(job))).flat()).lrem(wait, 0, jobIdOf(job, 0));
    await calls.exec();
    await dispatcher.reconcile();
    expect(warnings).toEqual([]);
    expect((await pending).toRound).toBe(5);
  });

  test('it sends a job again that is gone from the queue, and has no result', async () => {
    const job = newJob();
    const pending = dispatcher.dispatch(job, { isolated: false });
    const wait = `${keys.prefix}:${keys.name}:wait`;
    await vi.waitFor(async () => expect(await client.lrem(wait, 0, jobIdOf(job, 0))).toBe(1));
    await vi.waitFor(async () => {
      await dispatcher.reconcile();
      expect(warnings).toEqual([expect.stringContaining('was no longer in the queue')]);
    });
    await say(messageOf(job, resultOf(job)));
    expect((await pending).toRound).toBe(5);
  });

  test('it counts workers, and not those whose word nobody can read', async () => {
    const said = { good: '{"id":"good","threads":40,"lifeMs":2000}', garbled: 'no JSON', strange: '{"threads":"many"}' };
    for (const [id, text] of Object.entries(said)) {
      await client.set(keys.worker(id), text, 'PX', 2000);
      await client.sadd(keys.workers, id);
    }
    await dispatcher.reconcile();
    expect(dispatcher.outstanding).toBe(80);
    expect((await dispatcher.workers()).map(({ id }) => id)).toEqual(['good']);
  });

  test('it remembers nothing of runs that ended, failed for good, or were taken back', async () => {
    const jobs = [newJob(), newJob(), newJob()];
    const [ended, failed, recalled] = jobs.map((job) => dispatcher.dispatch(job, { isolated: false }).catch(codeOf));
    const [toEnd, toFail, toRecall] = jobs as [RoundJob, RoundJob, RoundJob];
    await client.hset(keys.beside(toFail.runKey), 'checkpoint-3', 'bytes');
    await say(messageOf(toEnd, resultOf(toEnd, { outcome: 'completed' })));
    await say({
      kind: 'failure',
      ...about(toFail),
      failure: JSON.stringify({ code: 'MARINADE_EXECUTION_FAILED', message: '', details: {} }),
    });
    expect(await ended).toMatchObject({ outcome: 'completed' });
    expect(await failed).toBe('MARINADE_EXECUTION_FAILED');
    for (const { runKey } of [toFail, toRecall]) dispatcher.recall(runKey);
    expect(await recalled).toBe('MARINADE_EXECUTION_INTERRUPTED');
    await vi.waitFor(async () => expect(await client.exists(...jobs.map(({ runKey }) => keys.beside(runKey)))).toBe(0));
    await vi.waitFor(async () => expect(await client.exists(`${keys.prefix}:${keys.name}:${jobIdOf(toRecall, 0)}`)).toBe(0));
  });
});

describe('a dispatcher whose queue another took', () => {
  test('it says so, gives back what was out undone, and touches nothing of the queue any more', async () => {
    const others = queueKeys('taken');
    const said: string[] = [];
    const first = new BullmqDispatcher({
      failFast: redisOptions(redis.url, 'fail-fast'),
      waiting: redisOptions(redis.url, 'waiting'),
      keys: others,
      outstanding: 4,
      reconcileEveryMs: 20,
      ownerLifeMs: 600,
      onWarning: (message) => said.push(message),
    });
    try {
      await first.claim();
      const job = newJob();
      const added = (of: RoundJob): Promise<number> => client.exists(`${others.prefix}:${others.name}:${jobIdOf(of, 0)}`);
      const out = failureOf(first.dispatch(job, { isolated: false }));
      await vi.waitFor(async () => expect(await added(job)).toBe(1));
      await client.set(others.owner, JSON.stringify({ host: 'elsewhere', pid: 7, since: 'now' }));
      expect((await first.lost).code).toBe('MARINADE_EXECUTION_QUEUE_OWNED');
      expect(said).toEqual([expect.stringContaining('taken by process 7 on elsewhere')]);
      expect(codeOf(await out)).toBe('MARINADE_EXECUTION_INTERRUPTED');
      // The new owner may have the same run under way.
      await client.hset(others.beside(job.runKey), 'checkpoint-3', 'bytes');
      first.recall(job.runKey);
      first.requestStop();
      const late = newJob();
      expect(codeOf(await failureOf(first.dispatch(late, { isolated: false })))).toBe('MARINADE_EXECUTION_INTERRUPTED');
      await client.xadd(others.results, '*', ...Object.entries(messageOf(job, resultOf(job))).flat());
      await first.close();
      expect([await added(job), await added(late)]).toEqual([1, 0]);
      expect([await client.exists(others.beside(job.runKey)), await client.xlen(others.results)]).toEqual([1, 1]);
      expect(await client.get(others.owner)).toContain('elsewhere');
    } finally {
      await first.close();
    }
  });
});
