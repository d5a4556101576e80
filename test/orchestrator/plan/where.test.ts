import { describe, expect, test } from 'vitest';
import { valueAt } from '../../../src/orchestrator/plan/paths.ts';
import { parseWhere } from '../../../src/orchestrator/plan/where.ts';
import { MarinadeError } from '../../../src/shared/errors.ts';

const experiment = { clients: { total: 20, byzantine: 5 }, attack: { name: 'shift-back' }, stop: {}, rounds: 10 };
const answer = (text: string): boolean => parseWhere(text)((path) => valueAt(experiment, path));

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
    ['', 'column 1', 'expected a number'],
    ['rounds', 'column 1', 'expected true or false; got 10'],
    ['rounds <', 'column 9', 'got the end'],
    ['1 < 2 < 3', 'column 7', 'expected the end; got <'],
    ['rounds = 10', 'column 8', "unexpected '='"],
    ['(rounds == 10', 'column 14', "expected ')'"],
    ['rounds in 10', 'column 8', 'expected a list after in'],
    ['rounds in [1, 2', 'column 16', "expected ']'"],
    ['attack.name < 3', 'column 13', 'expected a number; got "shift-back"'],
    ['clients.totl < 3', 'column 14', 'expected a number; got null'],
    ['and true', 'column 1', 'got and'],
    ['rounds == `10`', 'column 11', 'unexpected'],
    ['process.exit(1)', 'column 13', 'expected the end'],
    ["'unclosed", 'column 1', 'unexpected'],
  ])('it refuses %j and says where', (text, column, message) => {
    let thrown: unknown;
    try {
      answer(text);
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toBeInstanceOf(MarinadeError);
    expect((thrown as MarinadeError).text).toContain(`where, ${column}: `);
    expect((thrown as MarinadeError).text).toContain(message);
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
