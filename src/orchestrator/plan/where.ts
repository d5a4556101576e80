/**
 * The `where` language: a small parsed grammar over the resolved experiment, never `eval`.
 *
 *   or    := and ('or' and)*            comparison := sum (('<'|'<='|'>'|'>='|'=='|'!='|'in') sum)?
 *   and   := not ('and' not)*           sum        := term (('+'|'-') term)*
 *   not   := 'not' not | comparison     term       := factor (('*'|'/'|'%') factor)*
 *   factor := number | 'text' | true | false | null | path | '(' or ')' | '[' or, ... ']' | '-' factor
 *
 * A path that the experiment does not have is null; arithmetic on what is not a number is an error.
 */
import { MarinadeError } from '../../shared/errors.ts';

type Value = number | string | boolean | null | readonly Value[];
type Lookup = (path: string) => unknown;
type Evaluate = (lookup: Lookup) => Value;

interface Token {
  readonly kind: 'number' | 'text' | 'word' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|'([^']*)'|"([^"]*)"|([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_0-9]+)*)|(<=|>=|==|!=|[<>+\-*/%()[\],]))/y;
const MAX_LENGTH = 4000;
const MAX_DEPTH = 100;

function fail(at: number, message: string): never {
  throw new MarinadeError('MARINADE_CONFIG_INVALID', `where, column ${at + 1}: ${message}`, { column: at + 1 });
}

function tokenize(text: string): Token[] {
  if (text.length > MAX_LENGTH) fail(0, `at most ${MAX_LENGTH} characters; got ${text.length}`);
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) fail(at + (text.slice(at).length - text.slice(at).trimStart().length), `unexpected '${text.slice(at).trim()[0]}'`);
    const [whole, number, single, double, word, sign] = match;
    const start = at + whole.length - whole.trimStart().length;
    if (number !== undefined) tokens.push({ kind: 'number', text: number, at: start });
    else if (single !== undefined || double !== undefined) tokens.push({ kind: 'text', text: (single ?? double)!, at: start });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, at: start });
    else tokens.push({ kind: 'sign', text: sign!, at: start });
    at += whole.length;
  }
  tokens.push({ kind: 'end', text: 'the end', at: text.length });
  return tokens;
}

/** Parses a condition; the function returned answers it for one experiment. */
export function parseWhere(text: string): (lookup: Lookup) => boolean {
  const tokens = tokenize(text);
  let position = 0;
  let depth = 0;
  const peek = (): Token => tokens[position]!;
  const take = (...texts: string[]): Token | undefined => {
    const token = peek();
    return (token.kind === 'sign' || token.kind === 'word') && texts.includes(token.text) ? tokens[position++] : undefined;
  };
  const number = (value: Value, at: number): number =>
    typeof value === 'number' ? value : fail(at, `expected a number; got ${JSON.stringify(value)}`);
  const boolean = (value: Value, at: number): boolean =>
    typeof value === 'boolean' ? value : fail(at, `expected true or false; got ${JSON.stringify(value)}`);

  const chain = (
    next: () => Evaluate,
    signs: readonly string[],
    combine: (sign: string, a: Evaluate, b: Evaluate, at: number) => Evaluate,
  ): Evaluate => {
    let left = next();
    for (let token = take(...signs); token !== undefined; token = take(...signs)) left = combine(token.text, left, next(), token.at);
    return left;
  };
  const or = (): Evaluate => chain(and, ['or'], (_s, a, b, at) => (lookup) => boolean(a(lookup), at) || boolean(b(lookup), at));
  const and = (): Evaluate => chain(not, ['and'], (_s, a, b, at) => (lookup) => boolean(a(lookup), at) && boolean(b(lookup), at));
  const not = (): Evaluate => {
    const token = take('not');
    if (token === undefined) return comparison();
    const inner = nested(not);
    return (lookup) => !boolean(inner(lookup), token.at);
  };
  const comparison = (): Evaluate => {
    const left = sum();
    const token = take('<', '<=', '>', '>=', '==', '!=', 'in');
    if (token === undefined) return left;
    const right = sum();
    return (lookup) => compare(token, left(lookup), right(lookup));
  };
  const compare = ({ text: sign, at }: Token, a: Value, b: Value): boolean => {
    if (sign === '==') return JSON.stringify(a) === JSON.stringify(b);
    if (sign === '!=') return JSON.stringify(a) !== JSON.stringify(b);
    if (sign === 'in')
      return Array.isArray(b) ? b.some((item) => JSON.stringify(item) === JSON.stringify(a)) : fail(at, 'expected a list after in');
    const [x, y] = [number(a, at), number(b, at)];
    return sign === '<' ? x < y : sign === '<=' ? x <= y : sign === '>' ? x > y : x >= y;
  };
  const arithmetic =
    (sign: string, a: Evaluate, b: Evaluate, at: number): Evaluate =>
    (lookup) => {
      const [x, y] = [number(a(lookup), at), number(b(lookup), at)];
      return sign === '+' ? x + y : sign === '-' ? x - y : sign === '*' ? x * y : sign === '/' ? x / y : x % y;
    };
  const sum = (): Evaluate => chain(term, ['+', '-'], arithmetic);
  const term = (): Evaluate => chain(factor, ['*', '/', '%'], arithmetic);
  const nested = (parse: () => Evaluate): Evaluate => {
    if (++depth > MAX_DEPTH) fail(peek().at, `nested more than ${MAX_DEPTH} deep`);
    const result = parse();
    depth--;
    return result;
  };
  const factor = (): Evaluate => {
    const token = peek();
    position++;
    if (token.kind === 'number') return () => Number(token.text);
    if (token.kind === 'text') return () => token.text;
    if (token.kind === 'word') {
      if (token.text === 'true' || token.text === 'false') return () => token.text === 'true';
      if (token.text === 'null') return () => null;
      if (!['and', 'or', 'not', 'in'].includes(token.text)) return (lookup) => (lookup(token.text) ?? null) as Value;
    }
    if (token.text === '-' && token.kind === 'sign') {
      const inner = nested(factor);
      return (lookup) => -number(inner(lookup), token.at);
    }
    if (token.text === '(' && token.kind === 'sign') {
      const inner = nested(or);
      if (take(')') === undefined) fail(peek().at, `expected ')'; got ${peek().text}`);
      return inner;
    }
    if (token.text === '[' && token.kind === 'sign') {
      const items: Evaluate[] = [];
      if (take(']') !== undefined) return () => [];
      do items.push(nested(or));
      while (take(',') !== undefined);
      if (take(']') === undefined) fail(peek().at, `expected ']'; got ${peek().text}`);
      return (lookup) => items.map((item) => item(lookup));
    }
    return fail(token.at, `expected a number, a text, a path or '('; got ${token.text}`);
  };

  const condition = or();
  if (peek().kind !== 'end') fail(peek().at, `expected the end; got ${peek().text}`);
  return (lookup) => boolean(condition(lookup), 0);
}
