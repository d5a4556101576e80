/**
 * Strategies that never come to an end, for tests of interrupts. Each leaves the file MARKER when it begins; with
 * STUCK_WHILE_LOADING the module itself never finishes loading.
 */
import { writeFileSync } from 'node:fs';
import { quadratic } from '../../../src/algorithm/problems/quadratic.ts';
import { defineProblem, type Problem, type ProblemEnvironment } from '../../../src/shared/contracts/problem.ts';

const source = { cite: 'tests' };
const schema = quadratic.schema;

function begin(): void {
  writeFileSync(process.env['MARKER']!, '');
}

function forever(): never {
  begin();
  for (;;);
}

function quadraticOf(environment: ProblemEnvironment): Problem {
  return quadratic.create(schema.parse({ dimension: 6 }) as never, environment);
}

const stuckInRounds = defineProblem({
  name: 'stuck-in-rounds',
  summary: 'A quadratic whose gradients never come.',
  source,
  schema,
  needsData: false,
  create: (_parameters, environment) => ({
    ...quadraticOf(environment),
    oracle: (owner, rows, flipped) => ({ ...quadraticOf(environment).oracle(owner, rows, flipped), gradient: forever }),
  }),
});

const stuckInOptimum = defineProblem({
  name: 'stuck-in-optimum',
  summary: 'A quadratic whose minimum is searched for ever.',
  source,
  schema,
  needsData: false,
  create: (_parameters, environment) => ({
    ...quadraticOf(environment),
    objective(shards, weights) {
      const { optimum: _, ...objective } = quadraticOf(environment).objective(shards, weights);
      return { ...objective, hessianAt: forever };
    },
  }),
});

export const strategies = { problems: [stuckInRounds, stuckInOptimum] };

if (process.env['STUCK_WHILE_LOADING'] === '1') {
  setInterval(() => {}, 1000);
  begin();
  await new Promise(() => {});
}
