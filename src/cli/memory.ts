/** Whether the runs that threads compute at once fit into the memory they share. */
import { runsThatFit, sizeText } from '../algorithm/engine/foresight.ts';
import type { Plan } from '../orchestrator/plan/plan-study.ts';
import { sharedMemoryBytes } from '../shared/contracts/memory.ts';
import { MarinadeError } from '../shared/errors.ts';
import type { ThreadPlan } from '../worker/pool.ts';

interface Threads {
  readonly parallel: ThreadPlan | 'auto';
  readonly threads: number;
}

/** Refuses what each run could be given alone but threads together cannot: else some runs would fail, others not. */
export function requireMemory({ need, runs }: Pick<Plan, 'need' | 'runs'>, { parallel, threads }: Threads): void {
  const atOnce = parallel === 'runs' || parallel === 'auto' ? Math.min(threads, runs.length) : 1;
  const fitting = runsThatFit(need);
  if (atOnce <= fitting) return;
  throw new MarinadeError(
    'MARINADE_PRECONDITION_MEMORY',
    `${atOnce} runs at once need ${sizeText(need.shared + atOnce * need.perRun)} of memory, ${sizeText(need.perRun)} each; a process has ${sizeText(sharedMemoryBytes)}: use --threads ${fitting}, or --parallel clients for all threads on one run`,
    { ...need, atOnce },
  );
}
