/** Small files, named as the field names things. */
import { describe, expect, it } from 'vitest';
import { catalog } from '../../src/algorithm/catalog.ts';
import { sourcesIn, textOf } from './sources.ts';

const LONGEST = 350;

/** Files that are longer for a reason; each may shrink but not grow. */
const longer = new Map([
  // One suite per contract: every ledger must pass all of it.
  ['test/conformance/ledgers.test.ts', 569],
]);

const files = sourcesIn('src', 'test', 'scripts', 'bench', 'bin');

describe('a file', () => {
  it(`has at most ${LONGEST} lines`, () => {
    const lines = files.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
    expect(lines.filter((file) => file.lines > (longer.get(file.path) ?? LONGEST))).toEqual([]);
  });

  it('stands among the longer ones only while it is longer', () => {
    const needless = [...longer.keys()].filter((path) => textOf(path).split('\n').length - 1 <= LONGEST);
    expect(needless).toEqual([]);
  });

  it('has a name in kebab-case, and so have its folders', () => {
    const odd = files.filter(
      ({ path }) => !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)+[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|d|config))?\.(?:ts|tsx|mjs)$/.test(path),
    );
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  it('exports by name: no default, no export of everything', () => {
    const wholesale = files.filter(({ text }) => /^export (?:default\b|\* from)/m.test(text));
    expect(wholesale.map(({ path }) => path)).toEqual([]);
  });
});

const folders = {
  aggregators: 'aggregators',
  preAggregators: 'pre-aggregators',
  attacks: 'attacks',
  compressors: 'compressors',
  clippings: 'clipping',
  participations: 'participation',
  partitioners: 'partitioners',
  problems: 'problems',
  methods: 'methods',
} as const satisfies Record<keyof typeof catalog, string>;

const tags = ['shape', 'cost', 'random', 'throws', 'source', 'deviates', 'example'];

describe.each(Object.entries(folders))('a strategy of %s', (kind, folder) => {
  const { names } = catalog[kind as keyof typeof folders];

  it.each(names)('%s stands in the file of its name, exported under it in camel case', (name) => {
    const constant = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(textOf(`src/algorithm/${folder}/${name}.ts`)).toMatch(
      new RegExp(`^export const ${constant} = define\\w+\\(\\{\\s+name: '${name}',`, 'm'),
    );
  });

  it.each(names)('%s opens with its formula and facts, in their order', (name) => {
    const block = /^\/\*\*\n([\s\S]*?)\*\//.exec(textOf(`src/algorithm/${folder}/${name}.ts`))?.[1] ?? '';
    expect([...block.matchAll(/^ \* @(\w+) +\S/gm)].map(([, tag]) => tag)).toEqual(tags);
  });
});
