/** What the queue costs: round jobs through Redis, a worker process and back into the ledger. */
import type { Question } from './support/question.ts';
import { type Fleet, withFleet } from './support/queue.ts';
import { against, spread } from './support/spread.ts';

const REPEATS = 5;
const CHAIN_ROUNDS = 1500;
const CHAINS = 100;
const CHAINS_ROUNDS = 30;

/** Quadratics: a round of `dimension` 8 costs microseconds, so that what is measured is the way there and back. */
const study = (name: string, dimension: number, rounds: number, seeds: number): string => `
study: ${name}
experiment:
  problem: { name: quadratic, dimension: ${dimension}, heterogeneity: 1 }
  clients: { total: 10, byzantine: 3 }
  method: { name: gradient-descent, stepSize: 0.1 }
  aggregator: { name: coordinate-median }
  attack: { name: bit-flip }
  rounds: ${rounds}
  metrics: { every: 1000, names: [loss] }
seeds: 0..${seeds - 1}
`;

async function rates(fleet: Fleet, name: string, rounds: number, runs: number): Promise<number[]> {
  const found: number[] = [];
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const { jobs, wallMs } = await fleet.carryOut(study(name, 8, rounds, runs), 1);
    // The first warms both sides up.
    if (repeat > 0) found.push((1000 * jobs) / wallMs);
  }
  return found;
}

/** Share of the wall time of one worker thread that is not round computation, of jobs of so many milliseconds. */
async function overhead(fleet: Fleet, jobMs: number, jobs: number): Promise<number[]> {
  const rounds = 4000;
  const { computeMs } = await fleet.carryOut(study('cost', 1000, rounds, 1), rounds / 4);
  const roundsPerJob = Math.max(1, Math.round((jobMs * 0.75 * rounds) / computeMs));
  const found: number[] = [];
  for (let repeat = 0; repeat < 3; repeat++) {
    const { wallMs, computeMs: spent } = await fleet.carryOut(study('overhead', 1000, roundsPerJob * jobs, 2), roundsPerJob);
    found.push(100 * (1 - spent / wallMs));
  }
  return found;
}

export const queue: Question = {
  name: 'queue',
  asks: 'What do round jobs cost that travel over Redis to a worker process and back into the ledger?',
  async answer(print) {
    await withFleet(1, 1, async (fleet) => {
      const one = await rates(fleet, 'chain', CHAIN_ROUNDS, 1);
      print(`one run, one round per job, every round committed: ${spread(one, 'rounds/s')}; ${against(one, { least: 500 })}`);
      for (const [jobMs, jobs, most] of [
        [50, 40, 15],
        [2000, 3, 2],
      ] as const) {
        const shares = await overhead(fleet, jobMs, jobs);
        print(`jobs of ${jobMs} ms, not round computation: ${spread(shares, '%')}; ${against(shares, { most })}`);
      }
    });
    await withFleet(1, 2, async (fleet) => {
      const many = await rates(fleet, 'chains', CHAINS_ROUNDS, CHAINS);
      print(`${CHAINS} runs, one round per job, two threads: ${spread(many, 'rounds/s')}; ${against(many, { least: 2000 })}`);
    });
  },
};
