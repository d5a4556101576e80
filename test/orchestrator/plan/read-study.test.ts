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
    ['studi: x', "s.yaml:9:1: unknown key 'studi'; did you mean 'study'?"],
    ['limitz: 3', "s.yaml:9:1: unknown key 'limitz'; did you mean 'limits'?"],
    ['limits: { run: 3 }', "s.yaml:9:11: limits: unknown key 'run'; did you mean 'runs'?"],
    ['infeasible: dorp', 's.yaml:9:13: infeasible: expected one of refuse, drop; got "dorp"; did you mean \'drop\'?'],
    ['exclude: [{}]', 's.yaml:9:11: exclude.0: expected at least one path; an empty entry would leave out every cell; got {}'],
    ['exclude: [{ a..b: 1 }]', "s.yaml:9:13: 'a..b' is no path; expected names joined by dots, such as attack.name"],
    ['parameters: { constructor: [1] }', "s.yaml:9:15: 'constructor' is no path; expected names joined by dots, such as attack.name"],
    ['parameters: { attack.name: [] }', 's.yaml:9:28: parameters.attack.name: Too small: expected array to have >=1 items; got []'],
    ['parameters: { seed: [1, 2] }', 's.yaml:9:15: seeds are given under `seeds`, so that all cells share them'],
    ['  seed: 3', 's.yaml:9:3: seeds are given under `seeds`, so that all cells share them'],
    ['parameters: { attack: [1], attack.name: [2] }', "s.yaml:9:15: 'attack' and 'attack.name' replace each other; vary one of them"],
    ['where: "rounds <"', "s.yaml:9:8: where, column 9: expected a number, a text, a path or '('; got the end"],
    ['description: 3', 's.yaml:9:14: description: expected string, received number; got 3'],
  ])('it refuses %s', async (line, message) => {
    expect((await refusal(`${base}${line}\n`)).lines[0]).toBe(message);
  });

  test.each(['', '# nothing\n', '[]', 'text', '3', 'null'])('it refuses the document %j', async (text) => {
    const { code, lines } = await refusal(text);
    expect(code).toBe('MARINADE_CONFIG_INVALID');
    expect(lines[0]).toMatch(/^s\.yaml:1:\d+: expected object/);
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
    ['rounds: 10', 'rounds: ten', 's.yaml:8:11: rounds: expected number, received string; got "ten"'],
    ['rounds: 10', 'rounds: .nan', 's.yaml:8:11: rounds: expected number, received NaN; got NaN'],
    ['rounds: 10', 'rounds: -1', 's.yaml:8:11: rounds: Too small: expected number to be >=0; got -1'],
    ['rounds: 10', 'rounds: 1.5', 's.yaml:8:11: rounds: expected int, received number; got 1.5'],
    ['0.05', '.inf', 's.yaml:5:47: method.stepSize: expected number, received Infinity; got Infinity'],
    ['stepSize', 'stepsize', "s.yaml:5:37: method: unknown key 'stepsize'; did you mean 'stepSize'?"],
    [', stepSize: 0.05', '', 's.yaml:5:11: method.stepSize: missing; expected number'],
    ['shift-back', 'shiftback', 'got "shiftback"; did you mean \'shift-back\'?'],
    ['{ name: shift-back }', '{ }', 's.yaml:7:11: attack.name: expected one of none, gaussian'],
    ['{ name: shift-back }', 'shift-back', 's.yaml:7:11: attack'],
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
    ['rounds', 'x', 's.yaml:8:11: rounds: expected number, received string; got "x" (given by --set rounds)'],
    ['roundz', 3, "unknown key 'roundz'; did you mean 'rounds'? (given by --set roundz)"],
    ['attack.name', 'x', '(given by --set attack.name)'],
    ['__proto__.polluted', 1, "'__proto__.polluted' is no path"],
    ['seed', 1, 'seeds are given under `seeds` of the study, not by --set'],
    ['method.stepSize', 1, "--set method.stepSize would change nothing: s.yaml varies 'method' under parameters"],
  ])('it refuses %s = %j', async (path, value, message) => {
    const text = `${base}parameters: { method: [{ name: gradient-descent, stepSize: 1 }] }\n`;
    const { code, text: said } = await refusal(text, [[path, value]]);
    expect(code).toMatch(/^MARINADE_CONFIG_/);
    expect(said).toContain(message);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
