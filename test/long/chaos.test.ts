/**
 * A night of failures, seeded: 500 short runs over a queue, four worker processes, and every few seconds something is
 * killed, stopped, cut off or wiped. All runs end, none is quarantined, every hash is that of the undisturbed study.
 *
 * MARINADE_TEST_SEED chooses the night, MARINADE_TEST_CHAOS_SECONDS its least length (120; `docs/reliability.md` shows
 * one of 600): studies of 500 runs follow one another until it is over.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { openLedger } from '../../src/orchestrator/ledger/open-ledger.ts';
import { leftovers } from '../integration/one-machine-harness.ts';
import { carryOutHere, endWorkers, hashesOf, planOf, type Supervised, startWorker, supervise } from '../integration/queue-harness.ts';
import { randomFrom } from '../orchestrator/ledger/runs.ts';
import { type NetworkProxy, startProxy } from '../support/proxy.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const seed = Number(process.env['MARINADE_TEST_SEED'] ?? Math.floor(Math.random() * 1e6));
const leastSeconds = Number(process.env['MARINADE_TEST_CHAOS_SECONDS'] ?? 120);
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The lock of the workers, in seconds: what is stopped for longer has lost its job. */
const LOCK_SECONDS = 2;
const RUNS = 500;
const WORKERS = 4;

const studyText = (night: number): string => `
study: night-${night}
experiment:
  problem: { name: quadratic, dimension: 40, heterogeneity: 1 }
  clients: { total: 10, byzantine: 3 }
  participation: { name: uniform, cohort: 4, largeCohort: 10 }
  method: { name: byz-vr-marina-pp, stepSize: 0.1, refresh: { probability: 0.05 }, batchSize: 1 }
  clipping: { name: step-proportional, factor: 1 }
  aggregator: { name: centered-clipping }
  attack: { name: bit-flip }
  rounds: 15000
  metrics: { every: 500, names: [loss, squared-gradient-norm, clipped-fraction] }
parameters:
  attack.name: [bit-flip, inner-product-manipulation, shift-back, none, gaussian]
seeds: ${night * 100}..${night * 100 + RUNS / 5 - 1}
`;

/** What may be harmed. */
interface Parts {
  readonly redis: TestRedis;
  readonly proxies: readonly NetworkProxy[];
  readonly workers: readonly Supervised[];
  orchestrator(): ChildProcess | undefined;
  random(): number;
}

type Fault = (parts: Parts) => Promise<unknown>;

const oneOf = <T>(items: readonly T[], random: () => number): T => items[Math.floor(random() * items.length)]!;

const longerThanTheLock = (random: () => number): number => 1000 * LOCK_SECONDS * (1.2 + random());

/** Each fault heals itself before the next one comes. */
const faults: Readonly<Record<string, Fault>> = {
  'worker killed (SIGKILL)': async ({ workers, random }) => oneOf(workers, random).current.signal('SIGKILL'),
  'worker told to leave (SIGTERM)': async ({ workers, random }) => oneOf(workers, random).current.signal('SIGTERM'),
  'worker stopped past its lock (SIGSTOP)': async ({ workers, random }) => {
    const { current } = oneOf(workers, random);
    current.signal('SIGSTOP');
    await pause(longerThanTheLock(random));
    current.signal('SIGCONT');
  },
  'all workers killed': async ({ workers }) => {
    for (const { current } of workers) current.signal('SIGKILL');
  },
  'worker cut off past its lock': async ({ proxies, random }) => {
    const proxy = oneOf(proxies, random);
    proxy.blackHole();
    await pause(longerThanTheLock(random));
    proxy.heal();
  },
  'connections of a worker reset': async ({ proxies, random }) => oneOf(proxies, random).reset(),
  'slow link (300 ms) for three seconds': async ({ proxies, random }) => {
    const proxy = oneOf(proxies, random);
    proxy.delay(300);
    await pause(3000);
    proxy.heal();
  },
  'Redis killed, its append-only file kept': async ({ redis, random }) => {
    await redis.kill();
    await pause(1000 * random());
    await redis.restart({ keep: true });
  },
  'Redis killed, all its files lost': async ({ redis, random }) => {
    await redis.kill();
    await pause(1000 * random());
    await redis.restart({ keep: false });
  },
  'Redis wiped (FLUSHALL)': async ({ redis }) => {
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
  },
  'Redis stopped past the lock (SIGSTOP)': async ({ redis, random }) => {
    await redis.pause();
    await pause(longerThanTheLock(random));
    await redis.unpause();
  },
  'orchestrator killed (SIGKILL)': async ({ orchestrator }) => orchestrator()?.kill('SIGKILL'),
};

/** Runs the command again and again, as a person would, until it ends by itself with everything done. */
async function untilDone(args: readonly string[], cwd: string, started: (child: ChildProcess) => void): Promise<number> {
  for (let starts = 1; ; starts++) {
    const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    started(child);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (code === 0) return starts;
    // Killed, or Redis was not to be had, or the queue still belonged to the one that was killed: the same command again.
    if (signal !== 'SIGKILL' && code !== 5) throw new Error(`the orchestrator ended with ${code ?? signal}: ${said}`);
    await pause(500);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'marinade-chaos-'));
const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await endWorkers();
  rmSync(folder, { recursive: true, force: true });
});

test(`a night of failures loses no run and changes no bit (MARINADE_TEST_SEED=${seed})`, { timeout: 3_600_000 }, async () => {
  const random = randomFrom(seed);
  const redis = await startRedis();
  closing.push(() => redis.stop());
  const proxies = [await startProxy(redis.port), await startProxy(redis.port)];
  closing.push(...proxies.map((proxy) => () => proxy.close()));
  const addresses = [redis.url, redis.url, ...proxies.map(({ port }) => `redis://127.0.0.1:${port}/0`)];
  const workers = addresses.slice(0, WORKERS).map((url) => supervise(() => startWorker(url, ['--lock-duration', String(LOCK_SECONDS)])));
  closing.push(async () => {
    for (const supervised of workers) supervised.stop();
  });

  const began = performance.now();
  const counts: Record<string, number> = Object.fromEntries(Object.keys(faults).map((name) => [name, 0]));
  const events: Record<string, number> = {};
  let starts = 0;
  let runs = 0;
  for (let night = 0; night === 0 || (performance.now() - began) / 1000 < leastSeconds; night++) {
    const cwd = join(folder, `night-${night}`);
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'study.yaml'), studyText(night));
    const plan = await planOf(studyText(night));
    expect(plan.runs).toHaveLength(RUNS);
    let orchestrator: ChildProcess | undefined;
    let over = false;
    const args = [
      'run',
      'study.yaml',
      '--results',
      'results',
      '--redis',
      redis.url,
      '--queue',
      'test',
      '--quiet',
      '--rounds-per-job',
      '4000',
    ];
    const carried = untilDone(args, cwd, (child) => {
      orchestrator = child;
    }).finally(() => {
      over = true;
    });
    carried.catch(() => {});
    const parts: Parts = { redis, proxies, workers, random, orchestrator: () => orchestrator };
    while (!over) {
      await pause(1000 + 3000 * random());
      if (over) break;
      const name = oneOf(Object.keys(faults), random);
      await faults[name]!(parts);
      counts[name]!++;
    }
    starts += await carried;

    const reference = await carryOutHere(plan, join(folder, `reference-${night}`));
    const ledger = await openLedger(join(cwd, 'results'));
    const ended = await ledger.runs(plan.studyKey);
    for (const { kind } of await ledger.events(0, Number.MAX_SAFE_INTEGER)) events[kind] = (events[kind] ?? 0) + 1;
    const findings = await ledger.check();
    await ledger.close();
    expect(hashesOf({ runs: ended, warnings: [] })).toEqual(hashesOf(reference));
    expect(new Set(ended.map(({ outcome }) => outcome))).toEqual(new Set(['completed']));
    expect(findings).toEqual([]);
    expect(leftovers(join(cwd, 'results'))).toEqual([]);
    runs += ended.length;
  }

  const lines = [
    `chaos: seed ${seed}, ${((performance.now() - began) / 1000).toFixed(0)} s, ${runs} runs ended as they should, ${starts} starts of the orchestrator`,
    ...Object.entries(counts).map(([name, count]) => `  ${String(count).padStart(4)}  ${name}`),
    `  workers ended ${workers.flatMap(({ ends }) => ends).length} times and were started again`,
    ...Object.entries(events)
      .sort()
      .map(([kind, count]) => `  ${String(count).padStart(6)}  ${kind}`),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
  expect(events['round-job:disagree'] ?? 0).toBe(0);
});
