/**
 * Workers that compute nothing: `node no-op-workers.ts URL QUEUE WORKERS THREADS DELAY_MS`. They take round jobs as real
 * ones do, wait (a quarter more or less), and send results of the right shape: checkpoints of 8 KB, a point of every metric where one is due.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Experiment } from '../../src/algorithm/experiment.ts';
import { runIdentity } from '../../src/orchestrator/plan/run-key.ts';
import { redisOptions } from '../../src/shared/config/redis.ts';
import type { RoundJobExecutor } from '../../src/shared/contracts/round-job.ts';
import { encodeCheckpoint } from '../../src/shared/messages/codec.ts';
import { queueKeys } from '../../src/shared/messages/queued-job.ts';
import { numericsVersion, type RoundJob, type RoundJobResult } from '../../src/shared/messages/round-job.ts';
import { QueueWorker } from '../../src/worker/queue-worker.ts';

const [url = '', queue = '', workers = '1', threads = '1', delayMs = '0'] = process.argv.slice(2);
const block = new Float64Array(1000);

interface Shape {
  readonly rounds: number;
  readonly metrics: { readonly every: number; readonly names: readonly string[] };
  readonly problem: { readonly dimension: number };
}

const shapes = new Map<string, Shape>();

function shapeOf({ runKey, experiment }: RoundJob): Shape {
  const known = shapes.get(runKey);
  if (known !== undefined) return known;
  const shape = JSON.parse(experiment) as Shape;
  shapes.set(runKey, shape);
  return shape;
}

function resultOf(job: RoundJob): RoundJobResult {
  const { runKey, epoch, fromRound } = job;
  const { rounds, metrics, problem } = shapeOf(job);
  const toRound = Math.min(rounds, Math.max(0, fromRound) + job.rounds);
  const first = fromRound < 0 ? 0 : Math.floor(fromRound / metrics.every) + 1;
  const count = Math.floor(toRound / metrics.every) + 1 - first;
  const ends = toRound === rounds;
  return {
    runKey,
    epoch,
    fromRound,
    toRound,
    checkpoint: encodeCheckpoint({ runKey, round: toRound, numericsVersion, sections: { block }, meta: {} }),
    points: { first, count, columns: Object.fromEntries(metrics.names.map((name) => [name, new Float64Array(count).fill(0.5)])) },
    outcome: ends ? 'completed' : null,
    x: ends ? new Float64Array(problem.dimension) : null,
    computeMs: Number(delayMs),
    threads: 1,
    notes: {},
  };
}

const executor: RoundJobExecutor = {
  capacity: Number(threads),
  async execute(job) {
    if (delayMs !== '0') await pause((0.75 + 0.5 * Math.random()) * Number(delayMs));
    return resultOf(job);
  },
  requestStop() {},
  close: async () => {},
};

for (let i = 0; i < Number(workers); i++) {
  new QueueWorker({
    waiting: redisOptions(url, 'waiting'),
    keys: queueKeys(queue),
    executor,
    isolated: executor,
    version: 'no-op',
    runKeyOf: (experiment, dataSha256) => runIdentity(JSON.parse(experiment) as Experiment, dataSha256, []).runKey,
    onWarning: (message) => process.stderr.write(`${message}\n`),
  });
}
process.stderr.write(`${workers} workers that compute nothing\n`);
