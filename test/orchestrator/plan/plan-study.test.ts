import { describe, expect, test } from 'vitest';
import { catalog } from '../../../src/algorithm/catalog.ts';
import { planStudyFile } from '../../../src/orchestrator/plan/plan-study.ts';
import { readStudy } from '../../../src/orchestrator/plan/read-study.ts';
import { MarinadeError } from '../../../src/shared/errors.ts';
import { base, plan, refusal } from './support.ts';

describe('expanding a study', () => {
  test('it lets the first parameter vary slowest and seeds fastest', async () => {
    const { runs, parameters } = await plan(`${base}parameters: { attack.name: [none, bit-flip], rounds: [1, 2] }\nseeds: 3..4\n`);
    expect(runs.map(({ parameters: cell, seed }) => [JSON.parse(cell), seed])).toEqual(
      ['none', 'bit-flip'].flatMap((name) => [1, 2].flatMap((rounds) => [3, 4].map((seed) => [{ 'attack.name': name, rounds }, seed]))),
    );
    expect(parameters.map(({ path }) => path)).toEqual(['attack.name', 'rounds']);
  });

  test('it fills in defaults and freezes the resolved experiment, seed included', async () => {
    const { runs } = await plan(`${base}seeds: [7]\n`);
    expect(JSON.parse(runs[0]!.experiment)).toMatchObject({ seed: 7, clipping: { name: 'none' }, metrics: { every: 100 }, rounds: 10 });
    expect(runs[0]).toMatchObject({ rounds: 10, every: 100, metrics: ['loss', 'squared-gradient-norm'], seed: 7, dataSha256: '' });
  });

  test('it accepts the long form of values, and whole objects', async () => {
    const { runs } = await plan(`${base}parameters:\n  clipping: { values: [{ name: none }, { name: fixed, level: 2 }] }\n`);
    expect(runs.map(({ experiment }) => (JSON.parse(experiment) as { clipping: unknown }).clipping)).toEqual([
      { name: 'none' },
      { name: 'fixed', level: 2 },
    ]);
  });

  test('it replaces all of a strategy but its preAggregators when its name varies', async () => {
    const text = base.replace(
      '{ name: coordinate-median }',
      '{ name: trimmed-mean, trim: 1, preAggregators: [{ name: bucketing, size: 3 }] }',
    );
    const { cells } = await plan(`${text}parameters: { aggregator.name: [mean] }\n`);
    expect(cells[0]!.experiment.aggregator).toMatchObject({ name: 'mean', preAggregators: [{ name: 'bucketing', size: 3 }] });
    expect(cells[0]!.experiment.aggregator).not.toHaveProperty('trim');
  });

  test.each(['aggregator.name: [trimmed-mean], aggregator.trim: [1, 2]', 'aggregator.trim: [1, 2], aggregator.name: [trimmed-mean]'])(
    'it sets a name before its parameters, wherever they stand: %s',
    async (parameters) => {
      const { cells } = await plan(`${base}parameters: { ${parameters} }\n`);
      expect(cells.map(({ experiment }) => experiment.aggregator['trim'])).toEqual([1, 2]);
    },
  );

  test('it refuses an exclude of a path that no cell has', async () => {
    const { lines } = await refusal(`${base}exclude: [{ clipping.factor: 1 }]\n`);
    expect(lines[0]).toBe("s.yaml:9:30: no cell has 'clipping.factor'; the entry would leave nothing out");
  });

  test.each([
    ['parameters: { lr: [1] }', "9:15: no experiment has 'lr'; did you mean 'method.stepSize'?"],
    ['parameters: { atack.nam: [none] }', "9:15: no experiment has 'atack.nam'; did you mean 'attack.name'?"],
    ['parameters: { experiment.rounds: [1] }', "9:15: no experiment has 'experiment.rounds'; did you mean 'rounds'?"],
    ['parameters: { zzzz: [1] }', "9:15: no experiment has 'zzzz'"],
    ['exclude: [{ attack.nam: none }]', "9:13: no experiment has 'attack.nam'; did you mean 'attack.name'?"],
    ['exclude: [{ attack.name: alie }]', "9:26: attack.name is never 'alie'; did you mean 'a-little-is-enough'?"],
    ['exclude: [{ attackers: zzzzzz }]', "9:24: attackers is never 'zzzzzz'; expected one of encoded, free"],
    ['exclude: [{ seed: 1 }]', "9:13: 'seed' is no part of a cell: all cells have the same seeds, given under `seeds`"],
    ['where: "round < 3"', "9:9: where: no experiment has 'round'; did you mean 'rounds'?"],
    ['where: rounds > 3 and round < 3', "9:23: where: no experiment has 'round'; did you mean 'rounds'?"],
    [
      'where: >\n  rounds > 3\n  and round < 3',
      "9:8: where: no experiment has 'round'; did you mean 'rounds'? (character 16 of the condition)",
    ],
    ['where: attack.name == shift-back', "9:23: where: no experiment has 'shift'; a text stands in quotes: 'shift-back'"],
    ['where: attack.name == "alie"', "9:23: where: attack.name is never 'alie'; did you mean 'a-little-is-enough'?"],
    ['where: seed < 3', "9:8: where: 'seed' is no part of a cell: all cells have the same seeds, given under `seeds`"],
    ['where: "rounds = 10"', "9:16: where: '=' is written '==' here"],
    [
      'parameters: { rounds: [1] }\nwhere: "clipping.factor > 0"',
      '10:25: where: clipping.factor is not set, so it is no number; say `clipping.factor != null and ...` before, in the cell {"rounds":1}',
    ],
  ])('it refuses what no experiment has: %s', async (line, message) => {
    expect((await refusal(`${base}${line}\n`)).lines[0]).toBe(`s.yaml:${message}`);
  });

  test('it leaves out cells by exclude: paths, whole objects with their defaults, several entries', async () => {
    const text = `${base}parameters: { clipping: [{ name: none }, { name: fixed, level: 2 }], attack.name: [none, bit-flip, shift-back] }\n`;
    const { cells, dropped } = await plan(
      `${text}exclude: [{ clipping: { name: fixed }, attack.name: none }, { clipping.level: 2, attack.name: bit-flip }, { attack.name: gaussian }]\n`,
    );
    expect(cells).toHaveLength(4);
    expect(dropped).toEqual([
      { parameters: { clipping: { name: 'fixed', level: 2 }, 'attack.name': 'none' }, why: 'exclude' },
      { parameters: { clipping: { name: 'fixed', level: 2 }, 'attack.name': 'bit-flip' }, why: 'exclude' },
    ]);
  });

  test('it leaves out cells by where, over the resolved experiment', async () => {
    const { cells, dropped } = await plan(
      `${base}parameters: { clients.byzantine: [0, 2, 4, 6] }\nwhere: "clients.byzantine < clients.total / 2 and metrics.every == 100"\n`,
    );
    expect(cells.map(({ experiment }) => experiment.clients.byzantine)).toEqual([0, 2, 4]);
    expect(dropped).toEqual([{ parameters: { 'clients.byzantine': 6 }, why: 'where' }]);
  });

  test('it plans one experiment once, and says which cells are the same', async () => {
    const { runs, dropped } = await plan(`${base}parameters: { metrics.every: [100, 50, 100] }\n`);
    expect(runs).toHaveLength(2);
    expect(dropped).toEqual([{ parameters: { 'metrics.every': 100 }, why: 'the same experiment as {"metrics.every":100}' }]);
  });

  test('it plans data of the same content once, whatever the files are called', async () => {
    const text = base
      .replace('{ name: quadratic, dimension: 20 }', '{ name: logistic-regression }\n  data: { file: a.txt }')
      .concat('parameters: { data.file: [a.txt, b.txt] }\n');
    const { runs, dropped } = await planStudyFile(readStudy(text, 's.yaml'), {
      catalog,
      data: { identify: async () => ({ sha256: 'ab' }) },
      strategies: [],
    });
    expect(runs).toHaveLength(1);
    expect(dropped).toEqual([{ parameters: { 'data.file': 'b.txt' }, why: expect.stringContaining('same content') }]);
  });

  test('it points at the value of a parameter, in either form, that does not fit', async () => {
    expect((await refusal(`${base}parameters: { rounds: [1, two] }\n`)).lines[0]).toMatch(/^s\.yaml:9:27: rounds: /);
    expect((await refusal(`${base}parameters: { rounds: { values: [1, two] } }\n`)).lines[0]).toMatch(/^s\.yaml:9:37: rounds: /);
    expect((await refusal(`${base}parameters: { attack: [{ name: none }, { name: gaussian, mean: x }] }\n`)).lines[0]).toMatch(
      /^s\.yaml:9:64: attack\.mean: /,
    );
    expect((await refusal(`${base}parameters: { attack.nme: [none] }\n`)).lines[0]).toBe(
      "s.yaml:9:15: no experiment has 'attack.nme'; did you mean 'attack.name'?",
    );
  });

  test('it refuses a place that a list of the experiment does not have', async () => {
    const parameters = 'parameters: { aggregator.preAggregators.1.size: [1] }\n';
    expect((await refusal(`${base}${parameters}`)).lines[0]).toMatch(
      /^s\.yaml:9:15: aggregator\.preAggregators: expected a list of maps; got /,
    );
    const one = base.replace('median', 'median, preAggregators: [{ name: bucketing, size: 2 }]');
    expect((await refusal(`${one}${parameters}`)).lines[0]).toMatch(/^s\.yaml:9:\d+: '1' is no place in a list of 1/);
  });
});

describe('a study with very many mistakes', () => {
  test.each([
    ['metrics', `  metrics: { names: [${'gap, '.repeat(20_000)}gap] }`, 20_001],
    ['exclude', `exclude: [${Array.from({ length: 5000 }, (_, i) => `{ a${i}.b: 1 }`).join(', ')}]`, 5000],
  ])('it counts them all and writes out twenty: %s', async (_, line, count) => {
    const { lines } = await refusal(`${base}${line}\n`);
    expect(lines.filter((one) => one.startsWith('s.yaml:9:'))).toHaveLength(20);
    expect(lines.at(-1)).toBe(`(and ${count - 20} more)`);
  });
});

describe('notes', () => {
  test('it says of one number under seeds that it is no count', async () => {
    expect((await plan(`${base}seeds: 5\n`)).notes).toEqual(['seeds: 5 is the one seed 5; for 5 seeds write `seeds: 0..4`']);
  });

  test('it says which entries of exclude leave nothing out', async () => {
    const { notes } = await plan(
      `${base}parameters: { rounds: [1, 2] }\nexclude: [{ rounds: 1 }, { rounds: 3, attack.name: shift-back }]\n`,
    );
    expect(notes).toEqual(['no cell has {"rounds":3,"attack.name":"shift-back"}: this entry of exclude leaves nothing out']);
  });

  test('it names three of very many', async () => {
    const entries = Array.from({ length: 50 }, (_, i) => `{ rounds: ${i + 100} }`).join(', ');
    const { notes } = await plan(`${base}exclude: [${entries}]\n`);
    expect(notes).toHaveLength(4);
    expect(notes[3]).toBe('and so do 47 more entries of exclude');
  });

  test.each(['0', '1', '[5]', '5..5', '0..4'])('it says nothing of seeds: %s', async (seeds) => {
    expect((await plan(`${base}seeds: ${seeds}\n`)).notes).toEqual([]);
  });
});

describe('cells that cannot be computed', () => {
  const text = `${base.replace('total: 10', 'total: 5')}parameters: { aggregator.name: [mean, krum], rounds: [1, 2] }\n`;

  test('it asks the data source what only data can tell: refused at its place, or left out where the study says so', async () => {
    const data = {
      identify: async () => ({ sha256: 'd' }),
      check: async ({ experiment }: { readonly experiment: { readonly clients: { readonly total: number } } }) => {
        if (experiment.clients.total === 12) throw new MarinadeError('MARINADE_PRECONDITION_UNSUPPORTED', 'too few rows');
        return undefined;
      },
    };
    const onData = base.replace('{ name: quadratic, dimension: 20 }', '{ name: logistic-regression }\n  data: { name: a9a }');
    const varied = `${onData}parameters: { clients.total: [10, 12] }\n`;
    const planned = (source: string) => planStudyFile(readStudy(source, 'study.yaml', []), { catalog, data, strategies: [] });
    await expect(planned(varied)).rejects.toMatchObject({
      code: 'MARINADE_PRECONDITION_UNSUPPORTED',
      message: expect.stringMatching(/study\.yaml:\d+:\d+: \{"clients\.total":12\}: too few rows/),
    });
    const { cells, dropped } = await planned(`${varied}infeasible: drop\n`);
    expect(cells.map(({ parameters }) => parameters)).toEqual([{ 'clients.total': 10 }]);
    expect(dropped).toEqual([{ parameters: { 'clients.total': 12 }, why: 'too few rows' }]);
  });

  test('it refuses them and writes the exclude that removes them', async () => {
    const { code, text: said } = await refusal(text);
    expect(code).toBe('MARINADE_PRECONDITION_TOO_MANY_BYZANTINE');
    expect(said).toMatch(/^s\.yaml:9:13: 2 cells cannot be computed:\n/);
    expect(said).toContain('needs n > 2f + 2; got n = 5, f = 2');
    const exclude = /`(exclude: [^`]*)`/.exec(said)![1]!;
    const { cells } = await plan(`${text}${exclude}\n`);
    expect(cells.map(({ parameters }) => parameters)).toEqual([
      { 'aggregator.name': 'mean', rounds: 1 },
      { 'aggregator.name': 'mean', rounds: 2 },
    ]);
  });

  test('it leaves them out with infeasible: drop, and says why', async () => {
    const { cells, dropped } = await plan(`${text}infeasible: drop\n`);
    expect(cells).toHaveLength(2);
    expect(dropped.map(({ why }) => why)).toEqual([expect.stringContaining('n > 2f + 2'), expect.stringContaining('n > 2f + 2')]);
  });

  test('it names the place where nothing is varied', async () => {
    const { code, lines } = await refusal(base.replace('coordinate-median', 'krum').replace('total: 10', 'total: 5'));
    expect(code).toBe('MARINADE_PRECONDITION_TOO_MANY_BYZANTINE');
    expect(lines[0]).toMatch(/^s\.yaml:4:\d+: for all clients/);
  });
});

describe('the size of a study', () => {
  test('it refuses a study that plans no run, with the reasons', async () => {
    const { code, lines } = await refusal(`${base}parameters: { rounds: [1, 2] }\nexclude: [{ rounds: 1 }]\nwhere: "rounds < 2"\n`);
    expect(code).toBe('MARINADE_CONFIG_EMPTY_STUDY');
    expect(lines[0]).toBe('s.yaml:11:8: no run is left: 2 of 2 cells were dropped (exclude; where)');
  });

  test('it refuses more runs than limits.runs, and plans just as many', async () => {
    const text = `${base}parameters: { rounds: [1, 2, 3] }\nseeds: 0..3\n`;
    expect((await plan(`${text}limits: { runs: 12 }\n`)).runs).toHaveLength(12);
    const { code, lines } = await refusal(`${text}limits: { runs: 11 }\n`);
    expect(code).toBe('MARINADE_CONFIG_TOO_MANY_RUNS');
    expect(lines[0]).toBe('s.yaml:9:13: more than limits.runs = 11 runs are planned (the full product is 12)');
  });

  test('it looks at ten times as many, for exclude and where to leave most out', async () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1).join(', ');
    const text = `${base}parameters: { rounds: [${values}] }\nwhere: "rounds == 50"\n`;
    expect((await plan(`${text}limits: { runs: 10 }\n`)).runs).toHaveLength(1);
    expect((await refusal(`${text}limits: { runs: 9 }\n`)).code).toBe('MARINADE_CONFIG_TOO_MANY_RUNS');
  });

  test('it refuses products beyond all bounds without looking at a cell', async () => {
    const parameters = Array.from({ length: 100 }, (_, i) => `  aggregator.preAggregators.${i}: [${'1, '.repeat(40)}]\n`).join('');
    const { code, lines } = await refusal(`${base}parameters:\n${parameters}`);
    expect(code).toBe('MARINADE_CONFIG_TOO_MANY_RUNS');
    expect(lines[0]).toMatch(/^s\.yaml:10:3: the full product is 1\.6\d+e\+160 runs, more than 10 times limits\.runs = 10000$/);
  });
});
