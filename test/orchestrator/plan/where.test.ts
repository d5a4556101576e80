import { describe, expect, test } from 'vitest';
import { valueAt } from '../../../src/orchestrator/plan/paths.ts';
import { parseWhere } from '../../../src/orchestrator/plan/where.ts';
import { MarinadeError } from '../../../src/shared/errors.ts';

const experiment = { clients: { total: 20, byzantine: 5 }, attack: { name: 'shift-back' }, stop: {}, rounds: 10 };
const answer = (text: string): boolean => parseWhere(text).holds((path) => valueAt(experiment, path));

describe('the where language', () => {
  test.each([
    ['clients.byzantine < clients.total / 2', true],
    ['clients.total > 2 * clients.byzantine + 10', false],
    ['2 + 3 * 4 == 14', true],
    ['(2 + 3) * 4 == 20', true],
    ['10 - 3 - 2 == 5', true],
    ['8 / 4 / 2 == 1', true],
    ['7 % 4 == 3', true],
    ['-clients.byzantine == 0 - 5', true],
    ['- -2 == 2', true],
    ['1e-3 < 2.5E2', true],
    ["attack.name == 'shift-back'", true],
    ['attack.name == "bit-flip"', false],
    ["attack.name in ['none', 'shift-back']", true],
    ['attack.name in []', false],
    ['clients.byzantine in [1 + 4]', true],
    ['clipping.factor == null', true],
    ['attack.__proto__ == null and constructor == null', true],
    ['rounds >= 10 and rounds <= 10', true],
    ['rounds != 10 or true', true],
    ['true or false and false', true],
    ['not true or true', true],
    ['not not true', true],
    ['not (true or false)', false],
    ['false and rounds > attack.name', false],
  ])('it answers %s with %s', (text, expected) => {
    expect(answer(text)).toBe(expected);
  });

  test.each([
    ['', 1, "expected a number, a text, a path or '('; got the end"],
    ['rounds', 1, 'expected true or false; got 10 for rounds'],
    ['rounds <', 9, "expected a number, a text, a path or '('; got the end"],
    ['1 < 2 < 3', 7, 'expected the end; got <'],
    ['rounds = 10', 8, "'=' is written '==' here"],
    ['rounds =< 10', 8, "'=<' is written '<=' here"],
    ['rounds => 10', 8, "'=>' is written '>=' here"],
    ['true && true', 6, "'&&' is written 'and' here"],
    ['true || true', 6, "'||' is written 'or' here"],
    ['true AND true', 6, "'AND' is written 'and' here"],
    ['!true', 1, "'!' is written 'not' here"],
    ['(rounds == 10', 14, "expected ')'; got the end"],
    ['rounds in 10', 8, "expected a list after in, such as ['none', 'bit-flip']; got 10"],
    ['rounds in [1, 2', 16, "expected ']'; got the end"],
    ['attack.name < 3', 13, 'expected a number; got "shift-back" for attack.name'],
    ['clients.totl < 3', 14, 'clients.totl is not set, so it is no number; say `clients.totl != null and ...` before'],
    ['true and clipping.on', 6, 'clipping.on is not set, so it is no true or false; say `clipping.on != null and ...` before'],
    ['and true', 1, "expected a number, a text, a path or '('; got and"],
    ['rounds == `10`', 11, "unexpected '`'"],
    ['process.exit(1)', 13, 'expected the end; got ('],
    ["'unclosed", 1, "the text that begins with ' does not end"],
  ])('it refuses %j at column %i', (text, column, message) => {
    let thrown: unknown;
    try {
      answer(text);
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toBeInstanceOf(MarinadeError);
    expect((thrown as MarinadeError).details).toEqual({ column });
    expect((thrown as MarinadeError).text).toBe(message);
  });

  test('it tells which paths it speaks of, and which texts they are compared with', () => {
    const { paths, compared } = parseWhere("attack.name in ['none', 'zero'] and 'mean' != aggregator.name and rounds + 1 < 3");
    expect(paths.map(({ text, at }) => [text, at])).toEqual([
      ['attack.name', 0],
      ['aggregator.name', 46],
      ['rounds', 66],
    ]);
    expect(compared.map(({ path, text, at }) => [path, text, at])).toEqual([
      ['attack.name', 'none', 16],
      ['attack.name', 'zero', 24],
      ['aggregator.name', 'mean', 36],
    ]);
  });

  test.each([
    ['parentheses', `${'('.repeat(1500)}true${')'.repeat(1500)}`],
    ['negations', `${'not '.repeat(900)}true`],
    ['signs', `${'-'.repeat(3000)}1 < 2`],
    ['lists', `1 in ${'['.repeat(1500)}`],
  ])('it refuses endless %s rather than overflow', (_, text) => {
    expect(() => answer(text)).toThrow(/nested more than 100 deep/);
  });

  test('it refuses more than 4000 characters', () => {
    expect(() => answer(`true${' or true'.repeat(600)}`)).toThrow(/at most 4000 characters/);
  });
});
