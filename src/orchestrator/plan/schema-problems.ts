/** Zod's issues in our words: what was expected, what came, what was probably meant. No text of zod's reaches a reader. */
import type { z } from 'zod';
import { expectation, meant, shown } from './schema-words.ts';
import { type Path, PLACED, type Problem } from './source-text.ts';
import { knownKeys, knownValues, nearest, schemasAt } from './suggestions.ts';

/** Problems of the source with suggestions, the first ones in words. `prefix` is where the value stands in the file. */
export function problemsFrom(issues: readonly z.core.$ZodIssue[], schema: unknown, value: unknown, prefix: Path): Problem[] {
  return issues.flatMap((issue, i): Problem[] => {
    const path = issue.path.filter((step) => typeof step !== 'symbol');
    if (i >= PLACED) return [{ path: [...prefix, ...path], message: 'and more' }];
    const where = path.length === 0 ? '' : `${path.join('.')}: `;
    if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, where, knownKeys(schema, value, path), [...prefix, ...path]);
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      // The branch that got furthest says most.
      const best = [...issue.errors].sort((a, b) => deepest(b) - deepest(a))[0]!;
      const own = issue.errors.flat().find((inner) => inner.code === 'custom');
      const inner = deepest(best) > 0 ? best : own === undefined ? undefined : [own];
      if (inner !== undefined) {
        const placed = inner.map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
        return problemsFrom(placed, schema, value, prefix);
      }
    }
    // A union told apart by names has a problem with the name, where there is a map to have one.
    const at =
      issue.code === 'invalid_union' && issue.discriminator !== undefined && path.at(-1) !== issue.discriminator
        ? [...path, issue.discriminator]
        : path;
    const given = valueUnder(value, at);
    const message = `${at.length === 0 ? '' : `${at.join('.')}: `}${wrong(issue, given, schema, value, at)}`;
    return [{ path: [...prefix, ...at], message }];
  });
}

function unknownKeys(keys: readonly string[], where: string, known: readonly string[], path: Path): Problem[] {
  return keys.map((key) => {
    const near = nearest(key, known);
    const hint = near !== undefined ? `; did you mean '${near}'?` : known.length > 0 ? `; expected one of ${known.join(', ')}` : '';
    return { path, atKey: key, message: `${where}unknown key '${key}'${hint}` };
  });
}

function wrong(issue: z.core.$ZodIssue, given: unknown, schema: unknown, value: unknown, at: readonly PropertyKey[]): string {
  const isChoice = issue.code === 'invalid_value' || issue.code === 'invalid_union';
  const known = isChoice ? knownValues(schema, value, at) : [];
  const [place] = schemasAt(schema, value, at);
  const ours = /^(Invalid|Too|Unrecognized) /.test(issue.message) ? undefined : issue.message;
  const inWords = known.length > 1 ? `one of ${known.join(', ')}` : place === undefined ? undefined : expectation(place);
  const expected = ours ?? `expected ${inWords ?? 'another value'}`;
  if (given === undefined) return `missing; ${expected}`;
  const near = typeof given === 'string' ? nearest(given, known) : undefined;
  const instead = near !== undefined ? `'${near}'` : place === undefined || given === null ? undefined : meant(place, given);
  return `${expected}; got ${shown(given)}${instead === undefined ? '' : `; did you mean ${instead}?`}`;
}

function deepest(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(({ path, code }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)));
}

function valueUnder(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[step];
  }
  return current;
}
