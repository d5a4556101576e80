import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AttackView, createCatalog, type Draws, defineAttack, type RoundReport, simulate } from '../../../src/index.ts';
import type { Knowledge } from '../../../src/shared/contracts/attack.ts';
import { tiny } from '../../support/tiny.ts';
import { f, gradient } from '../../support/transcription.ts';

/** An attack that shows what it sees, and sends zeros. */
function spy(knowledge: Knowledge, look: (view: AttackView) => void): ReturnType<typeof createCatalog> {
  const attack = defineAttack({
    name: 'spy',
    summary: 'Looks.',
    source: { cite: 'this test' },
    schema: z.strictObject({}),
    traits: { knowledge, colludes: false, scaleFree: false },
    create: () => ({
      needs: () => ({ own: 'message', honest: true }),
      craft(view, _context, out) {
        look(view);
        out.fill(0);
        return 'message';
      },
    }),
  });
  return createCatalog({ attacks: [attack] });
}

const base = {
  ...tiny,
  participation: { name: 'uniform', cohort: 4 },
  method: { name: 'byz-vr-marina-pp', stepSize: 0.3, refresh: { every: 3 }, batchSize: 2 },
  clipping: { name: 'step-proportional', factor: 1 },
  aggregator: { name: 'centered-clipping', radius: 0.05, iterations: 1 },
  attack: { name: 'spy' },
  rounds: 8,
  seed: 5,
};

describe('what an attack sees', () => {
  const secrets = ['own', 'ownMessage', 'honest', 'equivariant', 'rule', 'x', 'start', 'stepSize', 'gradient'] as const;

  test.each<[Knowledge, number]>([
    ['none', 0],
    ['own', 2],
    ['honest-messages', 4],
    ['honest-messages-and-rule', 5],
    ['everything', 9],
  ])('it is what its knowledge allows: %s', async (knowledge, allowed) => {
    let looks = 0;
    const look = (view: AttackView): void => {
      looks++;
      const seen = secrets.map((key) => view[key] !== undefined);
      expect(seen).toEqual(secrets.map((_, i) => i < allowed));
    };
    await simulate(base, { catalog: spy(knowledge, look) });
    expect(looks).toBeGreaterThan(5);
  });

  test('it is the round as it is: iterate, start, base, gradient of f, vectors base + message', async () => {
    const reports: RoundReport[] = [];
    const looks: {
      view: Pick<AttackView, 'k' | 'refresh'>;
      x: Float64Array;
      start: Float64Array;
      estimate: Float64Array | undefined;
      honest: Float64Array[];
      slope: Float64Array;
    }[] = [];
    const look = (view: AttackView): void => {
      const slope = new Float64Array(6);
      view.gradient!(slope);
      const honest = view.honest!.map((row) => row.slice());
      // The view is one object that turns to the next round.
      const { k, refresh } = view;
      looks.push({ view: { k, refresh }, x: view.x!.slice(), start: view.start!.slice(), estimate: view.estimate?.slice(), honest, slope });
    };
    await simulate(base, { catalog: spy('everything', look), onRound: (report) => reports.push(report) });
    for (const { view, x, start, estimate, honest, slope } of looks) {
      expect(x).toEqual(reports[view.k]!.x);
      expect(start).toEqual(reports[0]!.x);
      expect(estimate).toEqual(view.refresh ? undefined : reports[view.k - 1]!.g);
      expect(honest).toHaveLength(5);
      const gradients = f.map((oracle) => gradient(oracle, x));
      if (view.refresh) expect(honest).toEqual(gradients);
      else expect(honest).not.toEqual(gradients);
      const mean = gradients.reduce((sum, row) => sum.map((value, j) => value + row[j]! / 5), new Float64Array(6));
      for (let j = 0; j < 6; j++) expect(Math.abs(slope[j]! - mean[j]!)).toBeLessThan(1e-15);
    }
    expect(looks.some(({ view }) => view.refresh) && looks.some(({ view }) => !view.refresh)).toBe(true);
  });

  test("it may ask the server's rule as often as it likes: on a copy of its memory, which stays as it is", async () => {
    const results: Float64Array[][] = [];
    const look = (view: AttackView): void => {
      const answers = [0, 1].map(() => {
        const out = new Float64Array(6);
        view.rule!(view.honest!, out);
        return out;
      });
      results.push(answers);
    };
    // The reference takes an array of the test's own.
    const asked = await simulate(base, { catalog: spy('everything', look), kernels: 'reference' });
    const silent = await simulate(base, { catalog: spy('everything', () => {}) });
    expect(asked.x).toEqual(silent.x);
    for (const [first, second] of results) expect(second).toEqual(first);
    // The rule remembers, so equal messages give other answers in other rounds.
    expect(new Set(results.map(([first]) => first!.join())).size).toBeGreaterThan(2);
  });
});

describe('whose batches are drawn for a lie', () => {
  const ipm = (visibility: string): Readonly<Record<string, unknown>> => ({
    ...base,
    attack: { name: 'inner-product-manipulation', visibility },
  });

  async function asked(experiment: Readonly<Record<string, unknown>>, cohort: readonly number[]): Promise<number[]> {
    const clients = new Set<number>();
    const draws: Draws = {
      cohort: () => cohort,
      refresh: () => false,
      batch: (k, client) => {
        if (k === 2) clients.add(client);
        return [0, 1];
      },
    };
    await simulate({ ...experiment, rounds: 2 }, { draws });
    return [...clients].sort((a, b) => a - b);
  }

  test('it is all honest clients with visibility: all, those of the cohort with visibility: cohort', async () => {
    expect(await asked(ipm('all'), [1, 3, 6])).toEqual([0, 1, 2, 3, 4]);
    expect(await asked(ipm('cohort'), [1, 3, 6])).toEqual([1, 3]);
  });

  test('it is nobody else where no liar was sampled, and the liar itself where it behaves', async () => {
    expect(await asked(ipm('all'), [1, 3])).toEqual([1, 3]);
    expect(await asked(ipm('cohort'), [6, 7])).toEqual([6, 7]);
    expect(await asked({ ...base, attack: { name: 'none' } }, [1, 3, 6])).toEqual([1, 3, 6]);
    expect(await asked({ ...base, attack: { name: 'gaussian' } }, [1, 3, 6])).toEqual([1, 3]);
  });

  test('it leaves the memory of clients that were only looked at as it was', async () => {
    const momentum = {
      ...base,
      method: { name: 'client-momentum', stepSize: 0.3, batchSize: 2, momentum: 0.5 },
      clipping: { name: 'none' },
      aggregator: { name: 'mean' },
      rounds: 4,
    };
    const draws = (second: readonly number[]): Draws => ({ cohort: (k) => (k === 4 ? [1] : second), batch: () => [0, 1] });
    const reportsOf = async (attack: string, cohort: readonly number[]): Promise<RoundReport[]> => {
      const reports: RoundReport[] = [];
      await simulate({ ...momentum, attack: { name: attack } }, { draws: draws(cohort), onRound: (report) => reports.push(report) });
      return reports;
    };
    const reports = await reportsOf('inner-product-manipulation', [0, 6]);
    // m_1 has seen x^0 and x^4 alone: halves of two gradients.
    const at = (k: number): Float64Array => {
      const out = new Float64Array(6);
      f[1]!.batchGradient(reports[k]!.x, Int32Array.of(0, 1), 2, out);
      return out;
    };
    const [first, last] = [at(0), at(4)];
    const expected = first.map((value, j) => 0.5 * (0.5 * 0 + 0.5 * value) + 0.5 * last[j]!);
    expect(reports[4]!.g).toEqual(expected);
  });
});
