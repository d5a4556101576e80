/** One study carried out once, and every verb that reads what it left. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Ended, hashesOf, jsonOf, marinade, newFolder, type StudyObject, smallStudy, temporaryFolder, writeStudy } from './harness.ts';

const { folder, remove } = newFolder();
const here = { cwd: folder };
let ran: Ended;
let study: StudyObject;

beforeAll(async () => {
  ran = await marinade(['run', writeStudy(folder), '--threads', '2', '--json'], here);
  study = jsonOf<StudyObject>(ran);
});
afterAll(remove);

describe('marinade run --json', () => {
  it('prints one object, ends with 0 and keeps everything else off standard output', () => {
    expect(ran.status).toBe(0);
    expect(ran.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(Object.keys(study)).toEqual(['schema', 'study', 'studyKey', 'runs']);
    expect(study).toMatchObject({ schema: 1, study: 'small' });
  });

  it('has the runs in the order of the plan, with the fields scripts rely on', () => {
    expect(study.runs.map(({ parameters, seed }) => [(parameters['clipping'] as { name: string }).name, seed])).toEqual([
      ['none', 0],
      ['none', 1],
      ['none', 2],
      ['step-proportional', 0],
      ['step-proportional', 1],
      ['step-proportional', 2],
    ]);
    for (const run of study.runs) {
      expect(Object.keys(run)).toEqual(['runKey', 'parameters', 'seed', 'outcome', 'rounds', 'metrics', 'resultHash', 'data']);
      expect(run).toMatchObject({ outcome: 'completed', rounds: 200 });
      expect(run.runKey).toMatch(/^[0-9a-f]{64}$/);
      expect(run.resultHash).toMatch(/^[0-9a-f]{64}$/);
      expect(Object.keys(run.metrics)).toEqual(['optimality-gap', 'gradient-norm', 'clipping-level']);
    }
  });

  it('writes non-finite numbers as strings and a minimum that ignores NaN', () => {
    const unclipped = study.runs[0]!.metrics['clipping-level']!;
    expect(unclipped).toEqual({ first: 'NaN', last: 'Infinity', min: 'Infinity' });
    const clipped = study.runs[3]!.metrics['clipping-level']!;
    expect(clipped.first).toBe('NaN');
    expect(clipped.min).toBeTypeOf('number');
  });

  it('computes nothing when the study is submitted again, and prints the same', async () => {
    const again = await marinade(['run', 'study.yaml', '--json'], here);
    expect(again).toMatchObject({ status: 0, stdout: ran.stdout });
    expect((await marinade(['run', 'study.yaml'], here)).stdout).toContain('small: 6 runs (6 known before)');
  });

  it('has the same hashes whatever the threads and the rounds of a job', async () => {
    for (const execution of [
      ['--threads', '1', '--rounds-per-job', '7'],
      ['--threads', '2', '--parallel', 'clients', '--rounds-per-job', '50'],
      ['--parallel', 'inline'],
    ]) {
      const other = await marinade(['run', 'study.yaml', '--json', '--results', `other-${execution.at(-1)}`, ...execution], here);
      expect(hashesOf(other)).toEqual(hashesOf(ran));
    }
  });

  it('prints run keys alone with --quiet, and nothing else', async () => {
    const quiet = await marinade(['run', 'study.yaml', '-q'], here);
    expect(quiet).toMatchObject({ status: 0, stdout: `${study.runs.map(({ runKey }) => runKey).join('\n')}\n`, stderr: '' });
  });
});

describe('marinade list', () => {
  it('prints studies with their runs by state', async () => {
    const { stdout, status } = await marinade(['list', '--json'], here);
    const parsed = JSON.parse(stdout) as { studies: { studyKey: string }[] };
    expect(status).toBe(0);
    expect(parsed).toEqual({ schema: 1, studies: [{ study: 'small', studyKey: parsed.studies[0]!.studyKey, runs: { finished: 6 } }] });
    expect((await marinade(['list', '-q'], here)).stdout).toBe(`${parsed.studies[0]!.studyKey}\n`);
    expect((await marinade(['list'], here)).stdout).toMatch(/small .*6 finished/);
  });
});

interface OneRun {
  readonly experiment: object;
  readonly attempts: readonly object[];
  readonly checkpoints: readonly number[];
}

describe('marinade show', () => {
  it('prints the object run printed, by name and by the beginning of the key', async () => {
    const key = (JSON.parse((await marinade(['list', '--json'], here)).stdout) as { studies: { studyKey: string }[] }).studies[0]!.studyKey;
    for (const name of ['small', key.slice(0, 10)]) {
      expect((await marinade(['show', name, '--json'], here)).stdout).toBe(ran.stdout);
    }
  });

  it('prints one run by the beginning of its key', async () => {
    const run = study.runs[4]!;
    const shown = await marinade(['show', run.runKey.slice(0, 12), '--json'], here);
    const {
      runs: [detailed],
      ...owner
    } = jsonOf<StudyObject & { readonly runs: readonly OneRun[] }>(shown);
    expect(owner).toEqual({ schema: 1, study: 'small', studyKey: study.studyKey });
    expect(detailed).toMatchObject({ ...run, state: 'finished', plannedRounds: 200, data: null, warnings: [], failure: null });
    expect(detailed!.experiment).toMatchObject({ seed: 1, rounds: 200, clipping: { name: 'step-proportional', factor: 1 } });
    expect(detailed!.attempts).toEqual([
      expect.objectContaining({
        fence: expect.any(Number),
        fromRound: -1,
        worker: expect.any(String),
        endedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      }),
    ]);
    expect(detailed!.checkpoints.at(-1)).toBe(200);
    const text = (await marinade(['show', run.runKey], here)).stdout;
    for (const part of [run.runKey, run.resultHash!, 'step-proportional', '"dimension": 6', 'attempt']) expect(text).toContain(part);
  });

  it('shows a table for a study', async () => {
    const { stdout, stderr } = await marinade(['show', 'small'], here);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/none +3 +3 completed +200/);
    expect(stdout).toContain(study.runs[5]!.runKey.slice(0, 12));
  });

  it('says what there is when a name is unknown', async () => {
    const { status, stdout, stderr } = await marinade(['show', 'smal'], here);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(
      "MARINADE_STORAGE_NOT_FOUND: neither a study nor a run called 'smal' in this results folder; `marinade list` shows the studies\n",
    );
    expect((await marinade(['list', '--results', 'nowhere'], here)).status).toBe(2);
  });
});

describe('marinade compare', () => {
  interface Compared {
    readonly metric: string;
    readonly comparisons: {
      parameters: { clipping: { name: string } };
      reference: object;
      pairs: number;
      lower: number;
      equal: number;
      higher: number;
      difference: { mean: number; low: number; high: number };
      ratio: { mean: number };
    }[];
  }

  it('pairs cells over seeds', async () => {
    const { metric, comparisons } = jsonOf<Compared>(await marinade(['compare', 'small', '--json'], here));
    expect(metric).toBe('optimality-gap');
    expect(comparisons).toHaveLength(1);
    const [one] = comparisons;
    expect(one).toMatchObject({
      parameters: { clipping: { name: 'step-proportional' } },
      reference: { clipping: { name: 'none' } },
      pairs: 3,
    });
    const last = (i: number): number => study.runs[i]!.metrics['optimality-gap']!.last as number;
    const differences = [0, 1, 2].map((seed) => last(3 + seed) - last(seed));
    expect(one!.difference.mean).toBeCloseTo(differences.reduce((sum, value) => sum + value, 0) / 3, 12);
    expect(one!.lower).toBe(differences.filter((value) => value < 0).length);
    expect(one!.higher).toBe(differences.filter((value) => value > 0).length);
  });

  it('compares along one parameter by another metric, as a table', async () => {
    const { status, stdout } = await marinade(['compare', 'small', '--by', 'clipping', '--metric', 'gradient-norm'], here);
    expect(status).toBe(0);
    expect(stdout).toContain('last gradient-norm, paired over seeds');
    expect(stdout).toMatch(/step-proportional factor 1 +none +3/);
  });

  it('names what is recorded and varied when asked for something else', async () => {
    const metric = await marinade(['compare', 'small', '--metric', 'los'], here);
    expect(metric).toMatchObject({ status: 2, stdout: '' });
    expect(metric.stderr).toContain("records optimality-gap, gradient-norm, clipping-level; got 'los'");
    const by = await marinade(['compare', 'small', '--by', 'attack.name'], here);
    expect(by.status).toBe(2);
    expect(by.stderr).toContain("varies clipping; got 'attack.name'");
  });
});

describe('marinade report', () => {
  it('writes a report with figures and prints its path', async () => {
    const { status, stdout } = await marinade(['report', 'small', '--out', 'paper'], here);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'paper/report.html\n' });
    expect(readFileSync(join(folder, 'paper/report.html'), 'utf8')).toContain(study.runs[0]!.runKey.slice(0, 16));
    const { report, figures } = jsonOf<{ report: string; figures: string[] }>(await marinade(['report', 'small', '--json'], here));
    expect(report).toBe(join(folder, 'marinade-results/reports/small/report.html'));
    expect(figures.length).toBeGreaterThan(1);
    for (const path of figures) expect(existsSync(path)).toBe(true);
  });

  it('says where it could not write', async () => {
    const { status, stderr } = await marinade(['report', 'small', '--out', 'study.yaml/inside'], here);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^MARINADE_CONFIG_FOLDER: .*study\.yaml\/inside/);
  });
});

describe('studies of one name', () => {
  const other = smallStudy.replace('rounds: 200', 'rounds: 100');
  const shared = { cwd: '' };
  let keys: readonly string[];

  beforeAll(async () => {
    const { folder: own, remove: removeOwn } = newFolder();
    shared.cwd = own;
    const first = await marinade(['run', writeStudy(own), '--report', '--json'], shared);
    const second = await marinade(['run', writeStudy(own, other, 'other.yaml'), '--report', '--json'], shared);
    keys = [first, second].map((ended) => jsonOf<StudyObject>(ended).studyKey);
    expect([first.stderr, second.stderr]).toEqual([
      'report: marinade-results/reports/small/report.html\n',
      `report: marinade-results/reports/small-${keys[1]!.slice(0, 8)}/report.html\n`,
    ]);
    return removeOwn;
  });

  it('keep their reports apart, each in the folder it has', async () => {
    const written = async (key: string): Promise<string> => (await marinade(['report', key], shared)).stdout;
    for (const _ of [0, 1]) {
      expect(await written(keys[1]!)).toBe(`marinade-results/reports/small-${keys[1]!.slice(0, 8)}/report.html\n`);
      expect(await written(keys[0]!)).toBe('marinade-results/reports/small/report.html\n');
    }
    for (const [folderName, key] of [
      ['small', keys[0]],
      [`small-${keys[1]!.slice(0, 8)}`, keys[1]],
    ] as const) {
      const html = readFileSync(join(shared.cwd, 'marinade-results/reports', folderName, 'report.html'), 'utf8');
      expect(html).toContain(`Study key ${key}.`);
    }
  });

  it('are told apart by whoever asks for the name, and taken by key without a word', async () => {
    const note = `note: 2 studies are called 'small'; this is the newest, ${keys[1]}, submitted `;
    for (const command of [['show'], ['compare'], ['export'], ['report', '--out', 'there']]) {
      const [verb, ...further] = command as [string, ...string[]];
      const byName = await marinade([verb, 'small', '--json', ...further], shared);
      expect(byName.status).toBe(0);
      expect(byName.stderr).toContain(note);
      expect(byName.stderr).toMatch(new RegExp(`Another is taken by its key:\\n {2}${keys[0]} {2}submitted \\S+\\n$`));
      expect(jsonOf<StudyObject>(byName).studyKey).toBe(keys[1]);
      const byKey = await marinade([verb, keys[0]!, '--json', ...further], shared);
      expect(byKey).toMatchObject({ status: 0, stderr: '' });
      expect(jsonOf<StudyObject>(byKey).studyKey).toBe(keys[0]);
    }
  });
});

describe('runs on the stand-in', () => {
  const adult = `study: adult
experiment:
  problem: { name: logistic-regression }
  data: { name: a9a, fallback: synthetic-adult }
  clients: { total: 3 }
  method: { name: gradient-descent, stepSize: 0.1 }
  aggregator: { name: mean }
  rounds: 2
  metrics: { every: 1, names: [loss] }
parameters:
  method.stepSize: [0.1, 0.2]
`;
  const warning = "data set 'a9a' was not found; these runs are on synthetic-adult, a seeded stand-in of its shape";
  const mark = 'stand-in data: all runs were computed on synthetic-adult, which is made from a seed in the shape of a9a';

  it('are said to be that once before they begin, and wherever their numbers are shown', async () => {
    const { folder: own, remove: removeOwn } = newFolder();
    onTestFinished(removeOwn);
    const there = { cwd: own };
    const began = await marinade(['run', writeStudy(own, adult), '--report'], there);
    expect(began.stderr.split(warning)).toHaveLength(2);
    expect(began.stderr).toMatch(/^data set 'a9a' was not found; .*\n {2}expected .*\n {2}looked in .*\n {2}to do /);
    expect(began.stdout).toMatch(new RegExp(`^adult: 2 runs \\(0 known before\\)\n${mark}`));

    const object = jsonOf<StudyObject>(await marinade(['show', 'adult', '--json'], there));
    for (const { data } of object.runs) expect(data).toEqual({ name: 'synthetic-adult', sha256: expect.any(String), standIn: true });
    expect((await marinade(['show', 'adult'], there)).stdout.split('\n')[1]).toContain(mark);
    const run = (await marinade(['show', object.runs[0]!.runKey], there)).stdout;
    expect(run).toMatch(/^stand-in data: the run was computed on synthetic-adult/);
    expect(run).toMatch(/^data +synthetic-adult \(stand-in\)$/m);
    expect((await marinade(['compare', 'adult'], there)).stdout).toMatch(new RegExp(`^${mark}`));
    expect(jsonOf(await marinade(['compare', 'adult', '--json'], there))).toMatchObject({ data: [{ standIn: true }] });
    expect(readFileSync(join(own, 'marinade-results/reports/adult/report.html'), 'utf8')).toContain(mark);
    await marinade(['export', 'adult', '--out', 'tables'], there);
    expect(readFileSync(join(own, 'tables/runs.csv'), 'utf8')).toContain(',synthetic-adult (stand-in),completed,');

    const planned = await marinade(['plan', 'study.yaml'], there);
    expect(planned.stderr.split(warning)).toHaveLength(2);
  });
});

describe('marinade export', () => {
  it('writes csv whose last values are those of the JSON contract', async () => {
    const { status, stdout } = await marinade(['export', 'small', '--out', 'tables'], here);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'tables/runs.csv\ntables/metrics.csv\n' });
    const [head, ...rows] = readFileSync(join(folder, 'tables/runs.csv'), 'utf8').trimEnd().split('\n');
    const column = head!.split(',').indexOf('optimality-gap last');
    expect(rows.map((row) => Number(row.split(',')[column]))).toEqual(study.runs.map(({ metrics }) => metrics['optimality-gap']!.last));
    const points = readFileSync(join(folder, 'tables/metrics.csv'), 'utf8').trimEnd().split('\n');
    expect(points).toHaveLength(1 + 6 * 3 * 21);
  });

  it('writes ndjson with the whole curves', async () => {
    const { files } = jsonOf<{ files: string[] }>(await marinade(['export', 'small', '--format', 'ndjson', '--json'], here));
    const lines = readFileSync(files[0]!, 'utf8').trimEnd().split('\n');
    const first = JSON.parse(lines[0]!) as { resultHash: string; recorded: number[]; curves: Record<string, unknown[]> };
    expect(lines).toHaveLength(6);
    expect(first.resultHash).toBe(study.runs[0]!.resultHash);
    expect(first.recorded).toEqual(Array.from({ length: 21 }, (_, i) => 10 * i));
    expect(first.curves['clipping-level']![0]).toBe('NaN');
  });
});

describe('a results folder', () => {
  it('stays as it is while it is read', async () => {
    const bare = temporaryFolder();
    mkdirSync(join(bare, 'empty'));
    expect((await marinade(['list', '--results', 'empty'], { cwd: bare })).status).toBe(2);
    expect(existsSync(join(bare, 'empty/ledger.sqlite'))).toBe(false);
  });
});
