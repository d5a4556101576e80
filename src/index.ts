/**
 * The public library, stable. `simulate` runs one experiment on this thread; `aggregate`, `preAggregate`, `attack`,
 * `compress` and `clip` are single steps of a round; `planStudy` says what a study would run; `catalog` is every
 * strategy there is, and `createCatalog` with the `define...` functions adds a user's own. Schemas are made with `z`, which is
 * zod: a module of strategies needs no package beside this one.
 */
export { z } from 'zod';
export { type Catalog, catalog, createCatalog, type UserStrategies } from './algorithm/catalog.ts';
export type { Experiment } from './algorithm/experiment.ts';
export { type MetricName, metricDescriptions, metricNames } from './algorithm/metrics.ts';
export {
  type AggregateOptions,
  aggregate,
  type CompressOptions,
  clip,
  compress,
  type PreAggregateOptions,
  preAggregate,
} from './library.ts';
export type { StrategyArgument, VectorArgument } from './library-arguments.ts';
export { type AttackOptions, attack } from './library-attack.ts';
export { type PlanStudyOptions, planStudy } from './library-plan.ts';
export type { Cell, DroppedCell } from './orchestrator/plan/expand-cells.ts';
export type { Plan, RunPlan } from './orchestrator/plan/plan-study.ts';
export {
  type Aggregator,
  type AggregatorTraits,
  defineAggregator,
  definePreAggregator,
  type PreAggregator,
  type RuleContext,
} from './shared/contracts/aggregator.ts';
export { type Attack, type AttackTraits, type AttackView, defineAttack } from './shared/contracts/attack.ts';
export { type Clipping, defineClipping } from './shared/contracts/clipping.ts';
export { type Compressor, defineCompressor } from './shared/contracts/compressor.ts';
export type { Draws, RoundReport } from './shared/contracts/draws.ts';
export { ask, defineMethod, type Method, type Phase, phase, type ServerContext } from './shared/contracts/method.ts';
export { type Cohort, defineParticipation, type Participation } from './shared/contracts/participation.ts';
export { definePartitioner, type Partitioner } from './shared/contracts/partitioner.ts';
export { type Dataset, defineProblem, type Objective, type Oracle, type Problem } from './shared/contracts/problem.ts';
export type { Definition, Registry, Source, StrategyChoice } from './shared/contracts/strategy.ts';
export { type ErrorCode, errorCodes, MarinadeError } from './shared/errors.ts';
export type { RecordedPoints } from './shared/messages/round-job.ts';
export type { Outcome } from './shared/outcome.ts';
export type { Messages, Stream, Vector } from './shared/vector.ts';
export { type RunRecord, type SimulateOptions, simulate } from './simulate.ts';
