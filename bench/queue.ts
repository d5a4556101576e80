/** What the queue costs: round jobs through Redis, a worker process and back into the ledger. */
import type { Question } from './support/question.ts';
import { type Fleet, quadratics, withWorkers } from './support/queue.ts';
import { against, spread } from './support/spread.ts';

const REPEATS = 3;

async function rates(fleet: Fleet, rounds: number, runs: number, outstanding: number): Promise<number[]> {
  const found: number[] = [];
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const { jobs, wallMs } = await fleet.carryOut(quadratics('strict', { rounds, runs }), { roundsPerJob: 1, outstanding });
    // The first warms both sides up.
    if (repeat > 0) found.push((1000 * jobs) / wallMs);
  }
  return found;
}

const LARGE = 1000;
/** That the cost of a round is measured with. */
const JOBS = 40;

/** How many rounds of a large quadratic take so long on one thread. */
async function roundsIn(fleet: Fleet, jobMs: number): Promise<number> {
  const rounds = 40_000;
  const study = quadratics('cost', { dimension: LARGE, rounds, runs: 1 });
  const { computeMs, jobs } = await fleet.carryOut(study, { roundsPerJob: rounds / JOBS, outstanding: 1 });
  return Math.max(1, Math.round((jobMs * jobs * rounds) / JOBS / computeMs));
}

/** Wall time of one worker thread beyond its round computation, in percent of that. */
async function overhead(fleet: Fleet, jobMs: number, jobs: number): Promise<number[]> {
  const roundsPerJob = await roundsIn(fleet, jobMs);
  const found: number[] = [];
  for (let repeat = 0; repeat < 3; repeat++) {
    const study = quadratics('overhead', { dimension: LARGE, rounds: roundsPerJob * jobs, runs: 2 });
    const { wallMs, computeMs } = await fleet.carryOut(study, { roundsPerJob, outstanding: 4 });
    found.push(100 * (wallMs / computeMs - 1));
  }
  return found;
}

export const queueOverhead: Question = {
  name: 'queue-overhead',
  asks: 'How much longer than its rounds does a worker thread take over round jobs of 2 s, and of 50 ms?',
  answer: (print) =>
    withWorkers(1, 1, async (fleet) => {
      for (const [jobMs, jobs, most] of [
        [50, 40, 15],
        [2000, 3, 2],
      ] as const) {
        const shares = await overhead(fleet, jobMs, jobs);
        print(`jobs of ${jobMs} ms: ${spread(shares, '% of the computation')}; ${against(shares, { most })}`);
      }
    }),
};

const CHAINS = 100;

export const queueChains: Question = {
  name: 'queue-chains',
  asks: 'How many rounds a second come through when every round is a job, claimed, sent back and committed?',
  async answer(print) {
    await withWorkers(1, 1, async (fleet) => {
      const one = await rates(fleet, 1000, 1, 2);
      print(`one run, a worker of one thread: ${spread(one, 'rounds/s')}; ${against(one, { least: 500 })}`);
    });
    await withWorkers(1, 2, async (fleet) => {
      const many = await rates(fleet, 50, CHAINS, CHAINS);
      print(`${CHAINS} runs, a worker of two threads: ${spread(many, 'rounds/s')}; ${against(many, { least: 2000 })}`);
    });
  },
};

export const queueWorkers: Question = {
  name: 'queue-workers',
  asks: 'How much more do two worker processes of one thread compute than one?',
  answer: (print) =>
    withWorkers(1, 1, (one) =>
      withWorkers(2, 1, async (two) => {
        const roundsPerJob = await roundsIn(one, 200);
        const study = quadratics('scaling', { dimension: LARGE, rounds: 10 * roundsPerJob, runs: 4 });
        const ratios: number[] = [];
        const busy: number[][] = [[], []];
        for (let repeat = 0; repeat < REPEATS; repeat++) {
          const [a, b] = [
            await one.carryOut(study, { roundsPerJob, outstanding: 4 }),
            await two.carryOut(study, { roundsPerJob, outstanding: 6 }),
          ];
          ratios.push(b.jobs / b.wallMs / (a.jobs / a.wallMs));
          busy[0]!.push((100 * a.computeMs) / a.wallMs);
          busy[1]!.push((100 * b.computeMs) / b.wallMs / 2);
        }
        print(`jobs of 200 ms: ${spread(ratios, 'times as many')}; ${against(ratios, { least: 1.9 })}`);
        print(`time that a worker computes: ${spread(busy[0]!, '%')} of one, ${spread(busy[1]!, '%')} of each of two`);
      }),
    ),
};
