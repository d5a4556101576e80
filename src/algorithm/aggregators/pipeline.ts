/**
 * The experiment's whole rule: pre-aggregators in order, then the aggregator, each told its own f.
 *
 * Each stage sees the rows the one before made and is told that at most `contaminated(n, f)` of them are bad. What
 * cannot be computed for an f uses the largest feasible f below it; whether that is allowed before a run begins is
 * decided in `compile.ts`, in a round it is counted.
 */
import type {
  Aggregator,
  AggregatorDefinition,
  BrokenBound,
  PreAggregator,
  PreAggregatorDefinition,
  RuleContext,
} from '../../shared/contracts/aggregator.ts';
import { type Arena, type Arrays, arraysFor, type Layout, type Shape } from '../../shared/contracts/memory.ts';
import { instantiate, type Registry, type StrategyChoice } from '../../shared/contracts/strategy.ts';
import { type Messages, messagesOver, type Stream, type Vector } from '../../shared/vector.ts';

export interface PipelineChoice extends StrategyChoice {
  readonly preAggregators?: readonly StrategyChoice[];
  readonly whenInfeasible?: 'refuse' | 'largest';
}

/** Scratch of a pipeline: workspaces per stage, rows between stages, state per stage cut from one layout. */
export interface PipelineWorkspace {
  readonly stages: readonly Stage[];
}

interface Stage {
  /** What the stage is handed, but for what differs between calls; filled in by each. */
  readonly context: { -readonly [Key in keyof RuleContext]: RuleContext[Key] };
  /** Rows the stage makes for the next one. */
  readonly out: Messages | undefined;
  /** Its part of a pipeline's state. */
  readonly stateOf: (state: Arrays) => Arrays;
}

export interface PipelineContext {
  readonly toleratedByzantine: number;
  readonly state: Arrays;
  readonly workspace: PipelineWorkspace;
  readonly stream: Stream;
  readonly permutation?: ArrayLike<number> | undefined;
}

export interface Pipeline {
  stateLayout(shape: Shape): Layout;
  allocate(shape: Shape, arena: Arena): PipelineWorkspace;
  /** The first bound that (n, f) breaks at any stage, unless `whenInfeasible: largest` has a lower f to use: refused before anything runs. */
  refused(n: number, f: number): BrokenBound;
  /** The first bound that (n, f) breaks at any stage. */
  infeasible(n: number, f: number): BrokenBound;
  beyondGuarantee(n: number, f: number): BrokenBound;
  /** The largest f' <= f that can be computed with n rows; 0 where none can. */
  largestFeasible(n: number, f: number): number;
  /** F_A of the whole rule, where every stage has one. */
  boundFactor(n: number, f: number, d: number): number | undefined;
  /** Writes A(messages) into `out`; n >= 1. Returns 1 when (n, f) is infeasible and f was lowered as far as needed, else 0. */
  aggregate(messages: Messages, context: PipelineContext, out: Vector): number;
}

export function pipelineOf(
  choice: PipelineChoice,
  registries: { readonly aggregators: Registry<AggregatorDefinition>; readonly preAggregators: Registry<PreAggregatorDefinition> },
): Pipeline {
  const before: readonly PreAggregator[] = (choice.preAggregators ?? []).map((stage) =>
    instantiate(registries.preAggregators, stage, undefined),
  );
  const rule: Aggregator = instantiate(registries.aggregators, choice, undefined);
  const stages: readonly (PreAggregator | Aggregator)[] = [...before, rule];

  /** Walks (n, f) through the stages; the first answer wins. */
  const firstOf = <Answer>(
    n: number,
    f: number,
    ask: (stage: PreAggregator | Aggregator, n: number, f: number) => Answer | undefined,
  ): Answer | undefined => {
    let rows = n;
    let bad = f;
    for (const stage of before) {
      const answer = ask(stage, rows, bad);
      if (answer !== undefined) return answer;
      bad = stage.contaminated(rows, bad);
      rows = stage.rows(rows);
    }
    return ask(rule, rows, bad);
  };
  const infeasible = (n: number, f: number): BrokenBound => firstOf(n, f, (stage, rows, bad) => stage.infeasible(rows, bad));
  const largestFeasible = (n: number, f: number): number => {
    let feasible = f;
    while (feasible > 0 && infeasible(n, feasible) !== undefined) feasible--;
    return feasible;
  };

  return {
    refused(n, f) {
      const lower = choice.whenInfeasible === 'largest' ? largestFeasible(n, f) : f;
      return infeasible(n, lower) === undefined ? undefined : infeasible(n, f);
    },
    infeasible,
    largestFeasible,
    beyondGuarantee: (n, f) => firstOf(n, f, (stage, rows, bad) => stage.beyondGuarantee(rows, bad)),
    boundFactor(n, f, d) {
      let product = 1;
      let rows = n;
      let bad = largestFeasible(n, f);
      for (const stage of before) {
        if (stage.boundFactor === undefined) return undefined;
        product *= stage.boundFactor(rows, bad);
        bad = stage.contaminated(rows, bad);
        rows = stage.rows(rows);
      }
      return rule.boundFactor === undefined ? undefined : product * rule.boundFactor(rows, bad, d);
    },
    stateLayout: (shape) =>
      Object.fromEntries(
        stages.flatMap((stage, i) => Object.entries(stage.state?.(shape) ?? {}).map(([name, length]) => [`${i}.${name}`, length] as const)),
      ),
    allocate: (shape, arena) => ({
      stages: stages.map((stage, i) => {
        const capacity = before[i]?.rows(shape.n);
        return {
          context: {
            toleratedByzantine: 0,
            state: {},
            workspace: arraysFor(stage.workspace?.(shape) ?? {}, (length) => arena.doubles(length)),
            kernels: arena.kernels,
            stream: unset,
          },
          out: capacity === undefined ? undefined : messagesOver(arena.doubles(capacity * shape.d), capacity, shape.d),
          stateOf: stageState(i),
        };
      }),
    }),
    aggregate(messages, { toleratedByzantine, state, workspace, stream, permutation }, out) {
      const broken = infeasible(messages.n, toleratedByzantine) !== undefined;
      let current = messages;
      let bad = broken ? largestFeasible(messages.n, toleratedByzantine) : toleratedByzantine;
      for (let i = 0; i < stages.length; i++) {
        const { context, out: rows, stateOf } = workspace.stages[i]!;
        context.toleratedByzantine = bad;
        context.state = stateOf(state);
        context.stream = stream;
        context.permutation = permutation;
        if (i === before.length) rule.aggregate(current, context, out);
        else {
          before[i]!.apply(current, context, rows!);
          bad = before[i]!.contaminated(current.n, bad);
          current = rows!;
        }
      }
      return broken ? 1 : 0;
    },
  };
}

/** Stands where no call has put a stream yet. */
const unset = undefined as unknown as Stream;

/** The state of stage i under its own names; looked up once for each state, of which a run has few. */
function stageState(stage: number): (state: Arrays) => Arrays {
  const prefix = `${stage}.`;
  const known = new WeakMap<Arrays, Arrays>();
  return (state) => {
    let own = known.get(state);
    if (own === undefined) {
      const named = Object.entries(state).filter(([name]) => name.startsWith(prefix));
      own = Object.fromEntries(named.map(([name, values]) => [name.slice(prefix.length), values]));
      known.set(state, own);
    }
    return own;
  };
}
