/** Rules inside an experiment, where a cohort of n clients meets f tolerated ones: what compiling refuses and warns of. */
import { catalog } from '../../src/algorithm/catalog.ts';
import { type CompiledExperiment, compile } from '../../src/algorithm/engine/compile.ts';
import { type Experiment, experimentSchema } from '../../src/algorithm/experiment.ts';

const schema = experimentSchema(catalog);

/** An experiment on a small quadratic with everything else at its default. */
export function smallExperiment(changes: object): Experiment {
  return schema.parse({
    problem: { name: 'quadratic', dimension: 5 },
    clients: { total: 10 },
    method: { name: 'gradient-descent', stepSize: 0.1 },
    aggregator: { name: 'mean' },
    rounds: 3,
    ...changes,
  });
}

/** All of n clients take part in every round, and the rule is told that f of them lie. */
export function compiledRule(aggregator: object, n: number, f: number): CompiledExperiment {
  return compile(smallExperiment({ aggregator, clients: { total: n, assumedByzantine: f } }), catalog);
}
