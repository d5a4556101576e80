/** Every study that comes with the project can be planned, and says what it asks. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { catalog } from '../../src/algorithm/catalog.ts';
import { type Plan, planStudyFile } from '../../src/orchestrator/plan/plan-study.ts';
import { readStudy } from '../../src/orchestrator/plan/read-study.ts';

const folder = new URL('../../studies/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

function textOf(file: string): string {
  return readFileSync(new URL(file, folder), 'utf8');
}

function planOf(file: string): Promise<Plan> {
  const data = { identify: async () => ({ sha256: 'ab'.repeat(32) }) };
  return planStudyFile(readStudy(textOf(file), file), { catalog, data: data as never, strategies: [] });
}

/** What a laptop does in some minutes: clients' gradients a round, times rounds. */
const MOST_WORK = 40_000_000;

it('there are studies', () => {
  expect(files).toContain('quickstart.yaml');
  expect(files.length).toBeGreaterThan(8);
});

describe.each(files)('%s', (file) => {
  it('plans every cell it does not leave out on purpose', async () => {
    const { name, cells, runs, dropped, seeds } = await planOf(file);
    expect(`${name}.yaml`).toBe(file);
    expect(runs).toHaveLength(cells.length * seeds.length);
    expect(dropped.filter(({ why }) => why !== 'exclude' && why !== 'where')).toEqual([]);
    expect(seeds.length).toBeGreaterThan(2);
  });

  it('says what it asks, and where an editor finds the schema', () => {
    const study = parse(textOf(file)) as { readonly description?: string };
    expect(study.description?.trim().length).toBeGreaterThan(40);
    expect(textOf(file).startsWith('# yaml-language-server: $schema=../schema/study.schema.json\n')).toBe(true);
  });

  it('is over in minutes', async () => {
    const { cells, seeds } = await planOf(file);
    const work = cells.map(({ experiment }) => {
      const cohort = Number(experiment.participation['cohort'] ?? experiment.clients.total);
      return experiment.rounds * cohort * Number(experiment.method['batchSize'] ?? 1);
    });
    expect(seeds.length * work.reduce((sum, one) => sum + one, 0)).toBeLessThan(2 * MOST_WORK);
  });
});

describe('the quickstart', () => {
  it('has a comment on every line', () => {
    const lines = textOf('quickstart.yaml').split('\n');
    const bare = lines.filter(
      (line) => line.trim() !== '' && !line.includes('#') && !line.startsWith('  Byzantine') && !line.startsWith('  gradient'),
    );
    expect(bare).toEqual([]);
  });

  it('can do without its data set', () => {
    const { experiment } = parse(textOf('quickstart.yaml')) as { readonly experiment: { readonly data: unknown } };
    expect(experiment.data).toEqual({ name: 'a9a', normalize: 'rows', fallback: 'synthetic-adult' });
  });
});
