/** Faults of a queue and its surroundings on real processes: what must happen then, and that it changes no bit. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openLedgerReader } from '../../src/orchestrator/ledger/open-ledger.ts';
import type { Plan } from '../../src/orchestrator/plan/plan-study.ts';
import { queueKeys } from '../../src/shared/messages/queued-job.ts';
import { marinade, newFolder, writeStudy } from '../cli/harness.ts';
import { freePort, startRedis, type TestRedis } from '../support/redis.ts';
import { harmful, harmfulStudy } from '../worker/support.ts';
import { type Carried, carryOut, carryOutHere, endWorkers, hashesOf, planOf, queueDispatcher, startWorker } from './queue-harness.ts';

const study = `
study: faults-of-a-queue
experiment:
  problem: { name: quadratic, dimension: 40, heterogeneity: 1 }
  clients: { total: 10, byzantine: 3 }
  participation: { name: uniform, cohort: 4, largeCohort: 10 }
  method: { name: byz-vr-marina-pp, stepSize: 0.1, refresh: { probability: 0.05 }, batchSize: 1 }
  clipping: { name: step-proportional, factor: 1 }
  aggregator: { name: centered-clipping }
  attack: { name: bit-flip }
  rounds: 20000
  metrics: { every: 500, names: [loss, squared-gradient-norm] }
seeds: 0..3
`;

let redis: TestRedis;
let plan: Plan;
let reference: Carried;
const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'marinade-queue-faults-'));
  folders.push(made);
  return made;
}

/** The kinds of events in the journal of a results folder, counted. */
async function eventsOf(results: string): Promise<Readonly<Record<string, number>>> {
  const ledger = await openLedgerReader(results);
  const counts: Record<string, number> = {};
  for (const { kind } of await ledger.events(0, 100_000)) counts[kind] = (counts[kind] ?? 0) + 1;
  await ledger.close();
  return counts;
}

beforeAll(async () => {
  redis = await startRedis();
  plan = await planOf(study);
  reference = await carryOutHere(plan, folder());
});
afterEach(endWorkers);
afterAll(async () => {
  await redis.stop();
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

describe('workers', { timeout: 180_000 }, () => {
  test('all of them die: runs wait, nothing fails, and those that come later finish', async () => {
    const workers = [startWorker(redis.url), startWorker(redis.url)];
    const results = folder();
    const carried = await carryOut(plan, queueDispatcher(redis.url), results, 2000, [
      [
        4,
        async () => {
          for (const worker of workers) worker.signal('SIGKILL');
          await pause(5000);
          startWorker(redis.url);
        },
      ],
    ]);
    expect(hashesOf(carried)).toEqual(hashesOf(reference));
    expect((await eventsOf(results))['run:finish']).toBe(4);
  });

  test('one computes for ten times the life of its lock: nobody else gets the job', async () => {
    const slow = await planOf(JSON.stringify(harmfulStudy('client', 'dawdle', 1, { rounds: 1200 })), [harmful]);
    const [run] = slow.runs;
    for (let workers = 0; workers < 2; workers++) startWorker(redis.url, ['--strategies', harmful, '--lock-duration', '1']);
    const results = folder();
    const began = performance.now();
    const carried = await carryOut({ ...slow, runs: [run!] }, queueDispatcher(redis.url), results, 1200);
    expect(performance.now() - began).toBeGreaterThan(10_000);
    expect(carried.runs.map(({ outcome }) => outcome)).toEqual(['completed']);
    expect(await eventsOf(results)).toMatchObject({ 'attempt:begin': 1, 'round-job:commit': 1 });
    expect((await eventsOf(results))['run:death']).toBeUndefined();
  });
});

describe('messages', { timeout: 180_000 }, () => {
  test('every result is heard three times, the last time late: each counts once', async () => {
    startWorker(redis.url);
    const client = new Redis(redis.url);
    const { results: stream } = queueKeys('test');
    let listening = true;
    let doubled = 0;
    const double = async (): Promise<void> => {
      const reader = new Redis(redis.url);
      const seen = new Set<string>();
      for (let last = '0'; listening; ) {
        const answer = await reader.xreadBuffer('COUNT', 10, 'BLOCK', 100, 'STREAMS', stream, last);
        for (const [id, fields] of (answer?.[0]?.[1] ?? []) as [Buffer, Buffer[]][]) {
          last = id.toString();
          const told = fields.map((field) => field.toString('latin1')).join();
          if (seen.has(told)) continue;
          seen.add(told);
          doubled++;
          await client.xadd(stream, '*', ...fields);
          setTimeout(() => void client.xadd(stream, '*', ...fields).catch(() => {}), 500);
        }
      }
      reader.disconnect();
    };
    const doubling = double();
    const results = folder();
    const carried = await carryOut(plan, queueDispatcher(redis.url), results, 4000);
    listening = false;
    await doubling;
    client.disconnect();
    expect(doubled).toBeGreaterThan(10);
    expect(hashesOf(carried)).toEqual(hashesOf(reference));
    expect(await eventsOf(results)).toMatchObject({ 'round-job:commit': 20, 'run:finish': 4 });
  });
});

describe('Redis', { timeout: 180_000 }, () => {
  test('it has no memory left: said aloud, waited for, and the study goes on when there is some', async () => {
    const small = await startRedis(['--appendonly', 'yes', '--maxmemory', '8mb', '--maxmemory-policy', 'noeviction']);
    const client = new Redis(small.url);
    try {
      startWorker(small.url);
      const fill = async (): Promise<void> => {
        for (let i = 0; ; i++) {
          try {
            await client.rpush('ballast', 'x'.repeat(i < 200 ? 50_000 : 500));
          } catch {
            return;
          }
        }
      };
      const results = folder();
      const carried = await carryOut(plan, queueDispatcher(small.url), results, 2000, [
        [
          4,
          async () => {
            await fill();
            await pause(4000);
            await client.del('ballast');
          },
        ],
      ]);
      expect(hashesOf(carried)).toEqual(hashesOf(reference));

      await fill();
      const { folder: cwd, remove } = newFolder();
      writeStudy(cwd, study);
      const refused = await marinade(['run', 'study.yaml', '--redis', small.url], { cwd });
      remove();
      expect(refused.status).toBe(5);
      expect(refused.stderr).toMatch(/maxmemory/);
    } finally {
      client.disconnect();
      await endWorkers();
      await small.stop();
    }
  });

  test('it is not there: the command says so within its limit, and nothing is lost', async () => {
    const { folder: cwd, remove } = newFolder();
    writeStudy(cwd, study);
    const ended = await marinade(['run', 'study.yaml', '--redis', `redis://127.0.0.1:${await freePort()}`], { cwd });
    expect(ended.status).toBe(5);
    expect(ended.stderr).toMatch(/ECONNREFUSED|cannot be reached/);
    expect(ended.stderr).not.toMatch(/\n {4}at /);
    remove();
  });
});

/** The clock that tests can move, compiled; undefined without a C compiler. */
function compiledClock(): string | undefined {
  const path = join(folder(), 'clock.so');
  const source = fileURLToPath(new URL('../fixtures/clock.c', import.meta.url));
  const { status } = spawnSync('cc', ['-O2', '-shared', '-fPIC', '-o', path, source]);
  return status === 0 ? path : undefined;
}

const library = process.platform === 'linux' ? compiledClock() : undefined;
if (library === undefined) process.stderr.write('clock jumps are not tested: that takes Linux and a C compiler\n');

describe.skipIf(library === undefined)('clocks', { timeout: 120_000 }, () => {
  /** A clock of its own for processes started with `env`; `jump` moves it. */
  function clock(): { readonly env: Record<string, string>; jump(hours: number): void } {
    const path = join(folder(), 'seconds');
    writeFileSync(path, new BigInt64Array(1));
    const jump = (hours: number): void => {
      const file = openSync(path, 'r+');
      writeSync(file, BigInt64Array.of(BigInt(3600 * hours)));
      closeSync(file);
    };
    return { env: { LD_PRELOAD: library!, MARINADE_TEST_CLOCK: path }, jump };
  }

  test.each([1, -1])("a worker's jumps by %i h in mid-run", async (hours) => {
    const { env, jump } = clock();
    startWorker(redis.url, [], env);
    const results = folder();
    const carried = await carryOut(plan, queueDispatcher(redis.url), results, 2000, [[8, async () => jump(hours)]]);
    expect(hashesOf(carried)).toEqual(hashesOf(reference));
    for (const { computeSeconds } of carried.runs) expect(computeSeconds).toBeLessThan(600);
  });

  test.each([1, -1])("the orchestrator's jumps by %i h in mid-run", async (hours) => {
    const { env, jump } = clock();
    startWorker(redis.url);
    const { folder: cwd, remove } = newFolder();
    writeStudy(cwd, study);
    const running = marinade(
      ['run', 'study.yaml', '--redis', redis.url, '--queue', 'test', '--json', '--results', 'results', '--rounds-per-job', '1000'],
      { cwd, env },
    );
    await pause(2500);
    jump(hours);
    const ended = await running;
    expect(ended.status).toBe(0);
    const { runs } = JSON.parse(ended.stdout) as { runs: { runKey: string; resultHash: string; outcome: string }[] };
    expect(Object.fromEntries(runs.map(({ runKey, outcome, resultHash }) => [`${runKey} ${outcome}`, resultHash]))).toEqual(
      hashesOf(reference),
    );
    remove();
  });

  test.each([1, -1])('the one of Redis jumps by %i h in mid-run', async (hours) => {
    const { env, jump } = clock();
    const port = await freePort();
    const server: ChildProcess = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder(), '--appendonly', 'yes', '--save', ''],
      { stdio: 'ignore', env: { ...process.env, ...env } },
    );
    const url = `redis://127.0.0.1:${port}/0`;
    try {
      startWorker(url);
      const carried = await carryOut(plan, queueDispatcher(url), folder(), 2000, [[8, async () => jump(hours)]]);
      expect(hashesOf(carried)).toEqual(hashesOf(reference));
    } finally {
      await endWorkers();
      server.kill('SIGKILL');
    }
  });
});
