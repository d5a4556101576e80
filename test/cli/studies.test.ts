/** From nothing to a plan: `init`, `schema`, `validate`, `plan`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalog } from '../../src/algorithm/catalog.ts';
import { type Ended, jsonOf, marinade, newFolder, smallStudy, writeStudy } from './harness.ts';

const { folder, remove } = newFolder();
const here = { cwd: folder };
const stuck = fileURLToPath(new URL('./strategies/stuck.ts', import.meta.url));
let begun: Ended;

beforeAll(async () => {
  begun = await marinade(['init', 'first.yaml'], here);
});
afterAll(remove);

interface Plan {
  readonly study: string;
  readonly seeds: readonly number[];
  readonly cells: readonly { readonly parameters: object; readonly warnings: readonly string[] }[];
  readonly dropped: readonly { readonly parameters: object; readonly why: string }[];
  readonly runs: readonly { readonly runKey: string; readonly seed: number; readonly rounds: number }[];
  readonly estimate: {
    readonly seconds: number;
    readonly threads: number;
    readonly roundsPerSecond: number;
    readonly sampledCells: number;
  } | null;
}

describe('marinade init', () => {
  it('writes a commented study, and beside it the schema its first line names', () => {
    expect(begun).toMatchObject({ status: 0, stdout: 'first.yaml\n' });
    const [head] = readFileSync(join(folder, 'first.yaml'), 'utf8').split('\n');
    const [, schema] = /^# yaml-language-server: \$schema=(.*)$/.exec(head!)!;
    expect(JSON.parse(readFileSync(join(folder, schema!), 'utf8'))).toMatchObject({ title: 'marinade study' });
  });

  it('never overwrites a file unless told to', async () => {
    writeFileSync(join(folder, 'mine.yaml'), 'mine');
    const refused = await marinade(['init', 'mine.yaml'], here);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain("'mine.yaml' exists already");
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toBe('mine');
    expect((await marinade(['init', 'mine.yaml', '--force'], here)).status).toBe(0);
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toBe(readFileSync(join(folder, 'first.yaml'), 'utf8'));
  });

  it('writes a study that runs without data and network, and says on what', async () => {
    const ended = await marinade(['run', 'first.yaml', '--set', 'rounds=20', '--json'], here);
    expect(ended.status).toBe(0);
    expect(ended.stderr).toContain('these runs are on synthetic-adult');
    expect(jsonOf<{ runs: { outcome: string }[] }>(ended).runs.map(({ outcome }) => outcome)).toEqual(Array(9).fill('completed'));
  });
});

describe('marinade schema', () => {
  it('knows every strategy by name, and refuses unknown keys as the reader does', () => {
    const schema = JSON.parse(readFileSync(join(folder, 'marinade.schema.json'), 'utf8')) as {
      $schema: string;
      additionalProperties: boolean;
      required: string[];
      properties: {
        experiment: { required?: string[]; properties: Record<string, { oneOf: { properties: { name: { const: string } } }[] }> };
      };
    };
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', additionalProperties: false });
    expect(schema.required).toEqual(['study', 'experiment']);
    expect(schema.properties.experiment.required).toBeUndefined();
    for (const [key, registry] of [
      ['attack', catalog.attacks],
      ['method', catalog.methods],
      ['aggregator', catalog.aggregators],
    ] as const) {
      const named = schema.properties.experiment.properties[key]!.oneOf.map(({ properties }) => properties.name.const);
      expect(named).toEqual(registry.names);
    }
    expect(JSON.stringify(schema)).not.toContain(String(Number.MAX_SAFE_INTEGER));
  });
});

describe('marinade validate', () => {
  it('checks every cell without data and leaves nothing behind', async () => {
    const ended = await marinade(['validate', 'first.yaml'], here);
    expect(ended).toMatchObject({ status: 0, stdout: 'my-first-study: 3 cells x 3 seeds = 9 runs\n' });
    writeStudy(folder);
    expect(jsonOf(await marinade(['validate', 'study.yaml', '--json'], here))).toEqual({
      schema: 1,
      study: 'small',
      valid: true,
      cells: 2,
      runs: 6,
    });
  });
});

describe('marinade plan', () => {
  const text = smallStudy
    .replace('parameters:\n', 'parameters:\n  clients.byzantine: [1, 2, 3]\n')
    .concat('exclude: [{ clipping.name: none, clients.byzantine: 1 }]\nwhere: "clients.byzantine < 3"\n');

  it('counts, shows the first cells and says why others were dropped', async () => {
    const { status, stdout } = await marinade(['plan', writeStudy(folder, text, 'dropping.yaml')], here);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^small \([0-9a-f]{16}\): 3 cells x 3 seeds = 9 runs; 3 cells dropped, 1,800 rounds\n/);
    expect(stdout).toMatch(/^1 +none +exclude$/m);
    expect(stdout).toMatch(/^3 +step-proportional factor 1 +where$/m);
    expect(stdout).toMatch(
      /about .* on \d+ threads? if every run goes to its end \([\d,]+ rounds\/s a thread, measured just now on 3 of 3 cells\)/,
    );
  });

  it('prints the same as one object, with run keys that a run will have', async () => {
    const plan = jsonOf<Plan>(await marinade(['plan', 'dropping.yaml', '--json', '--threads', '1'], here));
    expect(plan).toMatchObject({ schema: 1, study: 'small', seeds: [0, 1, 2], estimate: { threads: 1, sampledCells: 3 } });
    expect(plan.dropped.map(({ why }) => why)).toEqual(['exclude', 'where', 'where']);
    const { seconds, roundsPerSecond } = plan.estimate!;
    expect(seconds * roundsPerSecond).toBeCloseTo(1800, 6);
    const ran = jsonOf<Plan>(await marinade(['run', 'dropping.yaml', '--json'], here));
    expect(plan.runs.map(({ runKey }) => runKey)).toEqual(ran.runs.map(({ runKey }) => runKey));
    expect((await marinade(['plan', 'dropping.yaml', '-q'], here)).stdout).toBe(plan.runs.map(({ runKey }) => `${runKey}\n`).join(''));
  });

  it('shows warnings on standard error, and applies --set', async () => {
    const ended = await marinade(['plan', 'study.yaml', '--json', '--set', 'aggregator={name: mean}', '--set', 'rounds=77'], here);
    expect(ended.stderr).toContain('mean survives no byzantine row');
    expect(jsonOf<Plan>(ended).runs.map(({ rounds }) => rounds)).toEqual(Array(6).fill(77));
  });

  it('names no time where rounds never end', async () => {
    const text = smallStudy.replace('quadratic, dimension: 6', 'stuck-in-rounds').replace('optimality-gap', 'loss');
    const args = ['plan', writeStudy(folder, text, 'stuck.yaml'), '--strategies', stuck];
    const { status, stdout } = await marinade(args, { ...here, env: { MARKER: join(folder, 'marker') } });
    expect(status).toBe(0);
    expect(stdout).not.toContain('about');
  });
});
