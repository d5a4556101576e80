/** Where the simulation takes the place of the core's `decide`, to page through studies in small windows or to plant a bug. */
import type { Command, CoreEvent, CoreState } from '../../../src/orchestrator/core.ts';

type Core = typeof import('../../../src/orchestrator/core.ts');
export type Decide = (state: CoreState, event: CoreEvent) => Command[];

let actual: Decide;
let current: Decide;

/** The core with `decide` replaceable; for `vi.mock`. */
export function replaceable(core: Core): Core {
  actual = core.decide;
  current = actual;
  return { ...core, decide: (state, event) => current(state, event) };
}

/** Puts a decision around the real one until the next call. */
export function decideBy(around: (decide: Decide) => Decide): void {
  current = around(actual);
}
