/** Many schedules, each from its seed; one that violates something is made as short as it gets and told with its trace. */
import { Course, type CourseOptions } from './course.ts';
import { faults } from './happenings.ts';
import { type Decide, decideBy } from './seam.ts';
import type { World } from './world.ts';

/** A bug put in on purpose. */
export interface Plant {
  /** Around the core's decision. */
  readonly decide?: (decide: Decide) => Decide;
  /** Into the world around it. */
  readonly world?: (world: World) => void;
}

export interface Found {
  readonly seed: number;
  readonly message: string;
  readonly plant: Plant;
}

export interface Explored {
  readonly schedules: number;
  readonly steps: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly found: Found | undefined;
}

/** Lines of a trace that are printed: its end says most. */
const SHOWN = 80;
/** Schedules between two looks at the outside world. */
const BREATH = 50;
/** Steps with faults that a shortened schedule has at most. */
const LONGEST = 240;

/** One schedule under simulated time and chance. Nothing else runs meanwhile: it waits for microtasks alone. */
async function schedule(
  seed: number,
  options: CourseOptions,
  { decide: around = (decide) => decide, world: plant }: Plant,
): Promise<{ readonly steps: number; readonly violation: Error | undefined }> {
  const { setTimeout, clearTimeout } = globalThis;
  const { random } = Math;
  const { stackTraceLimit } = Error;
  let course: Course | undefined;
  try {
    course = new Course(seed, { ...options, plant });
    const { world } = course;
    Error.stackTraceLimit = 0;
    Object.assign(globalThis, {
      setTimeout: (fire: () => void, ms: number) => world.setTimer(fire, ms),
      clearTimeout: (id: number) => world.timers.delete(id),
    });
    Math.random = world.random;
    decideBy((decide) => {
      const decided = around(decide);
      return (state, event) => decided(state, event).map((command) => paged(command, world.window));
    });
    await course.run();
    return { steps: course.steps, violation: undefined };
  } catch (thrown) {
    return { steps: course?.steps ?? 0, violation: thrown as Error };
  } finally {
    decideBy((decide) => decide);
    Error.stackTraceLimit = stackTraceLimit;
    Object.assign(globalThis, { setTimeout, clearTimeout });
    Math.random = random;
  }
}

/** Studies are read in pages so small that they have several. */
function paged(command: ReturnType<Decide>[number], window: number): ReturnType<Decide>[number] {
  return command.type === 'load' ? { ...command, count: Math.min(command.count, window) } : command;
}

/** Runs schedules from a seed on, until one violates something. */
export async function explore(
  firstSeed: number,
  schedules: number,
  { plant = {}, steps: chosen }: { readonly plant?: Plant; readonly steps?: number } = {},
): Promise<Explored> {
  const counts = new Map<string, number>();
  const options = { counts, ...(chosen === undefined ? {} : { steps: chosen }) };
  let steps = 0;
  for (let i = 0; i < schedules; i++) {
    const end = await schedule(firstSeed + i, options, plant);
    steps += end.steps;
    if (end.violation !== undefined) {
      return { schedules: i + 1, steps, counts, found: { seed: firstSeed + i, message: end.violation.message, plant } };
    }
    if (i % BREATH === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { schedules, steps, counts, found: undefined };
}

/** All that happens in the schedule of a seed; the same every time. */
export async function trace(
  seed: number,
  options: CourseOptions = {},
  plant: Plant = {},
): Promise<{ readonly lines: readonly string[]; readonly violation: Error | undefined }> {
  const lines: string[] = [];
  const { violation } = await schedule(seed, { ...options, say: (line) => lines.push(line) }, plant);
  return { lines, violation };
}

/** What is printed of a violation: what its schedule comes to without the kinds of fault, and the steps, it does not need. */
export async function told({ seed, plant }: Found): Promise<string> {
  const without = new Set<string>();
  for (const { name } of faults) {
    without.add(name);
    if ((await schedule(seed, { without }, plant)).violation === undefined) without.delete(name);
  }
  let { lines, violation } = await trace(seed, { without }, plant);
  for (let steps = 0; steps < LONGEST; steps++) {
    const shorter = await trace(seed, { without, steps }, plant);
    if (shorter.violation === undefined) continue;
    ({ lines, violation } = shorter);
    break;
  }
  const left = lines.length > SHOWN ? [`(${lines.length - SHOWN} lines before)`] : [];
  return [`seed ${seed}: ${violation!.message}`, ...left, ...lines.slice(-SHOWN)].join('\n  ');
}
