/** Whatever is wrong with a study, it is refused with a place and a reason. Fault 25. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { MarinadeError } from '../../../src/shared/errors.ts';
import { randomFrom } from '../ledger/runs.ts';
import { corruptedStudies, healthyStudy } from './corrupted-studies.ts';
import { plan, refusal } from './support.ts';

const SEED = 20_241_128;
const studies = corruptedStudies(200, SEED);

/** Any node of a study replaced by any value, or moved to another key. */
function mutated(uniform: () => number): unknown {
  const study = parse(healthyStudy) as Record<string, unknown>;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(uniform() * items.length)]!;
  for (let changes = 1 + Math.floor(uniform() * 3); changes > 0; changes--) {
    let node: Record<string, unknown> = study;
    let key = pick(Object.keys(node));
    while (typeof node[key] === 'object' && node[key] !== null && Object.keys(node[key] as object).length > 0 && uniform() < 0.7) {
      node = node[key] as Record<string, unknown>;
      key = pick(Object.keys(node));
    }
    const values = [
      null,
      true,
      -1,
      0,
      1e308,
      0.5,
      '',
      'x',
      'name',
      [],
      {},
      [null],
      { name: 'none' },
      { name: null },
      [{}],
      '0..2',
      node[key],
    ];
    const value = pick(values);
    if (uniform() < 0.2 && !Array.isArray(node)) delete node[key];
    if (uniform() < 0.8 || Array.isArray(node)) node[key] = value;
    else node[pick(['name', 'values', 'f', 'experiment', 'seed', 'constructor', 'a.b', ''])] = value;
  }
  return study;
}

describe(`500 studies with values where others belong (seed ${SEED})`, () => {
  const uniform = randomFrom(SEED);

  test.each(Array.from({ length: 500 }, (_, i) => [i, JSON.stringify(mutated(uniform))] as const))(
    'study %i is planned, or refused with its place',
    async (_, text) => {
      const ended = await (async () => plan(text))().catch((thrown: unknown) => thrown);
      if (!(ended instanceof Error)) return expect((ended as { runs: unknown[] }).runs.length).toBeGreaterThan(0);
      expect(ended).toBeInstanceOf(MarinadeError);
      expect(ended.message).toMatch(/^\[MARINADE_(CONFIG|PRECONDITION)_\w+\] s\.yaml:\d+:\d+: \S/);
      expect(ended.message).not.toMatch(/Invalid input|received|undefined|\[object Object\]|expected expected/);
    },
  );
});

describe(`200 corrupted studies (seed ${SEED})`, () => {
  test('they are made from one that is planned', async () => {
    expect((await plan(healthyStudy)).runs).toHaveLength(6);
  });

  test('every one is another', () => {
    expect(new Set(studies.map(({ text }) => text)).size).toBeGreaterThan(120);
  });

  test.each(studies.map(({ what, text }, i) => [i, what, text] as const))(
    'study %i (%s) is refused with its place',
    async (_, _what, text) => {
      const { code, lines, text: said } = await refusal(text);
      expect(code).toMatch(/^MARINADE_(CONFIG|PRECONDITION)_/);
      expect(lines[0]).toMatch(/^s\.yaml:\d+:\d+: \S/);
      expect(said).not.toMatch(/\n\s+at .*:\d+:\d+|node_modules|\[object Object\]/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that none comes out is the claim
      expect(said).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
      expect(said.length).toBeLessThan(20_000);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );
});
