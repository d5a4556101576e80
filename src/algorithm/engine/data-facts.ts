/** The facts of a problem on its data, made once in ordinary memory to be looked at: what planning asks before anything runs. */
import type { Arena } from '../../shared/contracts/memory.ts';
import type { Dataset, ProblemFacts } from '../../shared/contracts/problem.ts';
import type { CompiledExperiment } from './compile.ts';
import { requireTestSet } from './measurement.ts';
import { createProblem, factsOf } from './simulation.ts';

/** @throws PreconditionError codes where the experiment cannot be computed on these data */
export function factsOnData(compiled: CompiledExperiment, data: Dataset, testData: Dataset | undefined, arena: Arena): ProblemFacts {
  const { problem, shards } = createProblem(compiled, data, testData, arena);
  requireTestSet(compiled.experiment.metrics.names, problem);
  const own = shards.reduce((sum, rows) => sum + (rows?.byteLength ?? 0), 0);
  return { ...factsOf(problem, shards), bytes: own, sharedBytes: bytesOf(data) + (testData === undefined ? 0 : bytesOf(testData)) };
}

function bytesOf(data: Dataset): number {
  return Object.values(data).reduce<number>((sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0), 0);
}
