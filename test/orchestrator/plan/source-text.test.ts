import { describe, expect, test } from 'vitest';
import { parseSource } from '../../../src/orchestrator/plan/source-text.ts';
import { MarinadeError } from '../../../src/shared/errors.ts';

function refused(text: string): string[] {
  try {
    parseSource(text, 's.yaml');
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(MarinadeError);
    expect((thrown as MarinadeError).code).toBe('MARINADE_CONFIG_INVALID');
    return (thrown as MarinadeError).text.split('\n');
  }
  throw new Error('expected the text to be refused');
}

describe('the text of a study', () => {
  test('it is YAML 1.2: 1e-3 and 017 are numbers, no and 1_000 are strings', () => {
    expect(parseSource('a: 1e-3\nb: 017\nc: no\nd: 1_000\ne: .inf\nf: 2026-01-01', 's').data).toEqual({
      a: 0.001,
      b: 17,
      c: 'no',
      d: '1_000',
      e: Number.POSITIVE_INFINITY,
      f: '2026-01-01',
    });
  });

  test('it shows file, line, column, the source line and a caret', () => {
    expect(refused('a: 1\nb: [1, 2\nc: 3\n').slice(0, 1)).toEqual([expect.stringMatching(/^s\.yaml:[23]:\d+: /)]);
    const { error } = parseSource('a: 1\nb: { c: [5, 6] }\n', 's.yaml');
    expect(error([{ path: ['b', 'c', 1], message: 'odd' }]).text).toBe('s.yaml:2:13: odd\n    b: { c: [5, 6] }\n                ^');
  });

  test('it points at a key, at the deepest part of a path that exists, and orders problems as the file does', () => {
    const { error } = parseSource('a: 1\nb:\n  c: 2\n', 's.yaml');
    const { text } = error([
      { path: ['b'], atKey: 'c', message: 'second' },
      { path: ['a', 'x', 'y'], message: 'first' },
    ]);
    expect(text.split('\n').filter((line) => line.startsWith('s.yaml'))).toEqual(['s.yaml:1:4: first', 's.yaml:3:3: second']);
  });

  test('it shows a long line around the place, and twenty problems at most', () => {
    const { error } = parseSource(`a: ["${'x'.repeat(500)}", 7]\n`, 's.yaml');
    const [head, line, caret] = error([{ path: ['a', 1], message: 'odd' }]).text.split('\n');
    expect(head).toBe('s.yaml:1:509: odd');
    expect(line![caret!.indexOf('^')]).toBe('7');
    const many = error(Array.from({ length: 30 }, () => ({ path: ['a'], message: 'odd' }))).text.split('\n');
    expect(many).toHaveLength(3 * 20 + 1);
    expect(many.at(-1)).toBe('(and 10 more)');
  });

  test('it reads lines that end with CRLF', () => {
    const { error } = parseSource('a: 1\r\nb: 2\r\n', 's.yaml');
    expect(error([{ path: ['b'], message: 'odd' }]).text).toBe('s.yaml:2:4: odd\n    b: 2\n       ^');
  });

  test('it refuses warnings of the parser: tags nobody knows', () => {
    expect(refused('a: !!js/function x')[0]).toMatch(/^s\.yaml:1:4: Unresolved tag/);
  });

  test.each([
    ['duplicate keys', 'a: 1\nb: 2\na: 3', "s.yaml:3:1: the key 'a' stands here twice"],
    ['duplicate keys deep inside', 'a: { b: 1, b: 2 }', "s.yaml:1:12: the key 'b' stands here twice"],
    ['__proto__ anywhere', 'a:\n  b: { __proto__: 1 }', "s.yaml:2:8: unknown key '__proto__'"],
    ['an alias inside its own anchor', 'a: &x [1, *x]', 's.yaml:1:11: *x stands inside what it stands for'],
    ['two documents', 'a: 1\n---\nb: 2', 's.yaml:2:1: Source contains multiple documents; please use YAML.parseAllDocuments()'],
    ['keys that are no text', '? [1, 2]\n: 3', 's.yaml:1:3: With stringKeys, all keys must be strings'],
  ])('it refuses %s', (_, text, message) => {
    expect(refused(text)[0]).toBe(message);
  });

  test('it refuses anchors that explode', () => {
    const level = (name: string, of: string): string => `${name}: &${name} [${Array(9).fill(of).join(', ')}]\n`;
    const bomb = `${level('a', '1')}${level('b', '*a')}${level('c', '*b')}${level('d', '*c')}e: [*d, *d]\n`;
    expect(refused(bomb)[0]).toContain('Excessive alias count');
    expect(refused(`a: &a 1\nb: [${Array(1001).fill('*a').join(', ')}]`)[0]).toContain('more than 1000 aliases');
  });

  test.each([65, 1500, 3000, 20_000])('it refuses lists nested %i deep', (depth) => {
    expect(refused(`a: ${'['.repeat(depth)}${']'.repeat(depth)}`)).toEqual([
      expect.stringMatching(/^s\.yaml:1:\d+: nested more than 64 deep$/),
      expect.any(String),
      expect.any(String),
    ]);
  });

  test('it accepts what is nested less deep', () => {
    expect(() => parseSource(`a: ${'['.repeat(60)}${']'.repeat(60)}`, 's')).not.toThrow();
  });

  test('it refuses more than a megabyte before it parses anything', () => {
    const text = `a: "${'é'.repeat(500_000)}"`;
    expect(text.length).toBeLessThan(1_000_000);
    expect(refused(text)).toEqual(['s.yaml:1:1: a study has at most 1000000 bytes; this one has 1000005']);
  });

  test('it lets no control character out', () => {
    const { error } = parseSource('a: "\u001b[31m"\n', 's.yaml');
    expect(error([{ path: ['a'], message: 'got \u001b[2J' }]).text).toBe('s.yaml:1:4: got \ufffd[2J\n    a: "\ufffd[31m"\n       ^');
  });
});
