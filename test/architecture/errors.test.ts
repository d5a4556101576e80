/** The table of error codes, the code that uses them and the page that explains them agree, in all directions. */
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../src/shared/errors.ts';
import { sourcesIn, textOf, withoutComments } from './sources.ts';

const families = [...new Set(Object.values(errorCodes).map(({ family }) => family))];
const spelled = new RegExp(`\\bMARINADE_(?:${families.join('|').toUpperCase()})_[A-Z_]+\\b`, 'g');

/** A variable of the environment and a warning that look like error codes. */
const others = new Set(['MARINADE_DATA_DIR', 'MARINADE_DATA_CACHE']);

const codesIn = (text: string): string[] => [...text.matchAll(spelled)].map(([code]) => code).filter((code) => !others.has(code));

describe('an error code', () => {
  const table = Object.keys(errorCodes).sort();
  const elsewhere = sourcesIn('src', 'bin').filter(({ path }) => path !== 'src/shared/errors.ts');

  it('belongs to the family its name says', () => {
    for (const [code, { family }] of Object.entries(errorCodes)) expect(code).toMatch(new RegExp(`^MARINADE_${family.toUpperCase()}_`));
  });

  it('is in the table wherever a file or a comment names one', () => {
    const unknown = elsewhere.flatMap(({ path, text }) =>
      codesIn(text)
        .filter((code) => !table.includes(code))
        .map((code) => `${path}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });

  it('is used by some code', () => {
    const used = new Set(elsewhere.flatMap(({ text }) => codesIn(withoutComments(text))));
    expect(table.filter((code) => !used.has(code))).toEqual([]);
  });

  it('is explained in the reference, and none beside', () => {
    const headings = [...textOf('docs/reference/errors.md').matchAll(/^\| `(MARINADE_\w+)` \|/gm)].map(([, code]) => code!);
    expect(headings.sort()).toEqual(table);
  });
});
