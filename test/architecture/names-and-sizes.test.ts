/** Small files with names in kebab-case that export by name. The files of strategies have a test in every conformance suite. */
import { describe, expect, it } from 'vitest';
import { sourcesIn, textOf } from './sources.ts';

const LONGEST = 350;

/** Files that are longer for a reason; each may shrink but not grow. */
const longer = new Map([
  // One suite per contract: every ledger must pass all of it.
  ['test/conformance/ledgers.test.ts', 579],
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
