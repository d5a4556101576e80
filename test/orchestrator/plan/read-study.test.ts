import { describe, expect, test } from 'vitest';
import { base, plan, refusal } from './support.ts';

describe('the study around an experiment', () => {
  test.each([
    ['0..4', [0, 1, 2, 3, 4]],
    ['7..7', [7]],
    ['" 2 .. 3 "', [2, 3]],
    ['5', [5]],
    ['[3, 1]', [3, 1]],
  ])('it reads seeds: %s', async (text, seeds) => {
    expect((await plan(`${base}seeds: ${text}\n`)).seeds).toEqual(seeds);
  });

  test('it takes seed 0 where a study names none, and seeds up to 2^53 - 1', async () => {
    expect((await plan(base)).seeds).toEqual([0]);
    expect((await plan(`${base}seeds: 9007199254740990..9007199254740991\n`)).seeds).toEqual([9007199254740990, 9007199254740991]);
  });

  test.each(['4..0', '0..100000', '0..9007199254740992', '-1..3', '0...3', '1.5', '-1', '[1, 1]', '[]', '.nan', '{ from: 0 }'])(
    'it refuses seeds: %s',
    async (text) => {
      const { code, lines } = await refusal(`${base}seeds: ${text}\n`);
      expect(code).toBe('MARINADE_CONFIG_INVALID');
      expect(lines[0]).toMatch(/^s\.yaml:9:\d+: seeds/);
    },
  );

  test.each([
    ['', 7, 'expected a range such as 0..4 (both ends included), a list such as [0, 1, 2], or one seed; got nothing (null)'],
    [' five', 8, 'expected a range such as 0..4 (both ends included), a list such as [0, 1, 2], or one seed; got "five"'],
    [' 1-5', 8, 'expected a range such as 0..4 (both ends included), a list such as [0, 1, 2], or one seed; got "1-5"'],
    [' 4..0', 8, 'expected a range that ends where it begins or later, with at most 100000 seeds; got "4..0"'],
    [' []', 8, 'expected at least one seed; got []'],
    [' [1, 1]', 8, 'expected every seed once; got [1,1]'],
  ])('it says once what seeds are expected where it gets "%s"', async (text, column, message) => {
    expect((await refusal(`${base}seeds:${text}\n`)).lines[0]).toBe(`s.yaml:9:${column}: seeds: ${message}`);
  });

  test.each([
    ['studi: x', "s.yaml:9:1: unknown key 'studi'; did you mean 'study'?"],
    ['limitz: 3', "s.yaml:9:1: unknown key 'limitz'; did you mean 'limits'?"],
    ['limits: { run: 3 }', "s.yaml:9:11: limits: unknown key 'run'; did you mean 'runs'?"],
    ['infeasible: dorp', 's.yaml:9:13: infeasible: expected one of refuse, drop; got "dorp"; did you mean \'drop\'?'],
    ['exclude: [{}]', 's.yaml:9:11: exclude.0: expected at least one path; an empty entry would leave out every cell; got {}'],
    ['exclude: [{ a..b: 1 }]', "s.yaml:9:13: 'a..b' is no path; expected names joined by dots, such as attack.name"],
    ['parameters: { constructor: [1] }', "s.yaml:9:15: 'constructor' is no path; expected names joined by dots, such as attack.name"],
    ['parameters: { attack.name: [] }', 's.yaml:9:28: parameters.attack.name: expected a list that is not empty or { values }; got []'],
    [
      'parameters: { rounds: 3 }',
      's.yaml:9:23: parameters.rounds: expected a list that is not empty or { values }; got 3; did you mean [3]?',
    ],
    ['exclude: { rounds: 3 }', 's.yaml:9:10: exclude: expected a list of maps; got {"rounds":3}; did you mean [{ rounds: 3 }]?'],
    ['limits: 5', 's.yaml:9:9: limits: expected { runs }; got 5; did you mean { runs: 5 }?'],
    ['name: x', "s.yaml:9:1: unknown key 'name'; did you mean 'study'?"],
    ['parameters: { seed: [1, 2] }', 's.yaml:9:15: seeds are given under `seeds`, so that all cells share them'],
    ['  seed: 3', 's.yaml:9:3: seeds are given under `seeds`, so that all cells share them'],
    ['parameters: { attack: [1], attack.name: [2] }', "s.yaml:9:15: 'attack' and 'attack.name' replace each other; vary one of them"],
    ['where: "rounds <"', "s.yaml:9:17: where: expected a number, a text, a path or '('; got the end"],
    ['description: 3', 's.yaml:9:14: description: expected text; got 3'],
  ])('it refuses %s', async (line, message) => {
    expect((await refusal(`${base}${line}\n`)).lines[0]).toBe(message);
  });

  test.each(['[]', 'text', '3'])('it refuses the document %j', async (text) => {
    const { code, lines } = await refusal(text);
    expect(code).toBe('MARINADE_CONFIG_INVALID');
    expect(lines[0]).toMatch(/^s\.yaml:1:\d+: expected \{ study, .* \}; got /);
  });

  test.each(['', '# nothing\n', 'null'])('it says of the empty document %j how to begin', async (text) => {
    expect((await refusal(text)).lines[0]).toMatch(/^s\.yaml:1:\d+: this study is empty; `marinade init` writes one to begin with$/);
  });

  test.each(['', 'Small', 'a b', '../x', `a${'b'.repeat(64)}`, 'a\\nb'])('it refuses %j as the name of a study', async (name) => {
    expect((await refusal(base.replace('small', `"${name}"`))).lines[0]).toMatch(/^s\.yaml:1:8: study: expected 1 to 64 of a-z/);
  });

  test('it refuses more than 100 parameters', async () => {
    const parameters = Array.from({ length: 101 }, (_, i) => `  a${i}: [1]\n`).join('');
    expect((await refusal(`${base}parameters:\n${parameters}`)).lines[0]).toContain('expected at most 100 parameters');
  });
});

describe('the experiment in a study', () => {
  test.each([
    ['rounds: 10', 'rounds: ten', 's.yaml:8:11: rounds: expected an integer >= 0 and <= 1000000000; got "ten"'],
    ['rounds: 10', 'rounds: .nan', 's.yaml:8:11: rounds: expected an integer >= 0 and <= 1000000000; got NaN'],
    ['rounds: 10', 'rounds: -1', 's.yaml:8:11: rounds: expected an integer >= 0 and <= 1000000000; got -1'],
    ['rounds: 10', 'rounds: 1.5', 's.yaml:8:11: rounds: expected an integer >= 0 and <= 1000000000; got 1.5'],
    ['0.05', '.inf', 's.yaml:5:47: method.stepSize: expected a number > 0; got Infinity'],
    ['stepSize', 'stepsize', "s.yaml:5:37: method: unknown key 'stepsize'; did you mean 'stepSize'?"],
    [', stepSize: 0.05', '', 's.yaml:5:11: method.stepSize: missing; expected a number > 0'],
    ['shift-back', 'shiftback', 'got "shiftback"; did you mean \'shift-back\'?'],
    ['{ name: shift-back }', '{ }', 's.yaml:7:11: attack.name: missing; expected one of none, gaussian'],
    ['{ name: shift-back }', 'shift-back', 'got "shift-back"; did you mean { name: shift-back }?'],
    ['{ name: shift-back }', '{ name: in-majority, attack: { name: gausian } }', 's.yaml:7:48: attack.attack.name'],
    ['byzantine: 2', 'byzantine: 10', 's.yaml:4:36: clients.byzantine must leave an honest client: at most 9 of 10; got 10'],
  ])('it refuses %s -> %s', async (from, to, message) => {
    const { code, text } = await refusal(base.replace(from, to));
    expect(code).toMatch(/^MARINADE_CONFIG_/);
    expect(text).toContain(message);
  });

  test('it reports every problem at once, in the order of the file', async () => {
    const { lines } = await refusal(base.replace('rounds: 10', 'rounds: x').replace('total', 'totl').replace('shift-back', 'none'));
    expect(lines.filter((line) => line.startsWith('s.yaml')).map((line) => line.split(':')[1])).toEqual(['4', '4', '8']);
  });
});

describe('values given beside the file', () => {
  test('it sets them in the base experiment, whole objects before their parts', async () => {
    const { cells } = await plan(base, [
      ['attack.multiplier', 3],
      ['attack.name', 'shift-back'],
      ['rounds', 4],
    ]);
    expect(cells[0]!.experiment).toMatchObject({ rounds: 4, attack: { name: 'shift-back', multiplier: 3 } });
  });

  test('it lets the last of two values of one path win', async () => {
    const { cells } = await plan(base, [
      ['rounds', 4],
      ['rounds', 5],
    ]);
    expect(cells[0]!.experiment.rounds).toBe(5);
  });

  test.each([
    ['rounds', 'x', 's.yaml:8:11: rounds: expected an integer >= 0 and <= 1000000000; got "x" (given by --set rounds)'],
    ['roundz', 3, "unknown key 'roundz'; did you mean 'rounds'? (given by --set roundz)"],
    ['attack.name', 'x', '(given by --set attack.name)'],
    ['__proto__.polluted', 1, "'__proto__.polluted' is no path"],
    ['seeds', null, '--set changes values of the experiment; `seeds` belongs to the study around it: write it in s.yaml'],
    ['where', 'x', '`where` belongs to the study around it'],
    ['seed', 1, '--set changes values of the experiment; `seeds` belongs to the study around it: write it in s.yaml'],
    ['method.stepSize', 1, "--set method.stepSize would change nothing: s.yaml varies 'method' under parameters"],
  ])('it refuses %s = %j', async (path, value, message) => {
    const text = `${base}parameters: { method: [{ name: gradient-descent, stepSize: 1 }] }\n`;
    const { code, text: said } = await refusal(text, [[path, value]]);
    expect(code).toMatch(/^MARINADE_CONFIG_/);
    expect(said).toContain(message);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
