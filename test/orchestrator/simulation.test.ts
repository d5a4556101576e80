/** The core under seeded schedules of everything that goes wrong; `npm run test:long` runs many more of them. */
import { describe, expect, test, vi } from 'vitest';
import { plants } from './simulation/plants.ts';
import { explore, told, trace } from './simulation/schedules.ts';

vi.mock('../../src/orchestrator/core.ts', async (original) => {
  const { replaceable } = await import('./simulation/seam.ts');
  return replaceable(await original());
});

/** `MARINADE_TEST_SEED=n` runs the schedule of that seed, and those after it. */
const seed = Number(process.env['MARINADE_TEST_SEED'] ?? 1);
const SCHEDULES = 3000;
/** Schedules within which every planted bug is found. */
const FOUND_WITHIN = 1000;

describe('the orchestrator under simulated schedules', () => {
  test(`it keeps its promises over ${SCHEDULES} of them, from seed ${seed}`, async () => {
    const { found, schedules } = await explore(seed, SCHEDULES);
    expect(found && (await told(found))).toBeUndefined();
    expect(schedules).toBe(SCHEDULES);
  });

  test('it quarantines a poisonous run at its third death when nothing else goes wrong', async () => {
    const { found, counts } = await explore(seed, 200, { steps: 0 });
    expect(found && (await told(found))).toBeUndefined();
    expect([...counts.keys()].filter((what) => what.startsWith('quarantined'))).toEqual(['quarantined at death 3']);
  });

  test('it does the same for the same seed, to the last step', async () => {
    const [first, second] = [await trace(seed), await trace(seed)];
    expect(first.lines.length).toBeGreaterThan(100);
    expect(first).toEqual(second);
  });

  test.each(Object.entries(plants))('it shows a bug planted in %s', async (_, plant) => {
    expect((await explore(1, FOUND_WITHIN, { plant })).found).toBeDefined();
  });
});
