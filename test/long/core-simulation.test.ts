/** The orchestrator's core under a hundred thousand simulated schedules; what happened in them is printed. */
import { expect, test, vi } from 'vitest';
import { faults } from '../orchestrator/simulation/happenings.ts';
import { explore, told } from '../orchestrator/simulation/schedules.ts';

vi.mock('../../src/orchestrator/core.ts', async (original) => {
  const { replaceable } = await import('../orchestrator/simulation/seam.ts');
  return replaceable(await original());
});

const seed = Number(process.env['MARINADE_TEST_SEED'] ?? Math.floor(Math.random() * 1e6));
const schedules = Number(process.env['MARINADE_TEST_SCHEDULES'] ?? 100_000);

test(`it keeps its promises over ${schedules} simulated schedules (MARINADE_TEST_SEED=${seed})`, async () => {
  const explored = await explore(seed, schedules);
  const rows = [...explored.counts].sort(([, a], [, b]) => b - a).map(([what, count]) => `  ${String(count).padStart(10)}  ${what}`);
  console.log([`${explored.schedules} schedules from seed ${seed}, ${explored.steps} steps:`, ...rows].join('\n'));
  expect(explored.found && (await told(explored.found))).toBeUndefined();
  expect(faults.filter(({ name }) => !explored.counts.has(name))).toEqual([]);
}, 1_200_000);
