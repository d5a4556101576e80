import type { Experiment } from '../experiment.ts';

/** f for a cohort: floor(byzantine cohort / total), in integers throughout (the product stays far below 2^53). */
export function toleratedByzantine({ clients }: Experiment, cohort: number): number {
  const product = (clients.assumedByzantine ?? clients.byzantine) * cohort;
  return (product - (product % clients.total)) / clients.total;
}
