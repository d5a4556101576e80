import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Experiment } from '../../../src/algorithm/experiment.ts';
import { withValueAt } from '../../../src/orchestrator/plan/paths.ts';
import { runIdentity } from '../../../src/orchestrator/plan/run-key.ts';
import { numericsVersion } from '../../../src/shared/messages/round-job.ts';
import { base, plan } from './support.ts';

interface Golden {
  readonly experiment: Experiment;
  readonly dataSha256: string;
  readonly strategies: readonly string[];
  readonly runKey: string;
  readonly trajectoryKey: string;
}

const golden = JSON.parse(readFileSync(new URL('../../fixtures/run-keys.json', import.meta.url), 'utf8')) as readonly Golden[];

/** Paths of all values of an object that are no objects themselves. */
function leavesOf(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return [path.join('.')];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

/** Another value of the same kind. */
function changed(value: unknown): unknown {
  return typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${String(value)}-`;
}

describe('run and trajectory keys', () => {
  test('their golden values are those of this version of the numbers', () => {
    expect(numericsVersion).toBe(2);
  });

  test.each(golden.map((row, i) => [i, row] as const))('they agree with an independent implementation, case %i', (_, row) => {
    const { runKey, trajectoryKey, experiment, dataSha256, strategies } = row;
    expect(runIdentity(experiment, dataSha256, strategies)).toEqual({ runKey, trajectoryKey });
  });

  test('it does not matter in which order keys are written, or whether defaults are', async () => {
    const [one] = (await plan(base)).runs;
    const [other] = (
      await plan(`study: other-name
description: what a study is called enters no key
limits: { runs: 7 }
experiment:
  rounds: 10
  attack: { on: estimate, name: shift-back }
  stop: { diverged: { rounds: 3, factor: 1.0e6 } }
  aggregator: { name: coordinate-median, preAggregators: [] }
  method: { stepSize: 5.0e-2, name: gradient-descent }
  clients: { byzantine: 2, total: 10 }
  participation: { name: full }
  problem: { dimension: 20, name: quadratic }
`)
    ).runs;
    expect(other).toEqual(one);
  });

  test('every value of the resolved experiment enters the run key; rounds, metrics and stop do not enter the other', async () => {
    const [run] = (await plan(`${base}parameters: { stop.target: [{ metric: loss, below: 1 }] }\n`)).runs;
    const experiment = JSON.parse(run!.experiment) as Experiment;
    const own = runIdentity(experiment, '', []);
    const leaves = leavesOf(experiment);
    expect(leaves.length).toBeGreaterThan(25);
    const keys = leaves.map((path) => {
      // Setting a name through `withValueAt` would drop its neighbours: names are changed in place.
      const at = path.endsWith('.name') ? path.slice(0, -5) : path;
      const value = path.split('.').reduce<unknown>((node, step) => (node as Record<string, unknown>)[step], experiment);
      const whole = at.split('.').reduce<unknown>((node, step) => (node as Record<string, unknown>)[step], experiment);
      const next = at === path ? changed(value) : { ...(whole as object), name: changed(value) };
      const identity = runIdentity(withValueAt(experiment, at, next) as Experiment, '', []);
      const beside = ['rounds', 'metrics', 'stop'].includes(path.split('.')[0]!);
      expect([path, identity.trajectoryKey === own.trajectoryKey]).toEqual([path, beside]);
      return identity.runKey;
    });
    expect(new Set([own.runKey, ...keys]).size).toBe(leaves.length + 1);
  });

  test('data enter by content and by what is made of them, never by place', () => {
    const [row] = golden;
    const keyOf = (data: Record<string, unknown>, sha256 = 'ab'): string =>
      runIdentity(
        { ...row!.experiment, data: { normalize: 'none', format: 'libsvm', targets: 'classes', ...data } as Experiment['data'] },
        sha256,
        [],
      ).runKey;
    const own = keyOf({ file: '/a' });
    expect(keyOf({ file: '/elsewhere', dimension: 7, test: '/t' })).toBe(own);
    expect(keyOf({ file: '/a' }, 'cd')).not.toBe(own);
    expect(keyOf({ file: '/a', normalize: 'rows' })).not.toBe(own);
    expect(keyOf({ file: '/a', targets: 'real' })).not.toBe(own);
  });

  test("users' strategy modules enter by content", async () => {
    const [plain] = (await plan(base)).runs;
    const [withModule] = (await plan(base, [], ['ab'])).runs;
    const [withOther] = (await plan(base, [], ['cd'])).runs;
    expect(new Set([plain!.runKey, withModule!.runKey, withOther!.runKey]).size).toBe(3);
    expect(new Set([plain!.trajectoryKey, withModule!.trajectoryKey, withOther!.trajectoryKey]).size).toBe(3);
  });
});

describe('objective keys', () => {
  const gap = `${base}  metrics: { names: [optimality-gap] }\n`;
  const keysOf = async (parameters: string, text = gap): Promise<(string | null)[]> =>
    (await plan(`${text}parameters: { ${parameters} }\n`)).runs.map(({ objectiveKey }) => objectiveKey);

  test('one objective is shared by runs that differ in how they minimise it', async () => {
    const keys = await keysOf('attack.name: [none, bit-flip], method.stepSize: [0.1, 0.2], rounds: [1, 2], metrics.every: [1, 5]');
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  test('seeds share it where neither problem nor partition is random, and no longer where one is', async () => {
    const onData = gap.replace('{ name: quadratic, dimension: 20 }', '{ name: logistic-regression, l2: 0.1 }\n  data: { name: a9a }');
    const seeds = async (text: string): Promise<number> =>
      new Set((await plan(`${text}seeds: 0..2\n`)).runs.map(({ objectiveKey }) => objectiveKey)).size;
    expect(await seeds(gap)).toBe(3);
    expect(await seeds(onData)).toBe(1);
    expect(await seeds(onData.replace('  rounds', '  partition: { name: iid }\n  rounds'))).toBe(3);
  });

  test('the number of clients does not matter to homogeneous data, and does to split data', async () => {
    const onData = gap.replace('{ name: quadratic, dimension: 20 }', '{ name: logistic-regression, l2: 0.1 }\n  data: { name: a9a }');
    expect(new Set(await keysOf('clients.total: [10, 12], problem.l2: [0.1, 0.2]', onData)).size).toBe(2);
    expect(new Set(await keysOf('clients.total: [10, 12], partition: [{ name: label-sorted }]', onData)).size).toBe(2);
  });

  test('there is none where no metric needs it', async () => {
    expect((await plan(base)).runs[0]!.objectiveKey).toBeNull();
  });
});
