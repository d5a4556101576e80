/** Whatever is wrong with a study, it is refused with a place and a reason. Fault 25. */
import { describe, expect, test } from 'vitest';
import { corruptedStudies, healthyStudy } from './corrupted-studies.ts';
import { plan, refusal } from './support.ts';

const SEED = 20_241_128;
const studies = corruptedStudies(200, SEED);

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
