/** Who answers the clients of a round, and in which order, changes no bit: every gather against the plain one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalog } from '../../src/algorithm/catalog.ts';
import { compile } from '../../src/algorithm/engine/compile.ts';
import { answerTask, type Gather } from '../../src/algorithm/engine/gather.ts';
import { Simulation, type SimulationEnvironment } from '../../src/algorithm/engine/simulation.ts';
import type { Experiment } from '../../src/algorithm/experiment.ts';
import { plainArena } from '../../src/algorithm/kernels/plain-arena.ts';
import type { RunPlan } from '../../src/orchestrator/plan/plan-study.ts';
import { codeOf } from '../../src/shared/errors.ts';
import { resultHash } from '../../src/shared/hash.ts';
import { numericsVersion } from '../../src/shared/messages/round-job.ts';
import { controlInts, leadGather } from '../../src/worker/gather-threads.ts';
import type { WorkerPool } from '../../src/worker/pool.ts';
import { randomFrom } from '../orchestrator/ledger/runs.ts';
import { changed, studies } from '../worker/experiments.ts';
import { carry, makePool, runsOf } from '../worker/support.ts';

const threads = [1, 2, 3].map((count) => makePool(count, { plan: 'clients' }));
const reference = makePool(1, { plan: 'inline' });
afterAll(() => Promise.all([reference, ...threads].map((pool) => pool.close())));

type MakeGather = NonNullable<SimulationEnvironment['gather']>;

/** Carries a run out on this thread over a gather of the test's. */
async function simulated(run: RunPlan, pool: WorkerPool, gather: MakeGather): Promise<string> {
  const experiment = JSON.parse(run.experiment) as Experiment;
  const loaded = experiment.data === undefined ? undefined : await pool.load(experiment.data);
  const simulation = new Simulation({
    compiled: compile(experiment, catalog),
    data: loaded?.data,
    testData: loaded?.test,
    arena: plainArena(),
    optimum: null,
    gather,
  });
  for (let outcome = simulation.begin(); outcome === null; ) outcome = simulation.advance();
  return resultHash({ numericsVersion, x: simulation.x, columns: simulation.takePoints().columns });
}

/** A gather that answers the tasks of a request in an order of its own. */
function inOrder(orderOf: (count: number) => readonly number[]): MakeGather {
  return ({ clientSide }) =>
    (request, tasks, rows) => {
      for (const t of orderOf(tasks.count)) answerTask(clientSide, request, tasks, t, rows);
    };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, t) => t);
const uniform = randomFrom(3);
const shuffled = (count: number): number[] =>
  upTo(count)
    .map((t) => [uniform(), t] as const)
    .sort(([a], [b]) => a - b)
    .map(([, t]) => t);

describe.each(studies)('gathers: %s', (_, study) => {
  let run: RunPlan;
  let expected: Awaited<ReturnType<typeof carry>>;
  beforeAll(async () => {
    run = (await runsOf(study, [], reference))[0]!;
    expected = await carry(run, reference);
  });

  test('the run is worth comparing: it moved, and recorded points', () => {
    expect(expected.columns['loss']!.length).toBeGreaterThan(0);
    expect(new Set(expected.columns['loss']).size).toBeGreaterThan(expected.outcome === 'completed' ? 5 : 0);
  });

  test.each([
    ['in order', upTo],
    ['backwards', (count: number) => upTo(count).reverse()],
    ['shuffled', shuffled],
  ])('clients answered %s give the same bits', async (_order, orderOf) => {
    expect(await simulated(run, reference, inOrder(orderOf))).toBe(expected.resultHash);
  });

  test.each(threads.map((pool, i) => [i + 1, pool] as const))('%i threads at the barrier give the same bits', async (_count, pool) => {
    if (JSON.parse(run.experiment).data !== undefined) await pool.load(JSON.parse(run.experiment).data);
    for (const roundsPerJob of [24, 5]) expect((await carry(run, pool, roundsPerJob)).resultHash).toBe(expected.resultHash);
  });

  test('metrics that need computations and random numbers of their own change nothing of the run', async () => {
    const names = [
      'loss',
      'injected-error',
      'injected-error-ratio',
      'clipping-level',
      'byzantine-majority',
      'downlink-bits',
      'clipping-shrinkage',
    ];
    const [other] = await runsOf(changed(study, { metrics: { every: 1, names } }), [], reference);
    const { columns } = await carry(other!, reference);
    // Recorded every round instead of every third; a run that diverges is found out sooner.
    const shared = Math.min(expected.columns['loss']!.length - 1, Math.ceil(columns['loss']!.length / 3));
    for (let i = 0; i < shared; i++) expect(columns['loss']![3 * i]).toBe(expected.columns['loss']![i]);
    expect(shared).toBeGreaterThan(0);
  });
});

describe('the gather over threads', () => {
  test('it refuses a phase that the method does not have', () => {
    const { method } = compile(JSON.parse(JSON.stringify(experimentOf())) as Experiment, catalog);
    const control = new Int32Array(new SharedArrayBuffer(4 * controlInts(3)));
    const gather: Gather = leadGather(control, 3, method, new Float64Array(8), undefined as never);
    const foreign = { phase: { ...method.phases[0]!, name: 'foreign' }, position: 0, k: 1, vectors: {} };
    const tasks = {
      count: 0,
      client: new Int32Array(3),
      row: new Int32Array(3),
      kind: new Int32Array(3),
      peek: new Uint8Array(3),
      encode: new Uint8Array(3),
    };
    let code = '';
    try {
      gather(foreign, tasks, []);
    } catch (thrown) {
      code = codeOf(thrown);
    }
    expect(code).toBe('MARINADE_PROTOCOL_UNKNOWN_PHASE');
  });
});

/** A resolved experiment. */
function experimentOf(): unknown {
  return JSON.parse(resolved.experiment);
}

const resolved = (await runsOf(studies[4]![1]))[0]!;
