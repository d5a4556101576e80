import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { catalog } from '../../src/index.ts';
import { kernelNames } from '../../src/shared/contracts/kernels.ts';
import { numericsVersion } from '../../src/shared/messages/round-job.ts';
import { type Kept, kept, replay, runNames } from './runs.ts';

const recorded = JSON.parse(readFileSync(new URL('../fixtures/replay.json', import.meta.url), 'utf8')) as {
  readonly numericsVersion: number;
  readonly runs: Readonly<Record<string, Kept>>;
};

describe('recorded runs', () => {
  test('it stands on records of this numericsVersion, one of each run', () => {
    expect(recorded.numericsVersion).toBe(numericsVersion);
    expect(Object.keys(recorded.runs)).toEqual(runNames);
  });

  describe.each(kernelNames)('by the %s kernels', (kernels) => {
    test.each(runNames)('it comes back bit for bit: %s', async (name) => {
      expect(kept(await replay(name, kernels))).toEqual(recorded.runs[name]);
    });
  });

  test('it uses every strategy there is', async () => {
    const used = new Set<string>();
    const collect = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if ('name' in value) used.add(String(value.name));
      Object.values(value).forEach(collect);
    };
    for (const name of runNames) collect((await replay(name)).experiment);
    const { aggregators, preAggregators, attacks, clippings, compressors, methods, participations, partitioners, problems } = catalog;
    const all = [aggregators, preAggregators, attacks, clippings, compressors, methods, participations, partitioners, problems];
    expect(all.flatMap(({ names }) => names).filter((name) => !used.has(name))).toEqual([]);
  });
});
